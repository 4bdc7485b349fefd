"""Denied attempts: what was asked for and did not go, and questions about a person that got the neutral refusal."""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.storage.tables import Decision, Inquiry, Outbox, Submission
from hub.waiting import lacking, withdrawal

_NAMES = ("id", "submission_id", "member_id", "recipient", "at", "phase", "outcome", "hold")
_ENDED = {lacking.LET_BE_CODE: "no_consent", withdrawal.CODE: "withdrawn"}
_ASKED = ("id", "requester", "discloser", "member_id", "purpose", "at", "outcome")


class _Copy(NamedTuple):
    """A row of the queue as it stands."""

    state: str
    code: str | None
    attempts: int


async def denied(
    hub: Hub,
    organization: str | None,
    *,
    member: str | None = None,
    since: int | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Decisions that withheld something, newest first: reasons and paragraphs of each withheld item, and where it
    `stands` today.

    `organization` none: every discloser's. A decision made at submission and again at dispatch stands here twice; what
    was asked afterwards, about a disclosure made outside of the hub, withheld nothing.
    """
    statement = (
        select(*(col(getattr(Decision, name)) for name in _NAMES), col(Decision.body), col(Submission.sender))
        .join(Submission, col(Submission.id) == col(Decision.submission_id))
        .where(col(Decision.outcome).in_(("deny", "partial")), col(Decision.phase) != "recorded")
        .order_by(col(Decision.id).desc())
    )
    if organization is not None:
        statement = statement.where(col(Submission.sender) == organization)
    if member is not None:
        statement = statement.where(col(Decision.member_id) == member)
    if since is not None:
        statement = statement.where(col(Decision.at) >= since)
    if before is not None:
        statement = statement.where(col(Decision.id) < before)
    found = [_decision(row) for row in await hub.database.query(statement.limit(limit))]
    copies = await _copies(hub, [each["submission_id"] for each in found])
    return [each | {"stands": _stands(each, copies)} for each in found]


async def _copies(hub: Hub, submitted: list[str]) -> dict[tuple[str, str], _Copy]:
    """The copy of each recipient, of what leaves without a person's look."""
    names = ("submission_id", "recipient", *_Copy._fields)
    statement = select(*(col(getattr(Outbox, name)) for name in names)).where(
        col(Outbox.submission_id).in_(submitted), col(Outbox.share) == "ready"
    )
    rows = await hub.database.query(statement.order_by(col(Outbox.id))) if submitted else []
    return {(submission, recipient): _Copy(*copy) for submission, recipient, *copy in rows}


def _stands(view: dict[str, Any], copies: dict[tuple[str, str], _Copy]) -> str:
    """What has become of what was withheld: `withheld` by a rule, `waiting` for a consent, ended for lack of one
    (`no_consent`), `withdrawn` by its sender, `held` for a person, or `released` after all.
    """
    copy = copies.get((view["submission_id"], view["recipient"]), _Copy("withheld", None, 0))
    if view["outcome"] == "partial" or copy.state == "withheld":
        return _ENDED.get(copy.code or "", "withheld")
    if copy.state == "held":
        return "waiting" if copy.code == lacking.CODE else "held"
    if copy.attempts:
        return "released"
    # In the queue it is decided anew before anything leaves; what has no way out is a person's.
    return "held" if view["hold"] or copy.state == "dead" else "waiting"


async def inquiries(
    hub: Hub, organization: str | None, *, before: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Questions about a person, newest first, with what became of them; `organization` none: of every discloser."""
    statement = select(*(col(getattr(Inquiry, name)) for name in _ASKED)).order_by(col(Inquiry.id).desc())
    if organization is not None:
        # INVARIANT: no-existence-leak. A discloser sees what was asked of it; the asker's own page tells it nothing.
        statement = statement.where(col(Inquiry.discloser) == organization)
    if before is not None:
        statement = statement.where(col(Inquiry.id) < before)
    return [dict(zip(_ASKED, row, strict=True)) for row in await hub.database.query(statement.limit(limit))]


def _decision(row: tuple[Any, ...]) -> dict[str, Any]:
    *values, body, sender = row
    decision = msgspec.json.decode(body)
    withheld = [
        {"item": item["item"], "reasons": item["reasons"], "laws": item["laws"]}
        for item in decision["items"]
        if not item["permitted"]
    ]
    view = dict(zip(_NAMES, values, strict=True))
    return view | {
        "hold": bool(view["hold"]),
        "discloser": sender,
        "purpose": decision["purpose"],
        "reasons": decision["reasons"],
        "withheld": withheld,
    }
