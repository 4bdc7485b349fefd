"""P10's query half: the first page of the disclosure log over ten million entries, under filters good and bad.

The rows are made in the database itself, spread over six years; the limit of P10 is 200 ms for a first page.
"""

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from hub.context import Hub
from hub.desk import log
from hub.desk.log import Wanted
from hub.storage import migrations
from hub.storage.sqlite import SqliteDatabase
from tests.bench.table import Line

ROWS = 10_000_000
ROUNDS = 5
LIMIT_MS = 200
YEARS_US = 6 * 365 * 86_400_000_000
_FILL = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :rows)
INSERT INTO log_row (position, reference, at, outcome, submission_id, decision_id, member_id, program, recipient,
                     channel, purpose, basis, laws, reason, items)
SELECT i, printf('%032x', i), :start + CAST(i * 1.0 * {YEARS_US} / :rows AS INTEGER),
  CASE WHEN i % 100000 = 7 THEN 'unknown' WHEN i % 11 = 0 THEN 'withheld' ELSE 'disclosed' END,
  printf('s%x', i / 2), printf('d%x', i), printf('m%06d', (i * 7919) % 400000), printf('program-%d', (i * 31) % 40),
  printf('recipient-%d', (i * 17) % 60),
  CASE i % 11 WHEN 0 THEN '' WHEN 1 THEN 'fax' WHEN 2 THEN 'api' ELSE 'email' END,
  CASE WHEN i % 5 = 0 THEN 'payment' ELSE 'treatment' END,
  CASE WHEN i % 11 = 0 THEN '' WHEN i % 50000 = 9 THEN 'court_order'
    WHEN i % 300 = 5 THEN 'emergency' ELSE 'consent' END,
  '2.33(a)(1); 2.31', CASE WHEN i % 11 = 0 THEN 'consent.none' ELSE '' END, 'summary'
FROM n
"""
_LAWS = "INSERT INTO log_law (law, position) SELECT '2.51', position FROM log_row WHERE basis = 'emergency'"
ASKED = {
    "no filter": {},
    "one member": {"member": "m000042"},
    "a program": {"program": "program-3"},
    "fax": {"channel": "fax"},
    "outcome unknown": {"outcome": "unknown"},
    "court orders": {"basis": "court_order"},
    "paragraph 2.51": {"paragraph": "2.51"},
    "emergencies by fax to one": {"basis": "emergency", "channel": "fax", "recipient": "recipient-9"},
    "two that never meet": {"program": "program-3", "recipient": "recipient-2"},
    "withheld, by email (none)": {"outcome": "withheld", "channel": "email"},
    "half the log, one month": {"purpose": "treatment", "since": "month"},
}


def lines(rows: int = ROWS) -> Iterator[Line]:
    """One line for each question: how long its first page took, round by round, each on a newly opened database."""
    return iter(asyncio.run(_measure(rows)))


async def _measure(rows: int) -> list[Line]:
    with tempfile.TemporaryDirectory(prefix="part2hub-bench-") as folder:
        path = Path(folder) / "hub.sqlite"
        await asyncio.to_thread(migrations.upgrade, f"sqlite:///{path}")
        start = time.time_ns() // 1000 - YEARS_US
        made = time.perf_counter()
        await asyncio.to_thread(fill, path, rows, start)
        print(f"made {rows:,} rows, {path.stat().st_size / 1e9:.1f} GB, in {time.perf_counter() - made:.0f} s")
        return await _ask(path, start + YEARS_US - 30 * 86_400_000_000)


async def _ask(path: Path, month: int) -> list[Line]:
    times: dict[str, list[float]] = {name: [] for name in ASKED}
    found: dict[str, int] = {}
    for _ in range(ROUNDS):
        for name, filters in random.sample(sorted(ASKED.items()), len(ASKED)):
            given: dict[str, Any] = {**filters, **({"since": month} if "since" in filters else {})}
            database = SqliteDatabase(path)
            began = time.perf_counter()
            page = await log.page(cast("Hub", SimpleNamespace(database=database)), Wanted(**given), None)
            times[name].append((time.perf_counter() - began) * 1000)
            found[name] = len(page.rows)
            await database.close()
    return [
        Line("P10", f"log of {ROWS:,}: {name}", spent, LIMIT_MS, at_most=True, unit="ms", detail=f"{found[name]} rows")
        for name, spent in times.items()
    ]


def fill(path: Path, rows: int, start: int) -> None:
    """Rows first, indexes after: a tree is built faster from sorted entries."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -400000")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'log_row' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    connection.execute(_FILL, {"rows": rows, "start": start})
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute(_LAWS)
    connection.commit()
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
