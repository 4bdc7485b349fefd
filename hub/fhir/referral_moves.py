"""A referral's Task moves: the new status and the report of it become durable together, the report is decided later.

Rules kept: who may move it where is `hub.fhir.moves`; a version moves once; the report goes the way of every answer to
a referral (`hub.inbound.threads`), so that consent decides whether the other side hears of it.
"""

from typing import NamedTuple

from hub.arrivals import Arrival, ArrivedPacket
from hub.context import Hub
from hub.errors import Conflict, Outdated, Stale
from hub.fhir.items_in import status
from hub.fhir.moves import APPOINTMENTS, may_move
from hub.fhir.notification_in import MEDIA_TYPE
from hub.fhir.referral_in import STEPS
from hub.fhir.referrals import Share
from hub.inbound.keep import keep_with
from hub.model import Event, MemberIdentity, MessageKind
from hub.storage import members
from hub.storage.database import Step
from hub.storage.facts import instant
from hub.storage.statements import Change, InsertNew, columns_of
from hub.storage.tables import ReferralTask

_FIRST = InsertNew(ReferralTask, columns_of(ReferralTask), ("id",))
_NEXT = Change(
    ReferralTask, ("status", "version", "updated_at", "updated_by", "step", "slot_at"), ("id", "version"), must_hit=True
)


class Move(NamedTuple):
    version: int
    """The version that the caller saw."""
    status: str
    reason: str
    """Goes into the report, sealed; the Task does not keep it."""
    step: str = ""
    """Where it says more than the status: an appointment (`scheduled`), and that nobody came (`no_show`)."""
    slot: int | None = None
    """When the person is expected, microseconds UTC."""


async def move(hub: Hub, share: Share, move: Move, raw: bytes, organization: str, *, by: str) -> Share:
    """The share as it is then. Raises `Conflict` (not by this party, not from this status), `Outdated`."""
    old = share.version or 1
    if move.version != old:
        raise Outdated("The Task has another version by now; read it again.")
    if not share.told or not _follows(share, move, organization):
        raise Conflict("This status cannot follow, or is not yours to set.", code="status-not-allowed")
    now = hub.clock.now()
    row = (move.status, old + 1, now, by, move.step, move.slot)
    step = (
        Step(_FIRST, (share.id, *row), "version")
        if share.version is None
        else Step(_NEXT, (*row, share.id, old), "version")
    )
    try:
        await keep_with(hub, await _report(hub, share, move, raw, organization, now), step)
    except Stale:
        raise Outdated("The Task has another version by now; read it again.") from None
    return share._replace(
        stated=move.status, version=old + 1, updated_at=now, step=move.step, slot=move.slot, moved_by=by
    )


def report_key(share: str, version: int) -> str:
    """The arrival under which the report of the move of this version is kept."""
    return f"task\x1f{share}\x1f{version}"


def _follows(share: Share, move: Move, organization: str) -> bool:
    party = share.party(organization)
    if move.step in APPOINTMENTS and party == "target" and share.status == move.status == "accepted":
        return True
    return may_move(party, share.status, move.status)


async def _report(hub: Hub, share: Share, move: Move, raw: bytes, organization: str, now: int) -> Arrival:
    assert share.member is not None  # nothing is disclosed about nobody
    facts = await members.facts_of(hub, share.member)
    step = move.step or STEPS[move.status]
    when = "" if move.slot is None else f"{instant(move.slot).astimezone(hub.zone):%Y-%m-%d %H:%M %Z}"
    return Arrival(
        channel="api",
        key=report_key(share.id, move.version),
        raw=raw,
        media_type=MEDIA_TYPE,
        organization=organization,
        content=ArrivedPacket(
            kind=MessageKind.STATUS_REPORT,
            purpose="treatment",
            person=MemberIdentity(given=facts.given, family=facts.family, born=facts.born, cin=facts.cin or ""),
            documents=(status(step, move.reason, when),),
            event=Event(kind=step, at=now),
            thread=f"referral/{share.id}",
            place="answers",
            moved=True,
        ),
    )
