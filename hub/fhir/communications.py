"""What was sent, as FHIR Communication: one for each disclosure, for its discloser, and its recipient once it arrived.

Ids, parties and instants alone: neither titles nor documents (interop A9).
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlmodel import col

from hub.context import Hub
from hub.model import MessageKind
from hub.storage.disclosures import about
from hub.storage.facts import instant
from hub.storage.statements import table_of
from hub.storage.tables import Attempt, Disclosure, Submission

Json = dict[str, Any]

STATUSES = {
    "intended": "in-progress",
    "disclosed": "completed",
    "not_disclosed": "not-done",
    "unknown": "unknown",
}
"""States of a disclosure as event-status."""
_MEDIA = {"fax": ("FAXWRIT", "telefax"), "email": ("EMAILWRIT", "email")}
_MODES = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
_NAMES = ("id", "state", "member", "discloser", "recipient", "kind", "priority", "channel", "started", "finished")
_COLUMNS: tuple[Any, ...] = (
    col(Disclosure.id), col(Disclosure.state), col(Disclosure.member_id), col(Disclosure.discloser),
    col(Disclosure.recipient), col(Submission.kind), col(Submission.priority), col(Attempt.channel),
    col(Attempt.started_at), col(Attempt.finished_at),
)  # fmt: skip
_LATER = table_of(Attempt).alias()
_LAST = ~exists().where(
    _LATER.c.disclosure_id == col(Attempt.disclosure_id), _LATER.c.number > col(Attempt.number)
)  # of one disclosure, so that no question goes through everybody's
_SENT = (
    select(*_COLUMNS)
    .join(Submission, col(Submission.id) == col(Disclosure.submission_id))
    .join(Attempt, (col(Attempt.disclosure_id) == col(Disclosure.id)) & _LAST)
    .order_by(col(Disclosure.id).desc())
)
"""What was made outside of the hub has no attempt, and is none of these."""


async def communications(
    hub: Hub,
    viewer: str | None,
    *,
    disclosure: str | None = None,
    member: str | None = None,
    sender: str | None = None,
    recipient: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[Json]:
    """The viewer's (none: everybody's), newest first."""
    arrived = col(Disclosure.state) == "disclosed"
    wanted: tuple[tuple[str | None, Callable[[str], ColumnElement[bool]]], ...] = (
        (viewer, lambda who: or_(col(Disclosure.discloser) == who, (col(Disclosure.recipient) == who) & arrived)),
        (disclosure, lambda id_: col(Disclosure.id) == id_),
        (member, about),
        (sender, lambda who: col(Disclosure.discloser) == who),
        (recipient, lambda who: col(Disclosure.recipient) == who),
        (before, lambda id_: col(Disclosure.id) < id_),
    )
    conditions = [condition(given) for given, condition in wanted if given is not None]
    rows = await hub.database.query(_SENT.where(*conditions).limit(limit))
    return [_resource(dict(zip(_NAMES, row, strict=True))) for row in rows]


def _resource(row: Json) -> Json:
    code, display = _MEDIA.get(row["channel"], ("WRITTEN", "written"))
    referral = row["kind"] == MessageKind.REFERRAL_PACKET.value
    arrived = row["state"] == "disclosed" and row["finished"] is not None
    return {
        "resourceType": "Communication",
        "id": row["id"],
        **({"basedOn": [{"reference": f"ServiceRequest/{row['id']}"}]} if referral else {}),
        "status": STATUSES[row["state"]],
        "category": [{"text": row["kind"].replace("_", " ")}],
        "priority": row["priority"],
        "medium": [{"coding": [{"system": _MODES, "code": code, "display": display}]}],
        "subject": {"reference": f"Patient/{row['member']}"},
        "sent": _at(row["started"]),
        **({"received": _at(row["finished"])} if arrived else {}),
        "recipient": [{"reference": f"Organization/{row['recipient']}"}],
        "sender": {"reference": f"Organization/{row['discloser']}"},
    }


def _at(microseconds: int) -> str:
    return instant(microseconds).isoformat(timespec="milliseconds")
