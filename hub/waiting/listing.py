"""Work items as lists: narrowed, counted, and read a page at a time, by what is due first or by what is newest."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from hub.context import Hub
from hub.storage.tables import WorkItem
from hub.waiting.work import NAMES, is_closed, is_open

_NO_DUE = 1 << 62
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
    """How many there are; `late`: open past their due instant."""

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
    if after is None or after.at != _NO_DUE:
        found += await hub.database.query(_due(statement, after).limit(limit))
        after = None
    if len(found) < limit and not wanted.overdue:
        # Apart, because an index holds nothing of what has no clock in an order that both databases share.
        found += await hub.database.query(_never_due(statement, after).limit(limit - len(found)))
    return _named(found)


def place_of(item: dict[str, Any]) -> Place:
    """Where an item stands in the order of `soonest`."""
    at = item["closed_at"] if item["state"] == "closed" else item["due_at"]
    return Place(_NO_DUE if at is None else at, item["id"])


def _due(statement: Any, after: Place | None) -> Any:
    at, item = col(WorkItem.due_at), col(WorkItem.id)
    statement = statement.where(at.is_not(None) if after is None else at >= after.at)
    if after is not None:
        statement = statement.where((at > after.at) | (item > after.id))
    return statement.order_by(at, item)


def _never_due(statement: Any, after: Place | None) -> Any:
    statement = statement.where(col(WorkItem.due_at).is_(None))
    if after is not None:
        statement = statement.where(col(WorkItem.id) > after.id)
    return statement.order_by(col(WorkItem.id))


def _settled(statement: Any, after: Place | None) -> Any:
    at, item = col(WorkItem.closed_at), col(WorkItem.id)
    if after is not None:
        statement = statement.where(at <= after.at, (at < after.at) | (item < after.id))
    return statement.order_by(at.desc(), item.desc())


async def count(hub: Hub, wanted: Filter, most: int) -> int:
    """How many there are, counted no further than `most`."""
    rows = select(col(WorkItem.id)).where(*_conditions(hub, wanted)).limit(most).subquery()
    ((found,),) = await hub.database.query(select(func.count()).select_from(rows))
    return int(found)


async def loads(hub: Hub, wanted: Filter) -> dict[str, Load]:
    """How many there are of each kind."""
    late = func.count().filter(is_open(), col(WorkItem.due_at) <= hub.clock.now())
    columns: tuple[Any, ...] = (col(WorkItem.kind), func.count(), late)
    statement = select(*columns).where(*_conditions(hub, wanted)).group_by(col(WorkItem.kind))
    return {kind: Load(int(waits), int(late)) for kind, waits, late in await hub.database.query(statement)}


def _conditions(hub: Hub, wanted: Filter) -> list[ColumnElement[bool]]:
    found = [is_open() if wanted.state == "open" else is_closed()]
    if wanted.scope is not None:
        found.append(col(WorkItem.organization_id).in_(sorted(wanted.scope)))
    if wanted.kinds is not None:
        found.append(col(WorkItem.kind).in_(sorted(wanted.kinds)))
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


def _select() -> Any:
    return select(*(col(getattr(WorkItem, name)) for name in NAMES))


def _named(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(NAMES, row, strict=True)) for row in rows]
