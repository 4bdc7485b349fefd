"""A referral's Task follows what its parties say of it, by whatever channel they say so: mail, HL7 v2, FHIR, a file.

Rules kept: what a partner leaves out on the way (nobody says "accepted" who says "completed") is taken as said; what
comes late changes nothing; what contradicts an end that was stated is a person's.
"""

from collections.abc import Iterable

from hub.context import Hub
from hub.errors import Conflict
from hub.fhir.moves import APPOINTMENTS, ENDED, Party, may_move
from hub.storage.database import Step
from hub.storage.statements import Change, Keep, Lookup, columns_of
from hub.storage.tables import ReferralTask

_FIRST = Keep(ReferralTask, columns_of(ReferralTask))
_NEXT = Change(ReferralTask, ("status", "version", "updated_at", "updated_by", "step", "slot_at"), ("id", "version"))
_NOW = Lookup(ReferralTask, ("status", "version"), "id")
_STATUSES = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "declined": "rejected",
    "in_progress": "in-progress",
    "pending": "on-hold",
    "completed": "completed",
    "cancelled": "cancelled",
    "expired": "failed",
}
"""Steps as Task.status; a missed or cancelled appointment moves nothing."""
_ENDS = ("completed", "rejected", "failed", "cancelled", ENDED)


async def follow(hub: Hub, shares: Iterable[str], party: Party, step: str, *, by: str) -> list[Step]:
    """The steps that move the Tasks of these shares; a Task that somebody moves meanwhile stays as they move it.

    Raises `Conflict` (`referral.ended`) if one of them has ended in another way: an acceptance after a cancellation.
    """
    status, now, found = _STATUSES.get(step), hub.clock.now(), []
    for share in shares if status else ():
        assert status is not None
        rows = await hub.database.lookup(_NOW, share)
        old, version = rows[0] if rows else ("requested", 1)
        if old in _ENDS and old != status:
            raise Conflict("The referral has ended in another way.", code="referral.ended")
        if may_move(party, old, status) or (old == "requested" and may_move(party, "accepted", status)):
            row = (status, version + 1, now, by, step if step in APPOINTMENTS else "", None)
            found.append(Step(_NEXT, (*row, share, version)) if rows else Step(_FIRST, (share, *row)))
    return found
