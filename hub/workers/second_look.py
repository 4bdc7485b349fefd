"""What waits for a consent is looked at again when something else than the facts of its member may carry it.

A change of those facts puts their rows back by itself (`hub.storage.fence`). What is left: the directory (roles,
addresses, participants, agreements, counsel's choices: each change raises its version), another edition of the rules
or of the county's pack, and each local day, for what time alone brings. A look goes through all that waits, oldest
first, a page at a time, each page taken by one worker; it delivers nothing: the rows are due, and dispatch decides
anew.

Processes of several editions may share a database while a new one is rolled out. Each edition looks by itself, and each
that comes or goes is a change for the others: what one puts back another may take up and hold again, and what another
held is looked at once that has gone.
"""

from typing import Any, NamedTuple

from sqlalchemy import bindparam, literal_column, select

from hub.context import Hub
from hub.errors import Stale
from hub.exchange import OUTBOX
from hub.model import Priority
from hub.outbox import requeue
from hub.storage.database import Database, Step, Unit
from hub.storage.directory import Directory
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

SEEN_US = 60_000_000
"""Between two notes that an edition is at work."""
GONE_US = 300_000_000
"""Without one: then it is no longer."""

_READ = Lookup(SecondLook, ("turn", "under", "reached", "begun_at", "seen_at"), "edition")
_FIRST = InsertNew(SecondLook, columns_of(SecondLook), ("edition",))
_SEEN = Change(SecondLook, ("seen_at",), ("edition",))
_MOVE = Change(SecondLook, ("turn", "under", "reached", "begun_at"), ("edition", "turn"), must_hit=True)


class Look(NamedTuple):
    """`reached` none: it is over."""

    turn: int = 0
    under: str = ""
    reached: str | None = None
    begun_at: int = 0
    seen_at: int = 0


async def look_again(hub: Hub, now: int) -> bool:
    """Put the next page back into the queue, if there is reason to (`now`: microseconds UTC); whether there was."""
    directory = await hub.directory.current()
    edition = _edition(hub, directory, now)
    look = await _stored(hub.database, edition, now)
    under, reached, begun_at = look.under, look.reached, look.begun_at
    if reached is None:
        reason = await _reason(hub, directory, edition, now)
        if reason == under or now < begun_at + APART_US:
            return False
        under, reached, begun_at = reason, "", now
    rows = await hub.database.query(_PAGE, reached=reached)
    reached = rows[-1][0] if len(rows) == PAGE else None
    guard = Step(_MOVE, (look.turn + 1, under, reached, begun_at, edition, look.turn), "look")
    steps = tuple(requeue(ticket, Priority(priority), now) for ticket, priority in rows)
    try:
        await hub.database.commit(Unit((guard,), steps))
    except Stale:
        return True  # another worker took this page
    if rows:
        await hub.signals.wake(OUTBOX)
    return True


def _edition(hub: Hub, directory: Directory, now: int) -> str:
    """What a decision rests on that is this process's own, as one word."""
    return "|".join((directory.rules_at(instant(now)).edition, hub.county_pack or "", hub.operator or ""))


async def _reason(hub: Hub, directory: Directory, edition: str, now: int) -> str:
    """What else a decision rests on besides the member's facts, as one word; and who else decides."""
    day = day_of(instant(now - DUSK_US), hub.zone).isoformat()
    others = await hub.database.query(_OTHERS, edition=edition, since=now - GONE_US)
    return "|".join((day, str(directory.version), *(other for (other,) in others)))


async def _stored(database: Database, edition: str, now: int) -> Look:
    """How far this edition has come; that it is at work is noted."""
    while True:
        if rows := await database.lookup(_READ, edition):
            look = Look(*rows[0])
            if look.seen_at < now - SEEN_US:
                await database.commit(Unit((), (Step(_SEEN, (now, edition)),)))
            return look
        try:
            await database.commit(Unit((Step(_FIRST, (edition, *Look(seen_at=now)), "look"),), ()))
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


def _others() -> Any:
    """The other editions at work."""
    look = table_of(SecondLook).c
    at_work = (look.edition != bindparam("edition"), look.seen_at > bindparam("since"))
    return select(look.edition).where(*at_work).order_by(look.edition)


_PAGE = _waiting()
_OTHERS = _others()
