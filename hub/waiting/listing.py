"""Work items as lists: narrowed, counted, and read a page at a time, by what is due first or by what is newest.

What is only a number on a page is counted no further than `MOST`, on the loop; all of it is counted beside it.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlmodel import col

from hub.context import Hub
from hub.storage.questions import Question
from hub.storage.tables import WorkItem
from hub.waiting.work import NAMES, is_closed, is_open

MOST = 1_000
"""Where counting for a page ends: one more stands for whatever is more."""
NO_DUE = 1 << 62
"""Where what has no clock stands: behind everything that has one."""


class Filter(NamedTuple):
    """Which work items; what is none, or an empty text, does not narrow. Instants are microseconds UTC."""

    scope: frozenset[str] | None
    """Of these organizations; none: everybody's."""
    state: str = "open"
    kinds: frozenset[str] | None = None
    but: frozenset[str] = frozenset()
    """Kinds left out."""
    assigned_to: str = ""
    escalated: bool = False
    """Only those that went to compliance because nobody had reviewed them in time."""
    overdue: bool = False
    until: int | None = None
    """Only those that wait since then or longer."""


class Load(NamedTuple):
    """How many there are, counted to one more than `MOST`; `late`: open past their due instant."""

    waits: int = 0
    late: int = 0


class Place(NamedTuple):
    """Where a page by due instant ends; the next one begins behind it."""

    at: int
    id: str


async def newest(hub: Hub, wanted: Filter, *, before: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """A page, newest first; `before`: an id."""
    statement = _select().where(*_conditions(hub, wanted)).order_by(col(WorkItem.id).desc())
    if before is not None:
        statement = statement.where(col(WorkItem.id) < before)
    return _named(await hub.database.query(statement.limit(limit)))


async def soonest(hub: Hub, wanted: Filter, *, after: Place | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """A page: of what is open first what is due first, of what is settled first what was settled last."""
    statement = _select().where(*_conditions(hub, wanted))
    if wanted.state != "open":
        return _named(await hub.database.query(_settled(statement, after).limit(limit)))
    found: list[Any] = []
    if after is None or after.at != NO_DUE:
        found += await hub.database.query(_due(statement, after).limit(limit))
        after = None
    if len(found) < limit and not wanted.overdue:
        # Apart, because an index holds nothing of what has no clock in an order that both databases share.
        found += await hub.database.query(_never_due(statement, after).limit(limit - len(found)))
    return _named(found)


def place_of(item: dict[str, Any]) -> Place:
    """Where an item stands in the order of `soonest`."""
    at = item["closed_at"] if item["state"] == "closed" else item["due_at"]
    return Place(NO_DUE if at is None else at, item["id"])


def _due(statement: Question, after: Place | None) -> Question:
    at, item = col(WorkItem.due_at), col(WorkItem.id)
    statement = statement.where(at.is_not(None) if after is None else at >= after.at)
    if after is not None:
        statement = statement.where((at > after.at) | (item > after.id))
    return statement.order_by(at, item)


def _never_due(statement: Question, after: Place | None) -> Question:
    statement = statement.where(col(WorkItem.due_at).is_(None))
    if after is not None:
        statement = statement.where(col(WorkItem.id) > after.id)
    return statement.order_by(col(WorkItem.id))


def _settled(statement: Question, after: Place | None) -> Question:
    at, item = col(WorkItem.closed_at), col(WorkItem.id)
    if after is not None:
        statement = statement.where(at <= after.at, (at < after.at) | (item < after.id))
    return statement.order_by(at.desc(), item.desc())


async def count(hub: Hub, wanted: Filter) -> int:
    """How many there are, counted to one more than `MOST`."""
    rows = select(col(WorkItem.id)).where(*_conditions(hub, wanted)).limit(MOST + 1).subquery()
    ((found,),) = await hub.database.query(select(func.count()).select_from(rows))
    return int(found)


async def loads(hub: Hub, scope: frozenset[str] | None, queues: Mapping[str, frozenset[str]]) -> dict[str, Load]:
    """The load of each of these, by the kinds of item that wait there."""
    return {name: await _load(hub, scope, kinds) for name, kinds in queues.items()}


async def _load(hub: Hub, scope: frozenset[str] | None, kinds: frozenset[str]) -> Load:
    """One kind of one organization after the other, along the index of both, by statements that are compiled once."""
    found, now = [0, 0], hub.clock.now()
    for kind, organization in product(sorted(kinds), [None] if scope is None else sorted(scope)):
        whose = {} if organization is None else {"organization": organization}
        for late in (False, True):
            values = {"kind": kind, "most": MOST + 1, **whose, **({"now": now} if late else {})}
            ((n,),) = await hub.database.query(_OF_KIND[bool(whose), late], **values)
            found[late] = min(found[late] + int(n), MOST + 1)
    return Load(*found)


async def total(hub: Hub, wanted: Filter) -> int:
    """How many there are, all of them."""
    counted = select(func.count()).select_from(WorkItem).where(*_conditions(hub, wanted))
    ((found,),) = await hub.database.survey(counted)
    return int(found)


async def kinds(hub: Hub) -> frozenset[str]:
    """The kinds of what is open, anybody's: from each to the next, however many there are of it."""
    found = [""]
    while True:
        ((following,),) = await hub.database.query(_NEXT_KIND, after=found[-1])
        if following is None:
            return frozenset(found[1:])
        found.append(following)


_NEXT_KIND = select(func.min(col(WorkItem.kind))).where(is_open(), col(WorkItem.kind) > bindparam("after"))


def _of_kind(*, whose: bool, late: bool) -> Question:
    conditions = [is_open(), col(WorkItem.kind) == bindparam("kind")]
    if whose:
        conditions.append(col(WorkItem.organization_id) == bindparam("organization"))
    if late:
        conditions.append(col(WorkItem.due_at) <= bindparam("now"))
    rows = select(col(WorkItem.id)).where(*conditions).limit(bindparam("most")).subquery()
    return select(func.count()).select_from(rows)


_OF_KIND = {(whose, late): _of_kind(whose=whose, late=late) for whose in (False, True) for late in (False, True)}


def _conditions(hub: Hub, wanted: Filter) -> list[ColumnElement[bool]]:
    found = [is_open() if wanted.state == "open" else is_closed()]
    if wanted.scope is not None:
        found.append(_among(col(WorkItem.organization_id), wanted.scope))
    if wanted.kinds is not None:
        found.append(_among(col(WorkItem.kind), wanted.kinds))
    if wanted.but:
        found.append(col(WorkItem.kind).not_in(sorted(wanted.but)))
    if wanted.assigned_to:
        found.append(col(WorkItem.assigned_to) == wanted.assigned_to)
    if wanted.escalated:
        found.append(col(WorkItem.escalated_at) > 0)
    if wanted.overdue:
        found.append(col(WorkItem.due_at) <= hub.clock.now())
    if wanted.until is not None:
        found.append(col(WorkItem.created_at) <= wanted.until)
    return found


def _among(column: Any, words: frozenset[str]) -> Any:
    """One word as that: SQLite chooses other indexes for a list of one."""
    return column == next(iter(words)) if len(words) == 1 else column.in_(sorted(words))


def _select() -> Question:
    return select(*(col(getattr(WorkItem, name)) for name in NAMES))


def _named(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(NAMES, row, strict=True)) for row in rows]
