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

from hub.context import Hub
from hub.decisions import Asked
from hub.errors import Conflict, Malformed, Outdated
from hub.explanations import Sides, foreseen
from hub.fhir import referral_moves
from hub.fhir.referral_moves import Move
from hub.fhir.referrals import Share, task_of
from hub.manifest import ItemManifest
from hub.model import MessageKind

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


class Answer(NamedTuple):
    """What is said, of the version that was seen."""

    version: int
    act: Act
    reason: str = ""
    """A word of `REASONS`; of a refusal alone."""
    slot: int | None = None
    """When the person is expected, microseconds UTC."""


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
