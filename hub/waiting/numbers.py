"""A new fax number: entered by one person, used only after another one has typed it again.

A number off by one digit is a stranger's machine, and nothing on the wire would show it: unlike mail and APIs, a fax
has no key that only its recipient holds. Whoever confirms types the number from their own source, not from the screen.
"""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.errors import Malformed, NotAvailable
from hub.model import ChannelKind, Endpoint
from hub.people import persons
from hub.record import entry
from hub.storage.database import Step
from hub.storage.directory_rows import endpoint_of, verifier_of
from hub.storage.statements import Change, columns_of, table_of
from hub.storage.tables import Endpoint as Row
from hub.storage.tables import LedgerEntry, WorkItem
from hub.waiting.work import open_work

WORK = "fax_number"
ENTERED = "endpoint.entered"
_CLOSED = Change(WorkItem, ("state", "closed_at", "closed_by", "resolution"), ("reference", "kind", "state"))


class Waiting(NamedTuple):
    """A number that one person has entered."""

    endpoint: Endpoint
    by: str
    at: int
    """When, in microseconds UTC."""
    replaces: str
    """The number that was used before; empty: none was."""


async def enter(hub: Hub, endpoint: Endpoint, *, verified_by: str | None, by: str, active: bool) -> bool:
    """Put an endpoint into the directory; whether it waits for a second person.

    Raises `Forbidden` for a fax number that a system enters as verified: it would be one of two people.
    """
    now = hub.clock.now()
    waits = endpoint.channel is ChannelKind.FAX and verified_by is not None and not await _in_use(hub, endpoint)
    if not waits:
        await hub.directory.put_endpoint(endpoint, verified_by=verified_by, by=by, at=now, active=active)
        return False
    await persons.need(hub, by)
    unverified = msgspec.structs.replace(endpoint, verified_at=0)

    async def steps() -> tuple[Step, ...]:
        before = await _replaced(hub, endpoint.id)
        # the first person stands in the row, so that the second one is another
        put = await hub.directory.endpoint_steps(unverified, verified_by=by, by=by, at=now, active=active)
        if not put:
            return ()
        trace = entry(ENTERED, now, {"by": by, "replaces": before}, reference=endpoint.id)
        return (*put, _closed(endpoint.id, by, "superseded", now), _opened(endpoint, now), trace)

    await hub.directory.change(steps)
    return True


async def confirm(hub: Hub, endpoint: str, address: str, *, by: str) -> None:
    """The second person's word: the number, typed again. The endpoint is used from now on.

    Raises `NotAvailable` if no such fax number waits, `Forbidden` for a system, `Conflict` for the person who entered
    it, and `Malformed` if the two numbers differ.
    """

    async def steps() -> tuple[Step, ...]:
        entered, first = await _waiting(hub, endpoint, by)
        if address != entered.address:
            raise Malformed("This is another number than the one that was entered.", field="$.address")
        now = hub.clock.now()
        verified = msgspec.structs.replace(entered, verified_at=now)
        put = await hub.directory.endpoint_steps(verified, verified_by=f"{first} {by}", by=by, at=now)
        return (*put, _closed(endpoint, by, "confirmed", now))

    await hub.directory.change(steps)


async def refuse(hub: Hub, endpoint: str, *, by: str) -> None:
    """The second person's no: the number is taken out of use, and stands for whoever enters the right one.

    Raises as `confirm`.
    """

    async def steps() -> tuple[Step, ...]:
        entered, first = await _waiting(hub, endpoint, by)
        now = hub.clock.now()
        put = await hub.directory.endpoint_steps(entered, verified_by=None, by=by, at=now, active=False)
        trace = entry("endpoint.refused", now, {"by": by, "entered_by": first}, reference=endpoint)
        return (*put, _closed(endpoint, by, "refused", now), trace)

    await hub.directory.change(steps)


async def waiting(hub: Hub) -> list[Waiting]:
    """The numbers that wait for their second person, first what was entered first."""
    table = table_of(Row)
    statement = (
        select(*(table.c[name] for name in columns_of(Row)))
        .where(table.c.channel == ChannelKind.FAX, table.c.verified_at == 0, table.c.verified_by.is_not(None))
        .order_by(table.c.id)
    )
    found = []
    for row in await hub.database.query(statement):
        endpoint = endpoint_of(row)
        at, body = await _last_entered(hub, endpoint.id)
        found.append(Waiting(endpoint, verifier_of(row), at, body.get("replaces") or ""))
    return sorted(found, key=lambda each: each.at)


async def _waiting(hub: Hub, endpoint: str, by: str) -> tuple[Endpoint, str]:
    """The number that waits, and who entered it: somebody else than the one who asks."""
    found = await _row(hub, endpoint)
    if found is None or found[0].channel is not ChannelKind.FAX or found[0].verified_at or not found[1]:
        raise NotAvailable
    await persons.another(hub, by, found[1], "You have entered this number; another person confirms it.")
    return found


async def _replaced(hub: Hub, endpoint: str) -> str:
    """The number that was used until now, also where another one has been waiting meanwhile."""
    found = await _row(hub, endpoint)
    if found is None:
        return ""
    return found[0].address if found[0].verified_at else (await _last_entered(hub, endpoint))[1].get("replaces", "")


async def _last_entered(hub: Hub, endpoint: str) -> tuple[int, dict[str, str]]:
    columns: tuple[Any, ...] = (col(LedgerEntry.at), col(LedgerEntry.body))
    statement = select(*columns).where(col(LedgerEntry.reference) == endpoint, col(LedgerEntry.kind) == ENTERED)
    rows = await hub.database.query(statement.order_by(col(LedgerEntry.id).desc()).limit(1))
    return (rows[0][0], msgspec.json.decode(rows[0][1])) if rows else (0, {})


async def _in_use(hub: Hub, endpoint: Endpoint) -> bool:
    """Whether this very number, and the station expected there, was this organization's before."""
    found = await _row(hub, endpoint.id)
    if found is None or not found[0].verified_at:
        return False
    known = found[0]
    return (known.organization, known.address, known.station) == (
        endpoint.organization,
        endpoint.address,
        endpoint.station,
    )


async def _row(hub: Hub, endpoint: str) -> tuple[Endpoint, str] | None:
    """The entry, verified or not, and who verified or entered it."""
    table = table_of(Row)
    columns = (table.c[name] for name in columns_of(Row))
    rows = await hub.database.query(select(*columns).where(table.c.id == endpoint))
    return (endpoint_of(rows[0]), verifier_of(rows[0])) if rows else None


def _opened(endpoint: Endpoint, now: int) -> Step:
    return open_work(WORK, "", endpoint.id, ("second-person",), now)


def _closed(endpoint: str, by: str, why: str, now: int) -> Step:
    return Step(_CLOSED, ("closed", now, by, why, endpoint, WORK, "open"))
