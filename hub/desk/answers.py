"""What whoever was asked to take a referral says of it at the desk: the same acts as over FHIR, by the same function.

Rules kept here:
- An answer is a submission of the receiving program to whoever asked, decided like any other (§2.31, §2.33): the Task
  moves and the report is kept in one unit (`hub.fhir.referral_moves`), whether or not the other side may hear of it.
- Two clicks are one answer: each names the version that it was given on, and a version moves once.
- What is said out of its order is refused with a code that the page puts into words.
- Reasons are fixed words: nothing is typed that could say more about the person than that.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, get_args

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub import views
from hub.arrivals import ArrivedPacket
from hub.context import Hub
from hub.crypto.identifiers import hash_idempotency
from hub.decisions import Asked
from hub.desk.arrivals import CHANNELS
from hub.errors import Conflict, Malformed, Outdated
from hub.explanations import Sides, foreseen
from hub.fhir import referral_moves
from hub.fhir.referral_moves import Move, report_key
from hub.fhir.referrals import Share, task_of
from hub.inbound import threads
from hub.inbound.keep import Kept, standing
from hub.manifest import ItemManifest
from hub.model import MessageKind
from hub.storage import submissions
from hub.storage.tables import Inbound

Act = Literal["accept", "decline", "slot", "attended", "missed"]
ACTS: tuple[Act, ...] = get_args(Act)
REASONS: Mapping[str, str] = {
    "no_capacity": "no capacity",
    "not_eligible": "not eligible",
    "level_of_care": "another level of care is needed",
    "out_of_area": "out of area",
    "declined_by_person": "the person declined",
    "not_reached": "the person could not be reached",
    "referred_elsewhere": "referred elsewhere",
    "duplicate": "duplicate",
}
"""Why a referral is declined, as whoever asked reads it."""
_FROM: Mapping[Act, tuple[str, ...]] = {
    "accept": ("requested",),
    "decline": ("requested",),
    "slot": ("requested", "accepted"),
    "attended": ("accepted", "on-hold"),
    "missed": ("accepted",),
}
"""From which status each follows; a slot says that it was accepted."""
_FURTHEST = timedelta(days=366)
_RECEIPTS = 10


class Answer(NamedTuple):
    """What is said, of the version that was seen."""

    version: int
    act: Act
    reason: str = ""
    """A word of `REASONS`; of a refusal alone."""
    slot: int | None = None
    """When the person is expected, microseconds UTC."""


class Told(NamedTuple):
    """What became of the report of one answer, here or on whichever way it came."""

    channel: str
    """`api`: given at the desk, or over FHIR."""
    at: int
    step: str
    """What was said: a step of the referral."""
    state: str
    """`taken`: not decided yet; `submitted`: see `sent`; else it waits for a person."""
    sent: dict[str, Any] | None
    """The report as its sender sees it (`hub.views.submission`)."""


def allowed(share: Share) -> tuple[Act, ...]:
    """What can be said next."""
    return tuple(act for act in ACTS if share.status in _FROM[act] and (act != "missed" or share.step == "scheduled"))


async def give(hub: Hub, share: Share, answer: Answer, *, by: str) -> Share:
    """The share as it is then.

    Raises `Conflict` (`answer-out-of-order`, `answer-too-early`), `Outdated`, and `Malformed` naming the field.
    """
    if share.version is not None and answer.version == share.version - 1 and _said(share, answer):
        return share
    if answer.version != (share.version or 1):
        raise Outdated("Somebody has answered meanwhile.")
    if answer.act not in allowed(share):
        raise Conflict("This cannot be said of the referral now.", code="answer-out-of-order")
    if answer.act == "missed" and share.slot and hub.clock.now() < share.slot:
        raise Conflict("The appointment is still to come.", code="answer-too-early")
    move = _move(answer)
    raw = msgspec.json.encode(task_of(share) | {"status": move.status})
    return await referral_moves.move(hub, share, move, raw, share.recipient, by=by)


def slot_of(hub: Hub, text: str) -> int:
    """A local date and time (YYYY-MM-DDTHH:MM) in the county. Raises `Malformed` for none, or for one that is over."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("A date and a time.", field="slot") from None
    now = datetime.fromtimestamp(hub.clock.now() / 1_000_000, hub.zone)
    local = at.replace(tzinfo=hub.zone, second=0, microsecond=0)
    if at.tzinfo is not None or not now <= local <= now + _FURTHEST:
        raise Malformed("A time that is still to come.", field="slot")
    return int(local.timestamp() * 1_000_000)


async def foretold(hub: Hub, share: Share, language: str) -> dict[str, Any]:
    """What the rules say today of a report to whoever asked: the same of every answer, for all say as much."""
    item = ItemManifest(document="status", title="Referral", information="attendance")
    asked = Asked(purpose="treatment", items=(item,), kind=MessageKind.STATUS_REPORT)
    return await foreseen(hub, asked, Sides(share.recipient, share.sender, share.member, told=True), language)


async def told(hub: Hub, share: Share) -> list[Told]:
    """The reports of the recipient's own last answers, the newest first: given here, over FHIR, by mail or HL7 v2."""
    sent = [await _sent(hub, each, share.recipient) for each in (await threads.answers_of(hub, share.id))[:_RECEIPTS]]
    known = {each.sent["id"] for each in sent if each is not None and each.sent}
    kept = [each for each in await _kept(hub, share) if each.state != "submitted" or _id(each) not in known]
    both = [*kept, *(each for each in sent if each is not None)]
    return sorted(both, key=lambda each: each.at, reverse=True)[:_RECEIPTS]


async def _sent(hub: Hub, submission: str, organization: str) -> Told | None:
    """One that became a submission, of this organization; none if it is another's."""
    stored = await submissions.read(hub.database, submission)
    if stored is None or stored.sender != organization:
        return None
    view = await views.submission(hub, submission, organization)
    step = stored.facts.event.kind if stored.facts.event else ""
    by = stored.facts.by.rpartition("/")[2]
    return Told(by if by in CHANNELS else "api", stored.created_at, step, "submitted", view)


def _id(each: Told) -> str:
    return str(each.sent["id"]) if each.sent else ""


async def _kept(hub: Hub, share: Share) -> list[Told]:
    """Those that were given here or over FHIR, whether or not they have become a submission yet."""
    last = (share.version or 1) - 1
    numbers = range(last, max(0, last - _RECEIPTS), -1)
    keys = [hash_idempotency(hub.ring, "inbound:api", report_key(share.id, number)) for number in numbers]
    statement: Any = select(col(Inbound.id)).where(col(Inbound.channel) == "api", col(Inbound.key_hash).in_(keys))
    found = [await standing(hub, each) for (each,) in await hub.database.query(statement)]
    own = [each for each in found if each.arrival.organization == share.recipient]
    return [await _told(hub, each) for each in sorted(own, key=lambda each: each.id, reverse=True)]


async def _told(hub: Hub, kept: Kept) -> Told:
    content, sent = kept.arrival.content, None
    step = content.event.kind if isinstance(content, ArrivedPacket) and content.event else ""
    if kept.state == "submitted" and kept.reference and kept.organization:
        sent = await views.submission(hub, kept.reference, kept.organization)
    return Told(kept.arrival.channel, kept.received_at, step, kept.state, sent)


def _move(answer: Answer) -> Move:
    match answer.act:
        case "accept":
            return Move(answer.version, "accepted", "")
        case "decline":
            if answer.reason not in REASONS:
                raise Malformed("A reason of the list.", field="reason")
            return Move(answer.version, "rejected", REASONS[answer.reason])
        case "slot":
            if answer.slot is None:
                raise Malformed("A date and a time.", field="slot")
            return Move(answer.version, "accepted", "", "scheduled", answer.slot)
        case "attended":
            return Move(answer.version, "in-progress", "the person attended")
        case "missed":
            return Move(answer.version, "accepted", "the person did not attend", "no_show")


def _said(share: Share, answer: Answer) -> bool:
    """Whether the answer stands already: the second of two clicks."""
    move = _move(answer)
    return (share.status, share.step or "", share.slot) == (move.status, move.step, move.slot)
