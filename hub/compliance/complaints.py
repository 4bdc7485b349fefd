"""Complaints (§2.4, 45 CFR 164.530(d)): each documented with what became of it; nobody suffers for one."""

from datetime import datetime
from typing import Literal

from hub.compliance import matters
from hub.compliance.matters import Act, Effect, Opening
from hub.compliance.suspensions import microseconds
from hub.context import Hub
from hub.errors import Malformed, NotAvailable
from hub.model import Frozen
from hub.storage import members

Outcome = Literal["upheld", "partly_upheld", "not_upheld", "passed_on", "withdrawn"]
_CLOCK = "complaint.answer"


class Complaint(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`member` none: a complaint that names nobody, or somebody not known here."""

    received_at: datetime
    what: str
    """In the words of who complains (sealed)."""
    who: str = ""
    """Who complains and how to reach them (sealed); empty: anonymous."""
    member: str | None = None
    reference: str | None = None
    """The disclosure it is about."""
    to_hhs: bool = False
    """It also went to the Secretary of HHS (§2.4(b))."""


async def complain(hub: Hub, complaint: Complaint, organization: str, *, by: str) -> str:
    """Enter a complaint; the matter's id. Raises `NotAvailable` for a person unknown to the organization, `Malformed`.

    INVARIANT: a matter's person is an id. What was typed in its place, a CIN or a name, would stand in the clear.
    """
    if complaint.member is not None and not await members.may_see(hub, organization, complaint.member):
        raise NotAvailable
    if not complaint.what.strip():
        raise Malformed("A complaint says what happened.", field="what")
    opening = Opening(
        kind="complaint",
        organization=organization,
        member=complaint.member,
        reference=complaint.reference,
        received_at=microseconds(complaint.received_at, "received_at"),
        facts={"to_hhs": complaint.to_hhs, "anonymous": not complaint.who},
        words={"what": complaint.what, "who": complaint.who},
        clocks=(_CLOCK,),
    )
    return await matters.open_matter(hub, opening, by=by)


async def answer(hub: Hub, matter: str, outcome: Outcome, act: Act) -> None:
    """The disposition, with its reasons. Raises `NotAvailable`, `Conflict`, `Malformed` without a reason."""
    await matters.read(hub, matter, act.organization, "complaint")
    await matters.close(hub, matter, act._replace(code=outcome), Effect(meets=(_CLOCK,)))
