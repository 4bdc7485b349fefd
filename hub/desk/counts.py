"""How many disclosures and refusals, by day and kind: what charts and the timeline are drawn from."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import col

from hub.context import Hub
from hub.desk.log import Wanted
from hub.storage.tables import LogCount, LogRow

COUNTED = ("program", "recipient", "channel", "purpose", "basis", "outcome")
MOST_OF_ONE = 5_000
"""Rows of one member that are counted one by one; nobody has so many."""
Days = Mapping[int, Mapping[str, int]]
"""By day number, by value, how many."""


async def by_day(hub: Hub, by: str, first: int, last: int, wanted: Wanted, scope: frozenset[str] | None) -> Days:
    """How many rows of each value of the column `by` on each day from `first` to `last` (`projection.day_number`)."""
    value = col(getattr(LogCount, by))
    statement = (
        select(col(LogCount.day), value, func.sum(col(LogCount.n)))
        .where(col(LogCount.day) >= first, col(LogCount.day) <= last, *_conditions(LogCount, wanted, scope))
        .group_by(col(LogCount.day), value)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for day, name, n in await hub.database.survey(statement):
        if n:
            found[int(day)][name] = int(n)
    return found


async def totals(
    hub: Hub, by: str, first: int, last: int, wanted: Wanted, scope: frozenset[str] | None
) -> list[tuple[str, int]]:
    """The values of a column with how many rows each has, most first."""
    value, n = col(getattr(LogCount, by)), func.sum(col(LogCount.n))
    statement = (
        select(value, n)
        .where(col(LogCount.day) >= first, col(LogCount.day) <= last, *_conditions(LogCount, wanted, scope))
        .group_by(value)
        .order_by(n.desc(), value)
    )
    return [(name, int(count)) for name, count in await hub.database.survey(statement) if name and count]


async def of_member(hub: Hub, wanted: Wanted, scope: frozenset[str] | None) -> list[dict[str, Any]]:
    """When something about the wanted member was disclosed or refused: `at` and `outcome`, newest first."""
    columns: tuple[Any, ...] = (col(LogRow.at), col(LogRow.outcome))
    of_one = col(LogRow.member_id) == wanted.member
    statement = select(*columns).where(of_one, *_conditions(LogRow, wanted, scope))
    newest = statement.order_by(col(LogRow.position).desc()).limit(MOST_OF_ONE)
    rows = await hub.database.query(newest)
    return [{"at": at, "outcome": outcome} for at, outcome in rows]


def _conditions(
    table: type[LogRow] | type[LogCount], wanted: Wanted, scope: frozenset[str] | None
) -> list[ColumnElement[bool]]:
    found = [col(getattr(table, name)) == getattr(wanted, name) for name in COUNTED if getattr(wanted, name)]
    return found if scope is None else [*found, _within(table, scope)]


def _within(table: type[LogRow] | type[LogCount], scope: frozenset[str]) -> ColumnElement[bool]:
    arrived = col(table.recipient).in_(sorted(scope)) & (col(table.outcome) == "disclosed")
    return or_(col(table.program).in_(sorted(scope)), arrived)
