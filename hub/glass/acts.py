"""One act: stated, on the ledger and due for review before anything is shown; over by itself.

Rules kept here:
- INVARIANT: no-existence-leak. Whoever may not finds nothing here; nor does whoever asks for another's act, or for
  one that is over. An act about nobody goes on as one about a person of whom there is nothing, and is reviewed too.
- Reading opens what the desk shows of a member, never a document. What is to be disclosed is disclosed under §2.51,
  with its five fields.
- california.md, story 8: reviewed by the end of the next business day; after 72 hours it goes to compliance.
"""

from typing import Any, NamedTuple

from sqlalchemy import case, select

from hub.bases.reviews import BREAK_GLASS
from hub.context import Hub
from hub.desk import notes
from hub.errors import Malformed, NotAvailable, TooOften
from hub.glass.rules import Reader, reasons
from hub.model import new_id
from hub.people import persons
from hub.record import entry
from hub.storage import members
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Insert, Lookup, columns_of, table_of
from hub.storage.tables import Glass
from hub.waiting.work import opened_work

LEAST = 10
"""Characters that say why: fewer say nothing."""
_AN_HOUR = 10
"""Acts of one person: an emergency has few, a search has many."""
_COLUMNS = columns_of(Glass)
_ADD = Insert(Glass, _COLUMNS)
_BY_ID = Lookup(Glass, _COLUMNS, "id")
_END = Change(Glass, ("ended_at",), ("id", "ended_at"))


class Act(NamedTuple):
    """Instants: microseconds UTC."""

    id: str
    by: str
    member: str | None
    reviewers: str
    reason: str
    at: int
    until: int
    ended_at: int


async def break_glass(hub: Hub, reader: Reader, member: str | None, reason: str, words: str) -> str:
    """Break it for one member (none: nobody was found); the act's id.

    Raises `NotAvailable` for who may not, `Forbidden` for a system, `Malformed` naming the field, `TooOften`.
    """
    allowed = await reasons(hub, reader)
    if not allowed:
        raise NotAvailable
    await persons.need(hub, reader.by)
    if reason not in allowed:
        raise Malformed("The reasons are " + ", ".join(allowed) + ".", field="reason")
    if not LEAST <= len(words.strip()) <= notes.MOST:
        raise Malformed(f"Say why, in {LEAST} to {notes.MOST} characters.", field="words")
    if not await hub.signals.allow(f"glass:{reader.by}", _AN_HOUR, 3_600):
        raise TooOften("Too many in an hour; call the privacy officer.", code="glass-often")
    act, now = new_id(), hub.clock.now()
    until = now + hub.glass.minutes * 60_000_000
    reviewers = await _reviewers(hub, member, reader)
    row = (act, reader.by, member, " ".join(reviewers), reason, now, until, 0)
    body = {"act": act, "by": reader.by, "reason": reason, "until": until}
    writes = [Step(_ADD, row), entry("glass.broken", now, body, member=member, reference=act)]
    for organization in reviewers:
        writes += _review(hub, organization, act, reader, reason, words)
    await hub.database.commit(Unit((), tuple(writes)))
    return act


async def running(hub: Hub, act: str, reader: Reader) -> Act:
    """The reader's own act, while it lasts. Raises `NotAvailable`."""
    found = await of(hub, act)
    over = found is None or found.ended_at or hub.clock.now() >= found.until
    if found is None or over or found.by != reader.by or not await reasons(hub, reader):
        raise NotAvailable
    return found


async def end(hub: Hub, act: str, reader: Reader) -> None:
    """Give it up before its time. Raises `NotAvailable`."""
    found, now = await running(hub, act, reader), hub.clock.now()
    trace = entry("glass.ended", now, {"act": act, "by": reader.by}, member=found.member, reference=act)
    await hub.database.commit(Unit((), (Step(_END, (now, act, 0)), trace)))


async def of(hub: Hub, act: str) -> Act | None:
    """An act, running or over, for whoever reviews it."""
    rows = await hub.database.lookup(_BY_ID, act)
    return Act(*rows[0]) if rows else None


class Narrowed(NamedTuple):
    """Which acts; what is none does not narrow. Instants are microseconds UTC, `until` exclusive."""

    reviewer: str | None = None
    """The organization whose officers review them."""
    member: str | None = None
    since: int | None = None
    until: int | None = None
    changed_since: int | None = None
    """When it ended before its time; else when it began."""
    changed_until: int | None = None
    before: str | None = None
    """An id: only what comes after it in the list."""


async def listing(hub: Hub, wanted: Narrowed, *, limit: int) -> list[Act]:
    """Acts, newest first, for an auditor."""
    table = table_of(Glass)
    statement = select(*(table.c[name] for name in _COLUMNS)).order_by(table.c.id.desc()).limit(limit)
    if wanted.reviewer is not None:
        # Ids of organizations hold no space, so a name with spaces around it is that name.
        statement = statement.where((" " + table.c.reviewers + " ").contains(f" {wanted.reviewer} ", autoescape=True))
    if wanted.member is not None:
        statement = statement.where(table.c.member_id == wanted.member)
    if wanted.since is not None:
        statement = statement.where(table.c.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(table.c.at < wanted.until)
    changed = case((table.c.ended_at > 0, table.c.ended_at), else_=table.c.at)
    if wanted.changed_since is not None:
        statement = statement.where(changed >= wanted.changed_since)
    if wanted.changed_until is not None:
        statement = statement.where(changed < wanted.changed_until)
    if wanted.before is not None:
        statement = statement.where(table.c.id < wanted.before)
    return [Act(*row) for row in await hub.database.query(statement)]


async def _reviewers(hub: Hub, member: str | None, reader: Reader) -> tuple[str, ...]:
    """The programs whose patient it is; of nobody, whoever reads."""
    links = await members.links_of(hub, member) if member else frozenset()
    return tuple(sorted({organization for organization, relation in links if relation == "program"})) or (reader.home,)


def _review(hub: Hub, organization: str, act: str, reader: Reader, reason: str, words: str) -> list[Step]:
    now = hub.clock.now()
    due = hub.calendar.end_of_next(now, hub.zone)
    work, opened = opened_work(BREAK_GLASS, organization, act, (reason,), now, due=due)
    return [opened, *notes.noted(hub, work, words, by=reader.by, at=now)]


def told(act: Act, now: int) -> dict[str, Any]:
    """The act as its reviewer and its reader see it; `running`: whether it still opens anything."""
    return act._asdict() | {"running": not act.ended_at and now < act.until}
