"""Exports of a million rows: how long each form takes, and how much memory beyond what the hub had before.

The rows are made in the database itself (`log_pages`); each form is written by a process of its own, so that its peak
is its own; so is the filling. A PDF, which is for people to read, refuses so many in words.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from hub.desk import export
from hub.desk.log import Wanted
from hub.errors import TooLarge
from hub.storage.directory import DirectoryStore
from hub.storage.sqlite import SqliteDatabase
from tests.bench import log_pages
from tests.bench.table import Line
from tests.hubs import a_hub

ROWS = 1_000_000
FORMS = ("csv", "jsonl", "xlsx", "pdf")
MOST_MIB = 64
MOST_S = 600


class Cost(NamedTuple):
    seconds: float
    mebibytes: float
    bytes: int
    """Of the file; 0: refused."""


def lines(rows: int = ROWS) -> Iterator[Line]:
    """Two lines for each form: seconds, and mebibytes at the peak beyond those before it began."""
    for form in FORMS:
        with tempfile.TemporaryDirectory(prefix="part2hub-bench-") as folder:
            cost = Cost(*json.loads(_alone("write", folder, form, str(rows))))
        told = f"{cost.bytes / 1e6:,.0f} MB" if cost.bytes else "refused in words, nothing written"
        what = f"export of {rows:,} rows: {form}"
        yield Line("X", what, [cost.seconds], MOST_S, at_most=True, unit="s", detail=told)
        yield Line("X", f"{what}, memory", [cost.mebibytes], MOST_MIB, at_most=True, unit="MiB")


def _alone(*words: str) -> bytes:
    command = [sys.executable, "-m", "tests.bench.exports", *words]
    return subprocess.run(command, stdout=subprocess.PIPE, timeout=2 * MOST_S, check=True).stdout


async def _written(folder: Path, form: str, rows: str) -> Cost:
    path = folder / "hub.sqlite"
    async with a_hub(f"sqlite:///{path}") as hub:
        pass
    await asyncio.to_thread(_alone, "fill", str(path), rows)
    database = SqliteDatabase(path)
    hub = replace(hub, database=database, directory=DirectoryStore(database, hub.zone))
    before, began, size = _peak(), time.perf_counter(), 0
    with tempfile.TemporaryFile(dir=folder) as out, suppress(TooLarge):
        await export.write(hub, Wanted(), None, form, out, by="county/bench")
        size = out.seek(0, 2)
    await database.close()
    return Cost(time.perf_counter() - began, _peak() - before, size)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        log_pages.fill(Path(sys.argv[2]), int(sys.argv[3]), time.time_ns() // 1000 - log_pages.YEARS_US)
    else:
        print(json.dumps(asyncio.run(_written(Path(sys.argv[2]), *sys.argv[3:]))))
