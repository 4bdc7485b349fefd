"""P10's clock half: a million open clocks, and what the hub asks of them regularly and at the desk.

A clock is a work item with its due instant. A third is past it; of reviews none has yet to go to compliance, as it is
nearly always, so that finding this out is what is measured.
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
from hub.model import now_us
from hub.storage import migrations
from hub.storage.sqlite import SqliteDatabase
from hub.waiting.escalation import escalate
from hub.waiting.listing import Filter, loads, soonest
from tests.bench.table import Line

CLOCKS = 1_000_000
ROUNDS = 5
_DAY_US = 86_400_000_000
_FILL = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :clocks)
INSERT INTO work_item (id, kind, state, organization_id, reference, code, created_at, due_at, escalated_at, proposed,
                       proposed_by, proposed_at)
SELECT printf('%032x', i), CASE i % 4 WHEN 0 THEN 'hold' WHEN 1 THEN 'emergency_review' WHEN 2 THEN 'legal'
  ELSE 'order_review' END, 'open', printf('program-%d', i % 40), printf('r%x', i), '2.51',
  :now - (i % 30) * :day, :now + (i % 30 - 10) * :day, CASE WHEN i % 30 > 1 THEN :now ELSE 0 END, '', '', 0
FROM n
"""


def lines(clocks: int = CLOCKS) -> Iterator[Line]:
    """Each question in seconds, round by round, each time on a newly opened database."""
    for name, spent in asyncio.run(_measure(clocks)).items():
        yield Line("P10", f"a million open clocks: {name}", spent, 10, at_most=True, unit="s")


async def _measure(clocks: int) -> dict[str, list[float]]:
    questions: dict[str, Callable[[Hub], Awaitable[Any]]] = {
        "what is late, by kind": lambda hub: loads(hub, Filter(scope=None)),
        "what goes to compliance": lambda hub: escalate(hub, hub.clock.now()),
        "the first page that is late": lambda hub: soonest(hub, Filter(scope=None, overdue=True)),
    }
    times: dict[str, list[float]] = {name: [] for name in questions}
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
                began = time.perf_counter()
                await ask(cast("Hub", hub))
                times[name].append(time.perf_counter() - began)
                await database.close()
    return times
