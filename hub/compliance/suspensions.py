"""Suspensions of the patient's right to an accounting (45 CFR 164.528(a)(2)): asked for by an agency, for a time.

Rules kept here:
- (i) A written statement names the time, and says that an accounting would be reasonably likely to impede the agency.
- (ii) An oral one is written down with who made it, and ends after thirty days unless a written one follows.
- It covers disclosures to that agency only; everything else is accounted for.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.compliance import matters
from hub.compliance.matters import Act, Effect, Opening
from hub.context import Hub
from hub.errors import Malformed
from hub.model import Frozen
from hub.storage import matters as stored
from hub.storage.tables import Matter

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
    """Suspend; the matter's id. Raises `Malformed` naming the field."""
    agency = (await hub.directory.current()).organizations.get(asked.agency)
    if agency is None or _AGENCIES.isdisjoint(agency.roles):
        raise Malformed("A health oversight agency or a law enforcement official may ask for this.", field="agency")
    if not asked.statement.strip():
        raise Malformed("What the agency said is written down.", field="statement")
    start = microseconds(asked.received_at, "received_at")
    until = None if asked.until is None else microseconds(asked.until, "until")
    if until is not None and until <= start:
        raise Malformed("A suspension ends after it begins.", field="until")
    oral = matters.deadline(hub, "suspension.oral", start)
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
        clocks=() if asked.until else ("suspension.oral",),
    )
    return await matters.open_matter(hub, opening, by=by)


async def put_in_writing(hub: Hub, matter: str, until: datetime, act: Act) -> None:
    """The written statement that follows an oral one: it names the time. Raises `NotAvailable`, `Conflict`."""
    await matters.read(hub, matter, act.organization, "suspension")
    effect = Effect(facts={"until": microseconds(until, "until")}, meets=("suspension.oral",))
    await matters.change(hub, matter, act._replace(code="written"), effect)


async def end(hub: Hub, matter: str, act: Act) -> None:
    """The agency no longer asks for it. Raises `NotAvailable`, `Conflict`, `Malformed` without a reason."""
    await matters.read(hub, matter, act.organization, "suspension")
    await matters.close(hub, matter, act._replace(code="ended"), Effect(meets=("suspension.oral",)))


async def in_force(hub: Hub, member: str, at: int) -> list[Suspended]:
    """The suspensions that hold for a member at an instant (microseconds UTC)."""
    statement = select(*(col(getattr(Matter, name)) for name in stored.NAMES)).where(
        col(Matter.kind) == "suspension", col(Matter.state) == "open", col(Matter.member_id) == member
    )
    found = [stored.clear(row) for row in await hub.database.query(statement)]
    return [
        Suspended(each["id"], each["organization_id"], each["facts"]["agency"])
        for each in found
        if each["received_at"] <= at < each["facts"]["until"]
    ]


def microseconds(moment: datetime, field: str) -> int:
    """Microseconds UTC. Raises `Malformed` for a moment without its offset."""
    if moment.tzinfo is None:
        raise Malformed("An instant is RFC 3339 with its offset from UTC.", field=field)
    return int(moment.timestamp() * 1_000_000)
