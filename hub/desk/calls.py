"""Calls to the person of a notice: who called, when, and how it ended; never what was said.

Rules kept here:
- A call is a code. A voicemail says nothing of care (§2.11: it would tell whoever hears it), so nothing of it is kept.
- One telling is one call, however often it arrives; the same key with other words is refused, so that no call is lost
  in silence (a form that was sent before, and found again by the back button).
- Which outcomes end the clock is the county's (`met_by` of `notice.call`); trying is not reaching, and is kept as well.
- What was entered by mistake stays, marked as that: the ledger holds both.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple, get_args

from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.crypto.identifiers import hash_submission_key
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
    """A call as somebody tells it. `key`: of the form or the request that it is told by."""

    key: str
    outcome: str
    at: int | None
    """Microseconds UTC; none: just now."""


async def record(hub: Hub, notice: str, member: str | None, told: Told, *, by: str) -> Call:
    """Keep a call; told again it is the one that is kept already.

    Raises `Malformed` for an outcome that there is not, and `Conflict` for a key by which another call was told.
    """
    if told.outcome not in OUTCOMES:
        raise Malformed("How the call ended, of the list.", field="outcome")
    now, number = hub.clock.now(), hash_submission_key(hub.ring, f"call:{notice}", told.key).hex()
    call = Call(number, notice, now if told.at is None else told.at, told.outcome, by, now, "")
    body = {"call": call.id, "outcome": call.outcome, "at": call.at, "by": by}
    trace = entry("notice.called", now, body, member=member, reference=notice)
    try:
        await hub.database.commit(Unit((Step(_ADD, call, "call"),), (trace,)))
    except Stale:
        return await _again(hub, call, told)
    return call


async def _again(hub: Hub, call: Call, told: Told) -> Call:
    """The call that is kept under this number, if it is the same."""
    kept = next(each for each in (await of(hub, [call.disclosure_id]))[call.disclosure_id] if each.id == call.id)
    if (kept.outcome, kept.by) != (call.outcome, call.by) or told.at not in (None, kept.at):
        raise Conflict("Another call was told by this key.", code="idempotency-key-reused")
    return kept


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
    statement = (
        select(*(col(getattr(NoticeCall, name)) for name in _NAMES))
        .where(col(NoticeCall.disclosure_id).in_(list(notices)))
        .order_by(col(NoticeCall.at), col(NoticeCall.id))
    )
    found: dict[str, list[Call]] = {}
    for row in await hub.database.query(statement):
        call = Call(*row)
        found.setdefault(call.disclosure_id, []).append(call)
    return found


def at_of(hub: Hub, text: str, since: int) -> int | None:
    """When a call was made: a local date and time (YYYY-MM-DDTHH:MM), none for empty: just now. Raises as `checked`."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None:
        raise Malformed("A date and a time.", field="at")
    return checked(hub, int(at.replace(tzinfo=hub.zone).timestamp() * 1_000_000), since)


def checked(hub: Hub, at: int, since: int) -> int:
    """The instant of a call. Raises `Malformed` for one that is still to come, or before what the notice tells of
    (`since`); all in microseconds UTC.
    """
    if not since - _MINUTE_US < at <= hub.clock.now():
        raise Malformed("A time between the discharge and now.", field="at")
    return at
