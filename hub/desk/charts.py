"""What the charts show: disclosures and refusals over time, reasons, clocks met and missed, who reads how much."""

from collections.abc import Iterable
from datetime import date, timedelta
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import case, func, select
from sqlmodel import col

from hub.compliance import looked
from hub.context import Hub
from hub.desk import call_clocks, counts
from hub.desk.log import Wanted
from hub.storage.tables import Matter, MatterClock, WorkItem

SERIES = 5
"""Values that a chart shows by themselves; the rest are added up."""
REST = ""
FAR_MORE = 3.0
"""How many times the median of their peers somebody reads before they stand out."""
LEAST_READ = 20
EPOCH = date(1970, 1, 1)
"""Day number 0."""


class Chart(NamedTuple):
    """`columns`: the first day of each bar. `rows`: a value and its count in each column; `REST` is everything else."""

    columns: list[date]
    rows: list[tuple[str, list[int]]]

    @property
    def total(self) -> int:
        """Of everything."""
        return sum(sum(row) for _, row in self.rows)


class Clocks(NamedTuple):
    """How many deadlines of a kind were met, and how many were not."""

    name: str
    met: int
    missed: int
    newest: int = 0
    """Only so many of the newest were counted; 0: all were."""


class Reader(NamedTuple):
    """Somebody, how much they read, and how many times the median that is (0: too little to say)."""

    by: str
    views: int
    times: float
    glass: int
    """In how many emergencies they read what their role or scope does not open."""


async def over_time(hub: Hub, by: str, first: int, last: int, wanted: Wanted, scope: frozenset[str] | None) -> Chart:
    """Rows by a column's values, day numbers `first` to `last`: by week, or by month over half a year."""
    days = await counts.by_day(hub, by, first, last, wanted, scope)
    starts = sorted({_start(day, last - first) for day in range(first, last + 1)})
    sums: dict[str, dict[date, int]] = {}
    for day, found in days.items():
        for value, n in found.items():
            if value:
                column = sums.setdefault(value, {})
                start = _start(day, last - first)
                column[start] = column.get(start, 0) + n
    ordered = sorted(sums, key=lambda value: (-sum(sums[value].values()), value))
    rows = [(value, [sums[value].get(start, 0) for start in starts]) for value in ordered[:SERIES]]
    rest = [sum(sums[value].get(start, 0) for value in ordered[SERIES:]) for start in starts]
    return Chart(starts, [*rows, *([(REST, rest)] if any(rest) else [])])


async def clocks(hub: Hub, since: int, scope: frozenset[str] | None) -> list[Clocks]:
    """Deadlines that ended since an instant: of the registers by name, of calls after discharges, of `work`."""
    now = hub.clock.now()
    met = func.sum(case((col(MatterClock.met_at) < col(MatterClock.due_at), 1), else_=0))
    columns: tuple[Any, ...] = (col(MatterClock.name), func.count(), met)
    statement = (
        select(*columns)
        .join(Matter, col(Matter.id) == col(MatterClock.matter_id))
        .where(col(MatterClock.lifted_at).is_(None), col(MatterClock.due_at) >= since)
        .where((col(MatterClock.due_at) <= now) | col(MatterClock.met_at).is_not(None))
        .group_by(col(MatterClock.name))
        .order_by(col(MatterClock.name))
    )
    if scope is not None:
        statement = statement.where(col(Matter.organization_id).in_(sorted(scope)))
    found = [Clocks(name, int(good), int(all_ - good)) for name, all_, good in await hub.database.survey(statement)]
    others = [await _calls(hub, since, scope), await _work(hub, since, now, scope)]
    return [*found, *(each for each in others if each.met or each.missed)]


async def readers(hub: Hub, since: int) -> list[Reader]:
    """Who looked how often since an instant, most first, and who stands out among their peers."""
    found = await looked.readers(hub, since, hub.clock.now() + 1)
    people = [each for each in found if "/" in each.by]
    return [
        Reader(each.by, each.views, _times(each.views, (o.views for o in people if o.by != each.by)), each.glass)
        for each in people
    ]


def _times(n: int, others: Iterable[int]) -> float:
    peers = list(others)
    return round(n / max(median(peers), 1), 1) if peers and n >= LEAST_READ else 0.0


async def _calls(hub: Hub, since: int, scope: frozenset[str] | None) -> Clocks:
    calls = await call_clocks.counted(hub, since, scope)
    return Clocks(call_clocks.NAME, calls.met, calls.missed, call_clocks.MOST if calls.more else 0)


async def _work(hub: Hub, since: int, now: int, scope: frozenset[str] | None) -> Clocks:
    met = func.sum(case((col(WorkItem.closed_at) <= col(WorkItem.due_at), 1), else_=0))
    columns: tuple[Any, ...] = (func.count(), func.coalesce(met, 0))
    statement = select(*columns).where(col(WorkItem.due_at) >= since)
    statement = statement.where((col(WorkItem.due_at) <= now) | (col(WorkItem.state) == "closed"))
    if scope is not None:
        statement = statement.where(col(WorkItem.organization_id).in_(sorted(scope)))
    ((ended, good),) = await hub.database.survey(statement)
    return Clocks("work", int(good), int(ended - good))


def _start(day: int, days: int) -> date:
    on = EPOCH + timedelta(days=day)
    if days <= 31:
        return on
    return on.replace(day=1) if days > 183 else on - timedelta(days=on.weekday())
