"""What stands on the registers: narrowed, counted, and read a page at a time, newest first, each with its clocks."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlmodel import col

from hub.compliance import clocks
from hub.context import Hub
from hub.storage import matters as stored
from hub.storage.statements import columns_of
from hub.storage.tables import Matter, MatterClock


class Listed(NamedTuple):
    """Which matters; what is none or empty does not narrow. Instants are microseconds UTC."""

    scope: frozenset[str] | None
    """Of these organizations; none: everybody's."""
    kind: str | None = None
    state: str | None = "open"
    member: str | None = None
    overdue: bool = False
    """Only those with a clock that has been missed."""
    opened_by: str = ""
    assigned_to: str = ""
    until: int | None = None
    """Only those that were received then or earlier."""
    before: str | None = None
    limit: int = 50


class Load(NamedTuple):
    """How many there are; `late`: with a clock that has been missed."""

    stand: int = 0
    late: int = 0


async def listing(hub: Hub, wanted: Listed) -> list[dict[str, Any]]:
    """A page of matters with their clocks, newest first, without what is sealed."""
    statement = select(*(col(getattr(Matter, name)) for name in stored.NAMES)).where(*_conditions(hub, wanted))
    if wanted.before is not None:
        statement = statement.where(col(Matter.id) < wanted.before)
    page = statement.order_by(col(Matter.id).desc()).limit(wanted.limit)
    found = [stored.clear(row) for row in await hub.database.query(page)]
    running = await _clocks(hub, [each["id"] for each in found])
    return [each | {"clocks": running.get(each["id"], [])} for each in found]


async def loads(hub: Hub, wanted: Listed) -> dict[str, Load]:
    """How many there are of each kind, on all pages."""
    columns: tuple[Any, ...] = (col(Matter.kind), func.count())
    statement = select(*columns).where(*_conditions(hub, wanted)).group_by(col(Matter.kind))
    stand = await hub.database.query(statement)
    # Apart: what is late is found by its clocks, of which few were missed, and not by asking after each matter's.
    missed = stand if wanted.overdue else await hub.database.query(statement.where(_missed(hub)))
    late = {kind: int(n) for kind, n in missed}
    return {kind: Load(int(n), late.get(kind, 0)) for kind, n in stand}


def clock_view(clock: dict[str, Any], now: int) -> dict[str, Any]:
    """A clock with where it stands."""
    return clock | {"state": clocks.state(clock["due_at"], clock["met_at"], clock["lifted_at"], now)}


def _conditions(hub: Hub, wanted: Listed) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        # A literal: the index of what is open is found by no parameter.
        found.append(col(Matter.state) == literal_column("'open'" if wanted.state == "open" else "'closed'"))
    for name, column in (("kind", Matter.kind), ("member", Matter.member_id)):
        if getattr(wanted, name) is not None:
            found.append(col(column) == getattr(wanted, name))
    if wanted.scope is not None:
        found.append(col(Matter.organization_id).in_(sorted(wanted.scope)))
    if wanted.opened_by:
        found.append(col(Matter.opened_by) == wanted.opened_by)
    if wanted.assigned_to:
        found.append(col(Matter.assigned_to) == wanted.assigned_to)
    if wanted.until is not None:
        found.append(col(Matter.received_at) <= wanted.until)
    return [*found, _missed(hub)] if wanted.overdue else found


def _missed(hub: Hub) -> ColumnElement[bool]:
    missed = select(col(MatterClock.matter_id)).where(
        col(MatterClock.met_at).is_(None),
        col(MatterClock.lifted_at).is_(None),
        col(MatterClock.due_at) <= hub.clock.now(),
    )
    return col(Matter.id).in_(missed)


async def _clocks(hub: Hub, matters: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    names, now = columns_of(MatterClock), hub.clock.now()
    statement = (
        select(*(col(getattr(MatterClock, name)) for name in names))
        .where(col(MatterClock.matter_id).in_(list(matters)))
        .order_by(col(MatterClock.due_at))
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await hub.database.query(statement):
        view = dict(zip(names, row, strict=True))
        found.setdefault(view.pop("matter_id"), []).append(clock_view(view, now))
    return found
