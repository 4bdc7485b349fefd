"""Admissions and discharges that an organization was told of, newest first; a discharge asks for a call within a time.

INVARIANT: no-existence-leak. Only what arrived is here; who the person is, is shown as of a referral.
"""

from typing import Any, NamedTuple

from sqlalchemy import exists, select
from sqlmodel import col

from hub.compliance import clocks
from hub.compliance.clocks import Due
from hub.context import Hub
from hub.desk import calls
from hub.desk.calls import Call, Told
from hub.errors import Conflict
from hub.model import MessageKind
from hub.storage import submissions
from hub.storage.questions import Question
from hub.storage.tables import Disclosure, NoticeCall, Outbox, Submission, Thread

CALLS = ("open", "tried", "done")
"""By which the list is narrowed: discharges whose call is still owed, those among them that were tried, and those whose
call was made.
"""
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
    contact: str
    """Whom to ask about it; empty: nobody was named."""
    due: Due | None
    """Until when whoever left is called; none where no such clock runs, or what was told is not so."""
    calls: tuple[Call, ...]

    @property
    def met_at(self) -> int | None:
        """When a call ended the clock; none: none has."""
        meets = self.due.met_by if self.due else ()
        return min((each.at for each in self.counted if each.outcome in meets), default=None)

    @property
    def counted(self) -> tuple[Call, ...]:
        """The calls that were not entered by mistake."""
        return tuple(each for each in self.calls if not each.mistaken_by)


async def received(
    hub: Hub, organization: str, *, call: str = "", before: str | None = None, limit: int = 50
) -> list[Notice]:
    """The newest first, those told before the notice `before`; `call`: a word of `CALLS`."""
    statement = _told(organization)
    if before is not None:
        statement = statement.where(col(Outbox.id) < before)
    if call:
        statement = _narrowed(hub, statement, call)
    rows = await hub.database.query(statement.order_by(col(Outbox.id).desc()).limit(limit))
    found = await calls.of(hub, [row[0] for row in rows])
    return [await _notice(hub, row, found.get(row[0], [])) for row in rows]


async def one(hub: Hub, organization: str, notice: str) -> Notice | None:
    """The notice of this number; none if the organization was never told of it."""
    rows = await hub.database.query(_told(organization).where(col(Outbox.id) == notice))
    return await _notice(hub, rows[0], (await calls.of(hub, [notice])).get(notice, [])) if rows else None


async def called(hub: Hub, notice: Notice, told: Told, *, by: str) -> Call:
    """Keep a call about a notice. Raises `Conflict` for one that asks for none, and as `calls.record`."""
    if notice.due is None:
        raise Conflict("No call is asked for after this notice.", code="nothing-owed")
    return await calls.record(hub, notice.id, notice.member, told, by=by)


def view(notice: Notice) -> dict[str, Any]:
    """For systems and the command line; nothing of it names the person. Instants in microseconds UTC."""
    due = notice.due
    return {
        "id": notice.id,
        "submission": notice.submission,
        "sender": notice.sender,
        "event": notice.event,
        "at": notice.at,
        "setting": notice.setting,
        "due_at": due and due.at,
        "law": due and due.law,
        "met_by": due.met_by if due else (),
        "met_at": notice.met_at,
        "calls": [call_view(each) for each in notice.calls],
    }


def call_view(made: Call) -> dict[str, Any]:
    """A call with who made it and whether it counts."""
    return {name: getattr(made, name) for name in ("id", "at", "outcome", "by", "recorded_at", "mistaken_by")}


RETRACTED = exists().where(col(Thread.submission_id) == col(Submission.id), col(Thread.retracted_by).is_not(None))
"""What was told by a submission, and is not so."""


def _told(organization: str) -> Question:
    return (
        select(col(Outbox.id), col(Submission.id), RETRACTED)
        .join(Submission, col(Submission.id) == col(Outbox.submission_id))
        .join(Disclosure, col(Disclosure.id) == col(Outbox.id))
        .where(col(Outbox.recipient) == organization, col(Disclosure.state) == "disclosed")
        .where(col(Submission.kind).in_(_KINDS))
    )


def _narrowed(hub: Hub, statement: Question, call: str) -> Question:
    """Discharges that were not taken back, by their calls."""
    rules = hub.duties.clocks["notice.call"]
    meets = {each for rule in rules for each in rule.met_by}
    made = exists().where(col(NoticeCall.disclosure_id) == col(Outbox.id), col(NoticeCall.mistaken_by) == "")
    met = made.where(col(NoticeCall.outcome).in_(sorted(meets)))
    statement = statement.where(col(Submission.kind) == MessageKind.DISCHARGE_NOTICE.value, ~RETRACTED)
    if call == "done":
        return statement.where(met)
    return statement.where(~met, made) if call == "tried" else statement.where(~met)


async def _notice(hub: Hub, row: tuple[Any, ...], made: list[Call]) -> Notice:
    disclosure, submission, retracted = row
    stored = await submissions.read(hub.database, submission)
    assert stored is not None  # read with it
    event = stored.facts.event
    kind = event.kind if event else stored.kind.value.removesuffix("_notice")
    at = event.instant if event else stored.created_at
    due = None
    if kind == "discharge" and not retracted:
        due = clocks.due(hub.duties.clocks, "notice.call", at, hub.zone, hub.calendar)
    return Notice(
        disclosure, submission, stored.member, stored.sender, kind, at,
        event.setting if event else "", event.contact if event else "", due, tuple(made),
    )  # fmt: skip
