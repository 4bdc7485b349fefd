"""Suspensions of the patient's right to an accounting (45 CFR 164.528(a)(2)): asked for by an agency, for a time.

Rules kept here:
- (i) A written statement names the time, and says that an accounting would be reasonably likely to impede the agency.
- (ii) An oral one is written down with who made it, and ends after thirty days unless a written one follows.
- It covers disclosures to that agency only (`hub.compliance.left_out`); everything else is accounted for.
- The agency is one of the directory, or is named with its address: a sheriff, a federal bureau, a licensing board.
- When it ends a person is told: whoever was given an accounting meanwhile was not told of these disclosures.
"""

import contextlib
from datetime import datetime
from typing import Annotated, Literal, get_args

from msgspec import Meta

from hub.bases.manifests import Reference
from hub.compliance import left_out, matters
from hub.compliance.matters import Act, Effect, Opening
from hub.context import Hub
from hub.errors import Conflict, Malformed, NotAvailable
from hub.model import Frozen
from hub.storage import members
from hub.storage.database import Step
from hub.waiting.work import open_work

ORAL = "suspension.oral"
"""The clock of an oral request."""
ENDED = "suspension_ended"
"""The work item about an accounting that can be completed now."""
Role = Literal["oversight_agency", "law_enforcement", "criminal_justice"]
AGENCIES: frozenset[str] = frozenset(get_args(Role))
"""Who may ask for it."""


class Agency(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agency that is in no directory. Name and address are sealed."""

    name: Reference
    role: Role
    address: Annotated[str, Meta(max_length=200)] = ""


class Suspension(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agency asked for. `until` none: an oral request."""

    member: str
    agency: str | None = None
    """Of the directory: the recipient whose disclosures stay out of the accounting. None: `somebody` else."""
    somebody: Agency | None = None
    received_at: datetime
    statement: str
    """What was said or written, and by whom: identity of the agency or official (sealed)."""
    until: datetime | None = None


async def suspend(hub: Hub, asked: Suspension, organization: str, *, by: str) -> str:
    """Suspend; the matter's id. Raises `NotAvailable` for a person whom the organization does not know, and `Malformed`
    naming the field.
    """
    if not await members.may_see(hub, organization, asked.member):
        raise NotAvailable
    await _check_agency(hub, asked)
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
        facts={"agency": asked.agency, "until": ends} | ({"role": asked.somebody.role} if asked.somebody else {}),
        words={"statement": asked.statement, **_named(asked.somebody)},
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
    for each in await left_out.standing(hub):
        if each["facts"]["until"] > now:
            continue
        act = Act("lapsed", "The time that was asked for is over.", "hub", None)
        told = _told(hub, each["id"], each["organization_id"])
        effect = Effect(lifts=(ORAL,), steps=(told,), version=each["version"])
        # Another process may have been faster, or somebody has just put it in writing.
        with contextlib.suppress(Conflict):
            await matters.close(hub, each["id"], act, effect)
            lapsed += 1
    return lapsed


async def _check_agency(hub: Hub, asked: Suspension) -> None:
    if (asked.agency is None) == (asked.somebody is None):
        raise Malformed("An agency of the directory asks for it, or one that is named here.", field="agency")
    if asked.agency is None:
        return
    agency = (await hub.directory.current()).organizations.get(asked.agency)
    if agency is None or AGENCIES.isdisjoint(agency.roles):
        raise Malformed("A health oversight agency or a law enforcement official may ask for this.", field="agency")


def _named(agency: Agency | None) -> dict[str, str]:
    return {"agency_name": agency.name, "agency_address": agency.address} if agency else {}


def _told(hub: Hub, matter: str, organization: str) -> Step:
    now = hub.clock.now()
    due = hub.calendar.end_of_next(now, hub.zone)
    return open_work(ENDED, organization, matter, ("164.528(a)(2)", "suspension-ended"), now, due=due)


def microseconds(moment: datetime, field: str) -> int:
    """Microseconds UTC. Raises `Malformed` for a moment without its offset."""
    if moment.tzinfo is None:
        raise Malformed("An instant is RFC 3339 with its offset from UTC.", field=field)
    return int(moment.timestamp() * 1_000_000)
