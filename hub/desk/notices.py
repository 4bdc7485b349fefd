"""Admissions and discharges that an organization was told of, newest first; a discharge asks for a call within a time.

INVARIANT: no-existence-leak. Only what arrived is here; who the person is, is shown as of a referral.
"""

from typing import Any, NamedTuple

from sqlalchemy import exists, select
from sqlmodel import col

from hub.compliance import clocks
from hub.compliance.clocks import Due
from hub.context import Hub
from hub.model import MessageKind
from hub.storage import submissions
from hub.storage.tables import Disclosure, Outbox, Submission, Thread

_KINDS = (MessageKind.ADMIT_NOTICE.value, MessageKind.DISCHARGE_NOTICE.value)


class Notice(NamedTuple):
    """One notice as its recipient sees it."""

    id: str
    """That of the disclosure."""
    submission: str
    member: str | None
    sender: str
    event: str
    at: int
    """Of what it tells, microseconds UTC."""
    setting: str
    due: Due | None
    """Until when whoever left is called; none where no such clock runs any more, or what was told is not so."""


async def received(hub: Hub, organization: str, *, before: str | None, limit: int) -> list[Notice]:
    """The newest first, those told before the notice `before`."""
    retracted = exists().where(col(Thread.submission_id) == col(Submission.id), col(Thread.retracted_by).is_not(None))
    statement: Any = (
        select(col(Outbox.id), col(Submission.id), retracted)
        .join(Submission, col(Submission.id) == col(Outbox.submission_id))
        .join(Disclosure, col(Disclosure.id) == col(Outbox.id))
        .where(col(Outbox.recipient) == organization, col(Disclosure.state) == "disclosed")
        .where(col(Submission.kind).in_(_KINDS))
    )
    if before is not None:
        statement = statement.where(col(Outbox.id) < before)
    rows = await hub.database.query(statement.order_by(col(Outbox.id).desc()).limit(limit))
    return [await _notice(hub, *row) for row in rows]


async def _notice(hub: Hub, disclosure: str, submission: str, retracted: bool) -> Notice:
    stored = await submissions.read(hub.database, submission)
    assert stored is not None  # read with it
    event = stored.facts.event
    kind = event.kind if event else stored.kind.value.removesuffix("_notice")
    at = event.instant if event else stored.created_at
    due = None
    if kind == "discharge" and not retracted:
        due = clocks.due(hub.duties.clocks, "notice.call", at, hub.zone, hub.calendar)
    running = due is not None and hub.clock.now() < due.at
    setting = event.setting if event else ""
    return Notice(disclosure, submission, stored.member, stored.sender, kind, at, setting, due if running else None)
