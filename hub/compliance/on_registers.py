"""What stands on the registers: narrowed, counted, and read a page at a time, newest first, each with its clocks."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select
from sqlmodel import col

from hub.compliance import clocks
from hub.context import Hub
from hub.storage import matters as stored
from hub.storage.statements import columns_of
from hub.storage.tables import Matter, MatterClock
from hub.waiting.listing import MOST


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
    """How many there are, counted to one more than `MOST`; `late`: with a clock that has been missed."""

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


async def loads(hub: Hub, scope: frozenset[str] | None, registers: Sequence[str]) -> dict[str, Load]:
    """How many are open on each of these registers."""
    return {each: Load(*[await _open(hub, scope, each, late=late) for late in (False, True)]) for each in registers}


async def _open(hub: Hub, scope: frozenset[str] | None, register: str, *, late: bool) -> int:
    found = 0
    for organization in [None] if scope is None else sorted(scope):
        whose = {} if organization is None else {"organization": organization}
        values = {"kind": register, "most": MOST + 1, **whose, **({"now": hub.clock.now()} if late else {})}
        ((n,),) = await hub.database.query(_OF_REGISTER[bool(whose), late], **values)
        found = min(found + int(n), MOST + 1)
    return found


async def count(hub: Hub, wanted: Listed) -> int:
    """How many there are on all pages, counted to one more than `MOST`."""
    rows = select(col(Matter.id)).where(*_conditions(hub, wanted)).limit(MOST + 1).subquery()
    ((found,),) = await hub.database.query(select(func.count()).select_from(rows))
    return int(found)


async def total(hub: Hub, wanted: Listed) -> int:
    """How many there are on all pages, all of them."""
    counted = select(func.count()).select_from(Matter).where(*_conditions(hub, wanted))
    ((found,),) = await hub.database.survey(counted)
    return int(found)


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
    return [*found, _missed(hub.clock.now())] if wanted.overdue else found


def _missed(now: Any) -> ColumnElement[bool]:
    missed = select(col(MatterClock.matter_id)).where(
        col(MatterClock.met_at).is_(None),
        col(MatterClock.lifted_at).is_(None),
        col(MatterClock.due_at) <= now,
    )
    return col(Matter.id).in_(missed)


def _of_register(*, whose: bool, late: bool) -> Any:
    conditions = [col(Matter.state) == literal_column("'open'"), col(Matter.kind) == bindparam("kind")]
    if whose:
        conditions.append(col(Matter.organization_id) == bindparam("organization"))
    if late:
        conditions.append(_missed(bindparam("now")))
    rows = select(col(Matter.id)).where(*conditions).limit(bindparam("most")).subquery()
    return select(func.count()).select_from(rows)


_OF_REGISTER = {
    (whose, late): _of_register(whose=whose, late=late) for whose in (False, True) for late in (False, True)
}


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
