"""Referrals as FHIR Task and ServiceRequest: one pair for each recipient's share, for its two parties alone. What went
another way as well is still one share: its pair keeps the id of the first delivery, and is found by either.

INVARIANT: no-existence-leak. A recipient sees what arrived; whatever is not the viewer's is not there. The person is
named by the hub's id once something about them was disclosed, else by the sender's own submission.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, exists, or_, select
from sqlmodel import col

from hub.context import Hub
from hub.fhir.moves import BUSINESS, BUSINESS_SYSTEM, Party
from hub.model import MessageKind
from hub.storage.facts import instant
from hub.storage.statements import table_of
from hub.storage.tables import Disclosure, Outbox, ReferralTask, Submission

Json = dict[str, Any]

_TOLD = ("intended", "disclosed", "unknown")
_NEVER = ("withheld", "dead")
WAITING = ("requested", "accepted", "on-hold")
"""Whoever was asked has still something to say."""
_TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"
_REQUESTS = {
    "rejected": "revoked",
    "failed": "revoked",
    "cancelled": "revoked",
    "completed": "completed",
    "on-hold": "on-hold",
    "draft": "draft",
    "entered-in-error": "entered-in-error",
}


class Share(NamedTuple):
    """One recipient's share of a referral."""

    id: str
    submission: str
    recipient: str
    state: str
    sender: str
    member: str | None
    priority: str
    created_at: int
    disclosed: str | None
    stated: str | None
    version: int | None
    updated_at: int | None
    step: str | None
    """What was said last, where that says more than the status."""
    slot: int | None
    """When the person is expected."""
    moved_by: str | None
    """Who stated it last; `organization/person`."""

    @property
    def told(self) -> bool:
        """INVARIANT: unknown-is-disclosed. The recipient has it, or may have it."""
        return self.disclosed in _TOLD

    @property
    def status(self) -> str:
        """As whoever may say so stated last; before that, how far the delivery came."""
        if self.stated is not None:
            return self.stated
        return "requested" if self.told else "failed" if self.state in _NEVER else "draft"

    def party(self, organization: str) -> Party:
        """What an organization that sees the share is to it."""
        return "requester" if organization == self.sender else "target"


_WAY = table_of(Outbox).alias()
_SAME_SHARE = and_(
    _WAY.c.submission_id == col(Outbox.submission_id),
    _WAY.c.recipient == col(Outbox.recipient),
    _WAY.c.share == col(Outbox.share),
)
_FIRST = ~exists().where(_SAME_SHARE, _WAY.c.id < col(Outbox.id))  # ids sort by time
_FURTHEST = (
    select(col(Disclosure.state))
    .join(_WAY, _WAY.c.id == col(Disclosure.id))
    .where(_SAME_SHARE)
    .order_by(case((col(Disclosure.state) == "disclosed", 0), (col(Disclosure.state).in_(_TOLD), 1), else_=2))
    .limit(1)
    .correlate(Outbox)
    .scalar_subquery()
)
"""How far the share came, whichever way."""
_COLUMNS: tuple[Any, ...] = (
    col(Outbox.id),
    col(Outbox.submission_id),
    col(Outbox.recipient),
    col(Outbox.state),
    col(Submission.sender),
    col(Submission.member_id),
    col(Submission.priority),
    col(Submission.created_at),
    _FURTHEST,
    col(ReferralTask.status),
    col(ReferralTask.version),
    col(ReferralTask.updated_at),
    col(ReferralTask.step),
    col(ReferralTask.slot_at),
    col(ReferralTask.updated_by),
)


async def shares(
    hub: Hub,
    viewer: str | None,
    *,
    share: str | None = None,
    member: str | None = None,
    requester: str | None = None,
    owner: str | None = None,
    before: str | None = None,
    waiting: bool | None = None,
    limit: int = 50,
) -> list[Share]:
    """The viewer's (none: everybody's), newest first; `waiting`: of those that were asked, whether the loop is open."""
    statement = (
        select(*_COLUMNS)
        .join(Submission, col(Submission.id) == col(Outbox.submission_id))
        .outerjoin(ReferralTask, col(ReferralTask.id) == col(Outbox.id))
        .where(col(Submission.kind) == MessageKind.REFERRAL_PACKET.value, _FIRST)
    )
    arrived = _FURTHEST == "disclosed"
    wanted: tuple[tuple[str | None, Callable[[str], ColumnElement[bool]]], ...] = (
        (viewer, lambda who: or_(col(Submission.sender) == who, (col(Outbox.recipient) == who) & arrived)),
        (share, lambda id_: exists().where(_SAME_SHARE, _WAY.c.id == id_)),
        # Whom it is about can be asked for once it was disclosed, as the answer names them.
        (member, lambda id_: (col(Submission.member_id) == id_) & _FURTHEST.in_(_TOLD)),
        (requester, lambda who: col(Submission.sender) == who),
        (owner, lambda who: col(Outbox.recipient) == who),
        (before, lambda id_: col(Outbox.id) < id_),
    )
    for given, condition in wanted:
        if given is not None:
            statement = statement.where(condition(given))
    if waiting is not None:
        open_ = col(ReferralTask.status).is_(None) | col(ReferralTask.status).in_(WAITING)
        statement = statement.where(open_ if waiting else ~open_)
    return [Share(*row) for row in await hub.database.query(statement.order_by(col(Outbox.id).desc()).limit(limit))]


def task_of(share: Share) -> Json:
    """The Task by which the recipient says what becomes of the referral."""
    return {
        "resourceType": "Task",
        "id": share.id,
        "meta": _meta(share),
        "identifier": [{"system": "urn:part2hub:disclosure", "value": share.id}],
        "status": share.status,
        **_appointment(share),
        "intent": "order",
        "priority": share.priority,
        "code": {"coding": [{"system": _TASK_CODE, "code": "fulfill"}]},
        "focus": {"reference": f"ServiceRequest/{share.id}"},
        "for": _person(share),
        "authoredOn": _at(share.created_at),
        "lastModified": _at(share.updated_at or share.created_at),
        "requester": {"reference": f"Organization/{share.sender}"},
        "owner": {"reference": f"Organization/{share.recipient}"},
    }


def request_of(share: Share) -> Json:
    """The ServiceRequest: what was asked; its documents travelled with the delivery."""
    return {
        "resourceType": "ServiceRequest",
        "id": share.id,
        "meta": _meta(share),
        "status": _REQUESTS.get(share.status, "active"),
        "intent": "order",
        "priority": share.priority,
        "code": {"text": "Referral"},
        "subject": _person(share),
        "authoredOn": _at(share.created_at),
        "requester": {"reference": f"Organization/{share.sender}"},
        "performer": [{"reference": f"Organization/{share.recipient}"}],
    }


def _appointment(share: Share) -> Json:
    if share.step not in BUSINESS:
        return {}
    code, words = BUSINESS[share.step]
    expected = {"executionPeriod": {"start": _at(share.slot)}} if share.slot is not None else {}
    return {"businessStatus": {"coding": [{"system": BUSINESS_SYSTEM, "code": code, "display": words}]}, **expected}


def _meta(share: Share) -> Json:
    return {"versionId": str(share.version or 1), "lastUpdated": _at(share.updated_at or share.created_at)}


def _person(share: Share) -> Json:
    if share.told and share.member is not None:
        return {"reference": f"Patient/{share.member}"}
    return {"identifier": {"system": "urn:part2hub:submission", "value": share.submission}}


def _at(microseconds: int) -> str:
    return instant(microseconds).isoformat(timespec="milliseconds")
