"""Who has the processors while something runs, and what PostgreSQL's connections wait for meanwhile."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

_LOOK_S = 0.01
_TICKS = os.sysconf("SC_CLK_TCK")
_ALL = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
_WAITING = (
    "SELECT CASE wait_event_type WHEN 'Lock' THEN 'for locks' ELSE 'for the log on its disk' END "
    "FROM pg_stat_activity WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid() "
    "AND (wait_event_type = 'Lock' OR wait_event LIKE 'WAL%')"
)


def spent(pid: int) -> float:
    """Processor time of a process so far, in seconds; 0 if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Shares:
    """Sums over all that was watched."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seconds = 0.0
        self._spent = Counter[str]()
        self._looks = 0
        self._waits = Counter[str]()

    @asynccontextmanager
    async def watched(self, processes: Mapping[str, Iterable[int]]) -> AsyncIterator[None]:
        """Add what these processes, PostgreSQL's and all others spend from here to the end of the block."""
        connection = await asyncpg.connect(self._url)
        looking = asyncio.create_task(self._look(await asyncpg.connect(self._url)))
        before, began = await _now(connection, processes), time.perf_counter()
        try:
            yield
        finally:
            self._seconds += time.perf_counter() - began
            after = await _now(connection, processes)
            looking.cancel()
            await connection.close()
        for name, seconds in after.items():
            self._spent[name] += seconds - before[name]

    def __str__(self) -> str:
        named = {name: seconds / self._seconds for name, seconds in self._spent.items()}
        others = named.pop("all") - sum(share for name, share in named.items() if name != "idle")
        shares = ", ".join(f"{name} {share:.2f}" for name, share in {**named, "others": others}.items())
        waits = ", ".join(f"{count / max(self._looks, 1):.2f} {what}" for what, count in sorted(self._waits.items()))
        return f"of {os.cpu_count()} cores {shares}; connections waiting: {waits or 'none'}"

    async def _look(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        try:
            while True:
                self._waits.update(row[0] for row in await connection.fetch(_WAITING))
                self._looks += 1
                await asyncio.sleep(_LOOK_S)
        finally:
            connection.terminate()


async def _now(
    connection: "asyncpg.Connection[asyncpg.Record]", processes: Mapping[str, Iterable[int]]
) -> Counter[str]:
    """Processor time by name in seconds; of PostgreSQL that of all its processes but those that look."""
    server = [row[0] for row in await connection.fetch(_ALL)]
    ticks = [int(each) for each in Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    found = Counter({name: sum(map(spent, pids)) for name, pids in processes.items()})
    found.update({"PostgreSQL": sum(map(spent, server)), "idle": idle / _TICKS, "all": (sum(ticks) - idle) / _TICKS})
    return found
