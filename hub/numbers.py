"""A new fax number: entered by one person, used only after another one has typed it again.

A number off by one digit is a stranger's machine, and nothing on the wire would show it: unlike mail and APIs, a fax
has no key that only its recipient holds. Whoever confirms types the number from their own source, not from the screen.
"""

import msgspec
from sqlalchemy import select

from hub.context import Hub
from hub.errors import Conflict, Malformed, NotAvailable
from hub.model import ChannelKind, Endpoint
from hub.storage.database import Step, Unit
from hub.storage.directory_rows import endpoint_of, verifier_of
from hub.storage.statements import Change, columns_of, table_of
from hub.storage.tables import Endpoint as Row
from hub.storage.tables import WorkItem
from hub.work import open_work

WORK = "fax_number"
_CLOSED = Change(WorkItem, ("state", "closed_at", "closed_by", "resolution"), ("reference", "kind", "state"))


async def enter(hub: Hub, endpoint: Endpoint, *, verified_by: str | None, by: str, active: bool) -> bool:
    """Put an endpoint into the directory; whether it waits for a second person."""
    now = hub.clock.now()
    waits = endpoint.channel is ChannelKind.FAX and verified_by is not None and not await _in_use(hub, endpoint)
    if not waits:
        await hub.directory.put_endpoint(endpoint, verified_by=verified_by, by=by, at=now, active=active)
        return False
    unverified = msgspec.structs.replace(endpoint, verified_at=0)
    # the first person stands in the row, so that the second one is another
    if await hub.directory.put_endpoint(unverified, verified_by=by, by=by, at=now, active=active):
        await hub.database.commit(Unit((), (_closed(endpoint.id, by, "superseded", now), _opened(endpoint, now))))
    return True


async def confirm(hub: Hub, endpoint: str, address: str, *, by: str) -> None:
    """The second person's word: the number, typed again. The endpoint is used from now on.

    Raises `NotAvailable` if no such fax number waits, `Conflict` for the person who entered it, and `Malformed` if the
    two numbers differ.
    """
    found = await _row(hub, endpoint)
    if found is None or found[0].channel is not ChannelKind.FAX or found[0].verified_at or not found[1]:
        raise NotAvailable
    entered, first = found
    if by == first:
        raise Conflict("You have entered this number; another person confirms it.", code="same-person")
    if address != entered.address:
        raise Malformed("This is another number than the one that was entered.", field="$.address")
    now = hub.clock.now()
    verified = msgspec.structs.replace(entered, verified_at=now)
    await hub.directory.put_endpoint(verified, verified_by=f"{first} {by}", by=by, at=now)
    await hub.database.commit(Unit((), (_closed(endpoint, by, "confirmed", now),)))


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
