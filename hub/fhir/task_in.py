"""What a party says by putting its Task back: a status with its reason, or an appointment, and nothing else.

An appointment is Task.businessStatus (BSeR) beside the status `accepted`; when the person is expected stands in
Task.executionPeriod.start.
"""

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from hub import jsontext
from hub.errors import Malformed
from hub.fhir.elements import coded, instant
from hub.fhir.moves import BUSINESS, STATUSES

_FREE = frozenset({"status", "statusReason", "businessStatus", "executionPeriod", "lastModified", "meta"})
_STEPS = {code: step for step, (code, _) in BUSINESS.items()}


class Stated(NamedTuple):
    """As `hub.fhir.referral_moves.Move`, without the version."""

    status: str
    reason: str
    step: str = ""
    slot: int | None = None


def stated(raw: bytes, current: dict[str, Any], zone: ZoneInfo) -> Stated:
    """What the body says anew. Raises `Malformed` naming the element, also if anything else was changed."""
    try:
        task = msgspec.json.decode(raw, type=dict[str, Any])
        jsontext.check(raw, task)
    except (ValueError, RecursionError):
        raise Malformed("The body is not a JSON object.", field="$") from None
    changed = [name for name in current if name not in _FREE and task.get(name, current[name]) != current[name]]
    foreign = task.keys() - current.keys() - _FREE
    if task.get("resourceType") != "Task" or task.get("id") != current["id"] or changed or foreign:
        field = f"Task.{changed[0]}" if changed else "Task"
        raise Malformed("Only the status, its reason and an appointment can be changed.", field=field)
    if task.get("status") not in STATUSES:
        raise Malformed("Unknown status.", field="Task.status")
    reason = task.get("statusReason")
    words = reason.get("text", "") if isinstance(reason, dict) else ""
    return Stated(task["status"], words if isinstance(words, str) else "", *_appointment(task, zone))


def _appointment(task: dict[str, Any], zone: ZoneInfo) -> tuple[str, int | None]:
    """Its step, and when; of another status than `accepted` it is what was said before."""
    if task["status"] != "accepted" or "businessStatus" not in task:
        return "", None
    step = _STEPS.get(coded(task["businessStatus"]).partition(" ")[0])
    if step is None:
        raise Malformed("An appointment, or that nobody came to it.", field="Task.businessStatus")
    period = task.get("executionPeriod")
    start = period.get("start") if isinstance(period, dict) else None
    return step, instant(start, "Task.executionPeriod.start", zone) if step == "scheduled" else None
