"""P10's clock half: a million open clocks among a million settled items, and what the hub asks of them regularly and at
the desk.

A clock is a work item with its due instant. A third is past it; of reviews none has yet to go to compliance, as it is
nearly always, so that finding this out is what is measured. Beside each answer: how long it held the event loop at
most, which is what a submission would have waited for.
"""

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from hub.context import Hub
from hub.desk import queues
from hub.desk.queues import Listed
from hub.model import now_us
from hub.storage import migrations
from hub.storage.sqlite import SqliteDatabase
from hub.waiting.escalation import escalate
from hub.waiting.listing import Filter, soonest, total
from tests.bench.table import Line

CLOCKS = 1_000_000
ROUNDS = 5
_DAY_US = 86_400_000_000
_BEAT_S = 0.001
_FILL = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < 2 * :clocks)
INSERT INTO work_item (id, kind, state, organization_id, reference, code, created_at, due_at, escalated_at, proposed,
                       proposed_by, proposed_at, closed_at, resolution)
SELECT printf('%032x', i), CASE i % 4 WHEN 0 THEN 'hold' WHEN 1 THEN 'emergency_review' WHEN 2 THEN 'legal'
  ELSE 'order_review' END, CASE WHEN i < :clocks THEN 'open' ELSE 'closed' END, printf('program-%d', i % 40),
  printf('r%x', i), '2.51', :now - (i % 30) * :day, :now + (i % 30 - 10) * :day,
  CASE WHEN i % 30 > 1 THEN :now ELSE 0 END, '', '', 0,
  CASE WHEN i < :clocks THEN NULL ELSE :now - (i % 1000) * :day / 2 END,
  CASE WHEN i < :clocks THEN NULL ELSE 'reviewed' END
FROM n
"""


def lines(clocks: int = CLOCKS) -> Iterator[Line]:
    """Each question in seconds, round by round, each time on a newly opened database."""
    for name, (spent, held) in asyncio.run(_measure(clocks)).items():
        detail = f"held the loop for {max(held) * 1000:.0f} ms at most"
        yield Line("P10", f"a million open clocks: {name}", spent, 10, at_most=True, unit="s", detail=detail)


async def _measure(clocks: int) -> dict[str, tuple[list[float], list[float]]]:
    questions: dict[str, Callable[[Hub], Awaitable[Any]]] = {
        "what waits and what is late, by queue": lambda hub: queues.loads(hub, None),
        "all that waits, counted": lambda hub: total(hub, Filter(scope=None)),
        "what goes to compliance": lambda hub: escalate(hub, hub.clock.now()),
        "the first page that is late": lambda hub: soonest(hub, Filter(scope=None, overdue=True)),
        "the desk's page of what waits": lambda hub: queues.page(hub, Listed(), None),
        "the desk's page of what is settled": lambda hub: queues.page(hub, Listed(state="closed"), None),
    }
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in questions}
    with tempfile.TemporaryDirectory(prefix="part2hub-bench-") as folder:
        path = Path(folder) / "hub.sqlite"
        await asyncio.to_thread(migrations.upgrade, f"sqlite:///{path}")
        now = now_us()
        with sqlite3.connect(path) as connection:
            connection.execute(_FILL, {"clocks": clocks, "now": now, "day": _DAY_US})
        connection.close()
        for _ in range(ROUNDS):
            for name, ask in random.sample(sorted(questions.items()), len(questions)):
                database = SqliteDatabase(path)
                hub = SimpleNamespace(database=database, clock=SimpleNamespace(now=lambda: now))
                spent, held = await _timed(ask(cast("Hub", hub)))
                times[name][0].append(spent)
                times[name][1].append(held)
                await database.close()
    return times


async def _timed(question: Awaitable[Any]) -> tuple[float, float]:
    """How long it took, and the longest time that nothing else could run, in seconds."""
    gaps = [0.0]

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(_BEAT_S)
            last, before = time.perf_counter(), last
            gaps.append(last - before - _BEAT_S)

    beating = asyncio.create_task(beat())
    await asyncio.sleep(0)
    began = time.perf_counter()
    await question
    spent = time.perf_counter() - began
    await asyncio.sleep(2 * _BEAT_S)
    beating.cancel()
    return spent, max(gaps)
