"""Calls to the person of a notice: who called, when, and how it ended; never what was said.

Rules kept here:
- A call is a code. A voicemail says nothing of care (§2.11: it would tell whoever hears it), so nothing of it is kept.
- Which outcomes end the clock is the county's (`met_by` of `notice.call`); trying is not reaching, and is kept as well.
- What was entered by mistake stays, marked as that: the ledger holds both.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.errors import Conflict, Malformed, Stale
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, InsertNew, columns_of
from hub.storage.tables import NoticeCall

Outcome = Literal["reached", "voicemail", "no_answer", "wrong_number"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_MINUTE_US = 60_000_000
"""A page gives no seconds."""
_NAMES = columns_of(NoticeCall)
_ADD = InsertNew(NoticeCall, _NAMES, ("id",))
_MISTAKEN = Change(NoticeCall, ("mistaken_by",), ("id", "disclosure_id", "mistaken_by"), must_hit=True)


class Call(NamedTuple):
    """As the table has it; instants are microseconds UTC."""

    id: str
    disclosure_id: str
    at: int
    outcome: str
    by: str
    recorded_at: int
    mistaken_by: str


class Told(NamedTuple):
    """A call as somebody tells it. `id`: of the form that it is told on, so that two clicks are one call."""

    id: str
    outcome: str
    at: int


async def record(hub: Hub, notice: str, member: str | None, told: Told, *, by: str) -> None:
    """Keep a call; a repeat keeps nothing more. Raises `Malformed` for an outcome that there is not."""
    if told.outcome not in OUTCOMES:
        raise Malformed("How the call ended, of the list.", field="outcome")
    now = hub.clock.now()
    guard = Step(_ADD, (told.id, notice, told.at, told.outcome, by, now, ""), "call")
    body = {"call": told.id, "outcome": told.outcome, "at": told.at, "by": by}
    try:
        await hub.database.commit(Unit((guard,), (entry("notice.called", now, body, member=member, reference=notice),)))
    except Stale:
        return


async def mistake(hub: Hub, notice: str, member: str | None, call: str, *, by: str) -> None:
    """Mark a call as entered by mistake. Raises `Conflict` if there is no such, or it is marked already."""
    now = hub.clock.now()
    guard = Step(_MISTAKEN, (by, call, notice, ""), "call")
    trace = entry("notice.call_mistaken", now, {"call": call, "by": by}, member=member, reference=notice)
    try:
        await hub.database.commit(Unit((guard,), (trace,)))
    except Stale:
        raise Conflict("There is no such call, or it is taken back already.", code="not-waiting") from None


async def of(hub: Hub, notices: Iterable[str]) -> dict[str, list[Call]]:
    """The calls about each of these notices, oldest first; the mistaken ones among them."""
    statement: Any = (
        select(*(col(getattr(NoticeCall, name)) for name in _NAMES))
        .where(col(NoticeCall.disclosure_id).in_(list(notices)))
        .order_by(col(NoticeCall.at), col(NoticeCall.id))
    )
    found: dict[str, list[Call]] = {}
    for row in await hub.database.query(statement):
        call = Call(*row)
        found.setdefault(call.disclosure_id, []).append(call)
    return found


def at_of(hub: Hub, text: str, since: int) -> int:
    """When a call was made: a local date and time (YYYY-MM-DDTHH:MM), empty for now. Raises `Malformed` for one that is
    still to come, or before what the notice tells of (`since`: microseconds UTC).
    """
    now = hub.clock.now()
    if not text:
        return now
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("A date and a time.", field="at") from None
    called = int(at.replace(tzinfo=hub.zone).timestamp() * 1_000_000)
    if at.tzinfo is not None or not since - _MINUTE_US < called <= now:
        raise Malformed("A time between the discharge and now.", field="at")
    return called
