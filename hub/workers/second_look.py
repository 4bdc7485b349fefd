"""What waits for a consent is looked at again when something else than the facts of its member may carry it.

A change of those facts puts their rows back by itself (`hub.storage.fence`). What is left: the directory (roles,
addresses, participants, agreements, counsel's choices: each change raises its version), another edition of the rules
or of the county's pack, and each local day, for what time alone brings. A look goes through all that waits, oldest
first, a page at a time, each page taken by one worker; it delivers nothing: the rows are due, and dispatch decides
anew.
"""

from typing import Any, NamedTuple

from sqlalchemy import bindparam, literal_column, select

from hub.context import Hub
from hub.errors import Stale
from hub.exchange import OUTBOX
from hub.model import Priority
from hub.outbox import requeue
from hub.storage.database import Database, Step, Unit
from hub.storage.facts import instant
from hub.storage.statements import Change, InsertNew, Lookup, columns_of, table_of
from hub.storage.tables import Outbox, SecondLook, Submission
from policies.days import day_of

PAGE = 128
"""Rows of one round: what is handed in meanwhile waits behind no more than these."""
APART_US = 60_000_000
"""Between the beginnings of two looks: a directory that is loaded entry by entry is no hundred reasons."""
DUSK_US = 60_000_000
"""After midnight, before the new day is a reason: what was decided on the old one is recorded by then."""

_ONE = 1
_READ = Lookup(SecondLook, ("turn", "under", "reached", "begun_at"), "id")
_FIRST = InsertNew(SecondLook, columns_of(SecondLook), ("id",))
_MOVE = Change(SecondLook, ("turn", "under", "reached", "begun_at"), ("id", "turn"), must_hit=True)


class Look(NamedTuple):
    """`reached` none: it is over."""

    turn: int = 0
    under: str = ""
    reached: str | None = None
    begun_at: int = 0


async def look_again(hub: Hub, now: int) -> bool:
    """Put the next page back into the queue, if there is reason to (`now`: microseconds UTC); whether there was."""
    look = await _stored(hub.database)
    under, reached, begun_at = look.under, look.reached, look.begun_at
    if reached is None:
        reason = await _reason(hub, now)
        if reason == under or now < begun_at + APART_US:
            return False
        under, reached, begun_at = reason, "", now
    rows = await hub.database.query(_PAGE, reached=reached)
    reached = rows[-1][0] if len(rows) == PAGE else None
    guard = Step(_MOVE, (look.turn + 1, under, reached, begun_at, _ONE, look.turn), "look")
    steps = tuple(requeue(ticket, Priority(priority), now) for ticket, priority in rows)
    try:
        await hub.database.commit(Unit((guard,), steps))
    except Stale:
        return True  # another worker took this page
    if rows:
        await hub.signals.wake(OUTBOX)
    return True


async def _reason(hub: Hub, now: int) -> str:
    """All that a decision rests on besides the member's facts, as one word."""
    directory = await hub.directory.current()
    rules = directory.rules_at(instant(now))
    day = day_of(instant(now - DUSK_US), hub.zone).isoformat()
    return "|".join((day, str(directory.version), rules.edition, hub.county_pack or "", hub.operator or ""))


async def _stored(database: Database) -> Look:
    while True:
        if rows := await database.lookup(_READ, _ONE):
            return Look(*rows[0])
        try:
            await database.commit(Unit((Step(_FIRST, (_ONE, *Look()), "look"),), ()))
        except Stale:
            continue  # another worker was faster


def _waiting() -> Any:
    """The rows behind one of them, in the order in which they were handed in."""
    row, submission = table_of(Outbox).c, table_of(Submission).c
    # The state in the words of the index: a parameter would not find it.
    held = row.state == literal_column("'held'")
    return (
        select(row.id, submission.priority)
        .join(table_of(Submission), submission.id == row.submission_id)
        .where(held, row.code == "consent", row.id > bindparam("reached"))
        .order_by(row.id)
        .limit(PAGE)
    )


_PAGE = _waiting()
