"""A referral's Task follows what its parties say of it, by whatever channel they say so: mail, HL7 v2, FHIR, a file.

Rules kept: what a partner leaves out on the way (nobody says "accepted" who says "completed") is taken as said; what
comes late changes nothing; what contradicts an end that was stated is a person's.
"""

from collections.abc import Iterable
from typing import NamedTuple

from hub.context import Hub
from hub.errors import Conflict
from hub.fhir.moves import APPOINTMENTS, ENDED, Party, may_move
from hub.storage.database import Step
from hub.storage.statements import Change, Keep, Lookup, columns_of
from hub.storage.tables import ReferralTask

_FIRST = Keep(ReferralTask, columns_of(ReferralTask))
_NEXT = Change(ReferralTask, ("status", "version", "updated_at", "updated_by", "step", "slot_at"), ("id", "version"))
_NOW = Lookup(ReferralTask, ("status", "version", "step", "slot_at"), "id")
STATUS_OF = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "no_show": "accepted",
    "appointment_cancelled": "accepted",
    "declined": "rejected",
    "in_progress": "in-progress",
    "pending": "on-hold",
    "completed": "completed",
    "cancelled": "cancelled",
    "expired": "failed",
}
"""Steps as Task.status; what is said of an appointment leaves a referral accepted."""
_MISSED = ("no_show", "appointment_cancelled")
_OF_APPOINTMENTS = ("scheduled", *_MISSED)
_ENDS = ("completed", "rejected", "failed", "cancelled", ENDED)


class Said(NamedTuple):
    """What a party says of a referral. `slot`: when the person is expected, microseconds UTC; none where not said."""

    step: str
    slot: int | None = None


class _Now(NamedTuple):
    """Where a Task stands; without a row as it was asked."""

    status: str = "requested"
    version: int = 1
    step: str = ""
    slot: int | None = None


async def follow(hub: Hub, shares: Iterable[str], party: Party, said: Said, *, by: str) -> list[Step]:
    """The steps that move the Tasks of these shares; a Task that somebody moves meanwhile stays as they move it.

    Raises `Conflict` (`referral.ended`) if one of them has ended in another way: an acceptance after a cancellation.
    """
    status, now, found = STATUS_OF.get(said.step), hub.clock.now(), []
    for share in shares if status else ():
        assert status is not None
        rows = await hub.database.lookup(_NOW, share)
        old = _Now(*rows[0]) if rows else _Now()
        if old.status in _ENDS and old.status != status and said.step not in _MISSED:
            raise Conflict("The referral has ended in another way.", code="referral.ended")
        step = said.step if said.step in APPOINTMENTS else ""
        if _follows(old, party, status, said):
            row = (status, old.version + 1, now, by, step, said.slot)
            found.append(Step(_NEXT, (*row, share, old.version)) if rows else Step(_FIRST, (share, *row)))
    return found


def _follows(old: _Now, party: Party, status: str, said: Said) -> bool:
    """What is said of an appointment follows what was accepted; that nobody came, or that it is off, only what was
    given.
    """
    if said.step in _OF_APPOINTMENTS and old.status == "accepted":
        news = (old.step, old.slot) != (said.step, said.slot)
        return party == "target" and news and (said.step not in _MISSED or old.step == "scheduled")
    if said.step in _MISSED:
        return False
    requested = old.status == "requested" and may_move(party, "accepted", status)
    return may_move(party, old.status, status) or requested
