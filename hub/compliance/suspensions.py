"""Suspensions of the patient's right to an accounting (45 CFR 164.528(a)(2)): asked for by an agency, for a time.

Rules kept here:
- (i) A written statement names the time, and says that an accounting would be reasonably likely to impede the agency.
- (ii) An oral one is written down with who made it, and ends after thirty days unless a written one follows.
- It covers disclosures to that agency only; everything else is accounted for.
- When it ends a person is told: whoever was given an accounting meanwhile was not told of these disclosures.
"""

import contextlib
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.compliance import matters
from hub.compliance.matters import Act, Effect, Opening
from hub.context import Hub
from hub.errors import Conflict, Malformed, NotAvailable
from hub.model import Frozen
from hub.storage import matters as stored
from hub.storage import members
from hub.storage.database import Step
from hub.storage.tables import Matter
from hub.waiting.work import open_work

ORAL = "suspension.oral"
"""The clock of an oral request."""
ENDED = "suspension_ended"
"""The work item about an accounting that can be completed now."""
_AGENCIES = frozenset({"oversight_agency", "law_enforcement", "criminal_justice"})


class Suspension(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agency asked for. `until` none: an oral request."""

    member: str
    agency: str
    """The recipient whose disclosures stay out of the accounting."""
    received_at: datetime
    statement: str
    """What was said or written, and by whom: identity of the agency or official (sealed)."""
    until: datetime | None = None


class Suspended(NamedTuple):
    """A suspension in force: whose disclosures to whom."""

    matter: str
    organization: str
    agency: str


async def suspend(hub: Hub, asked: Suspension, organization: str, *, by: str) -> str:
    """Suspend; the matter's id. Raises `NotAvailable` for a person whom the organization does not know, and `Malformed`
    naming the field.
    """
    if not await members.may_see(hub, organization, asked.member):
        raise NotAvailable
    agency = (await hub.directory.current()).organizations.get(asked.agency)
    if agency is None or _AGENCIES.isdisjoint(agency.roles):
        raise Malformed("A health oversight agency or a law enforcement official may ask for this.", field="agency")
    if not asked.statement.strip():
        raise Malformed("What the agency said is written down.", field="statement")
    start = microseconds(asked.received_at, "received_at")
    until = None if asked.until is None else microseconds(asked.until, "until")
    if until is not None and until <= start:
        raise Malformed("A suspension ends after it begins.", field="until")
    oral = matters.deadline(hub, ORAL, start)
    ends = until if until is not None else oral.at if oral else start
    opening = Opening(
        kind="suspension",
        organization=organization,
        member=asked.member,
        reference=asked.agency,
        received_at=start,
        code="written" if asked.until else "oral",
        facts={"agency": asked.agency, "until": ends},
        words={"statement": asked.statement},
        clocks=() if asked.until else (ORAL,),
    )
    return await matters.open_matter(hub, opening, by=by)


async def put_in_writing(hub: Hub, matter: str, until: datetime, act: Act) -> None:
    """The written statement that follows an oral one: it names the time. Raises `NotAvailable`, `Conflict`."""
    await matters.read(hub, matter, act.organization, "suspension")
    effect = Effect(facts={"until": microseconds(until, "until")}, meets=(ORAL,))
    await matters.change(hub, matter, act._replace(code="written"), effect)


async def end(hub: Hub, matter: str, act: Act) -> None:
    """The agency no longer asks for it. Raises `NotAvailable`, `Conflict`, `Malformed` without a reason."""
    found = await matters.read(hub, matter, act.organization, "suspension")
    told = _told(hub, matter, found["organization_id"])
    await matters.close(hub, matter, act._replace(code="ended"), Effect(meets=(ORAL,), steps=(told,)))


async def lapse(hub: Hub, now: int) -> int:
    """Close the suspensions whose time is over (`now`: microseconds UTC), each with a work item; how many."""
    lapsed = 0
    for each in await _open(hub):
        if each["facts"]["until"] > now:
            continue
        act = Act("lapsed", "The time that was asked for is over.", "hub", None)
        effect = Effect(lifts=(ORAL,), steps=(_told(hub, each["id"], each["organization_id"]),))
        # Another process may have been faster, or somebody has just put it in writing.
        with contextlib.suppress(Conflict):
            await matters.close(hub, each["id"], act, effect)
            lapsed += 1
    return lapsed


async def in_force(hub: Hub, member: str, at: int) -> list[Suspended]:
    """The suspensions that hold for a member at an instant (microseconds UTC)."""
    return [
        Suspended(each["id"], each["organization_id"], each["facts"]["agency"])
        for each in await _open(hub, member)
        if each["received_at"] <= at < each["facts"]["until"]
    ]


async def _open(hub: Hub, member: str | None = None) -> list[dict[str, Any]]:
    """The suspensions that nobody has ended; of a member, none: of everybody."""
    statement = select(*(col(getattr(Matter, name)) for name in stored.NAMES)).where(
        col(Matter.kind) == "suspension", col(Matter.state) == "open"
    )
    if member is not None:
        statement = statement.where(col(Matter.member_id) == member)
    return [stored.clear(row) for row in await hub.database.query(statement)]


def _told(hub: Hub, matter: str, organization: str) -> Step:
    now = hub.clock.now()
    due = hub.calendar.end_of_next(now, hub.zone)
    return open_work(ENDED, organization, matter, ("164.528(a)(2)", "suspension-ended"), now, due=due)


def microseconds(moment: datetime, field: str) -> int:
    """Microseconds UTC. Raises `Malformed` for a moment without its offset."""
    if moment.tzinfo is None:
        raise Malformed("An instant is RFC 3339 with its offset from UTC.", field=field)
    return int(moment.timestamp() * 1_000_000)
