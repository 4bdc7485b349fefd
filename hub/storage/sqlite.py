"""SQLite: one file, WAL, full durability, group commit by one writer.

Statements run on the event loop's own thread (a few microseconds each); only COMMIT, which waits for the disk, runs in
another thread, and whatever arrives meanwhile forms the next group. Running the inserts in a thread as well would
make each of them wait for the interpreter lock.
"""

import asyncio
import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite as dialect

from hub.errors import Stale, StorageFailed
from hub.storage.database import Unit
from hub.storage.statements import Lookup, Returning, Row

GROUP = 64
"""Most units of one transaction."""
BUSY_SECONDS = 10.0
"""How long to wait for another process that holds the write lock."""
_DIALECT = dialect.dialect(paramstyle="qmark")

_Work = tuple[Unit | tuple[Returning, Row], "asyncio.Future[Any]"]


class SqliteDatabase:
    """The embedded default; see `Database`."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = _connect(path, busy=BUSY_SECONDS)
        self._writer = _connect(path, busy=0.0)
        self._waiting: list[_Work] = []
        self._committed: list[tuple[asyncio.Future[Any], Any]] = []
        self._wake = asyncio.Event()
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")
        self._closing = False
        self._task = asyncio.create_task(self._write_groups())

    async def commit(self, unit: Unit) -> None:
        await self._enqueue(unit)

    async def returning(self, statement: Returning, row: Row) -> list[Row]:
        rows: list[Row] = await self._enqueue((statement, row))
        return rows

    async def lookup(self, statement: Lookup, key: Any) -> list[Row]:
        try:
            return self._reader.execute(statement.sqlite, (key,)).fetchall()
        except sqlite3.Error as error:
            raise StorageFailed("The database did not answer.") from error

    async def query(self, statement: Select[Any]) -> list[Row]:
        compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        values = compiled.params
        row = [values[name] for name in compiled.positiontup or ()]
        try:
            return self._reader.execute(str(compiled), row).fetchall()
        except sqlite3.Error as error:
            raise StorageFailed("The database did not answer.") from error

    async def close(self) -> None:
        self._closing = True
        self._wake.set()
        await self._task
        self._disk.shutdown()
        self._reader.close()
        self._writer.close()

    async def _enqueue(self, work: Unit | tuple[Returning, Row]) -> Any:
        if self._closing:
            raise StorageFailed("The database is closing.")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        self._wake.set()
        return await future

    async def _write_groups(self) -> None:
        while not (self._closing and not self._waiting):
            await self._wake.wait()
            self._wake.clear()
            # One turn of the loop, so that callers who are ready in this very moment join the group.
            await asyncio.sleep(0)
            while self._waiting:
                group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
                await self._write(group)
            self._settle_committed()

    async def _write(self, group: list[_Work]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await self._begin()
            results = [self._apply(work) for work, _ in group]
            committing = loop.run_in_executor(self._disk, self._writer.commit)
            # Only now do the last group's callers go on, while the disk has this group. Told earlier, all callers would
            # come to wait for one commit together, and the disk for all of them in turn.
            self._settle_committed()
            await committing
        except Exception as error:  # noqa: BLE001 - also a value that cannot be bound: it must not stop the writer
            with contextlib.suppress(sqlite3.Error):
                self._writer.rollback()
            self._settle_committed()
            await self._after_failure(group, error)
            return
        self._committed = [(future, result) for (_, future), result in zip(group, results, strict=True)]

    def _settle_committed(self) -> None:
        committed, self._committed = self._committed, []
        for future, result in committed:
            _settle(future, result)

    async def _begin(self) -> None:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            # Another process writes: wait for it off the loop.
            self._settle_committed()
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._disk, self._begin_patiently)

    def _begin_patiently(self) -> None:
        self._writer.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        finally:
            self._writer.execute("PRAGMA busy_timeout = 0")

    def _apply(self, work: Unit | tuple[Returning, Row]) -> Any:
        execute = self._writer.execute
        if not isinstance(work, Unit):
            return execute(work[0].sqlite, work[1]).fetchall()
        for statement, row, code in work.guards:
            # fetchall, for a statement with RETURNING writes only once it has been stepped to its end.
            if not execute(statement.sqlite, row).fetchall():
                return Stale("The facts changed meanwhile.", code=code)
        for statement, row, _ in work.writes:
            execute(statement.sqlite, row)
        return None

    async def _after_failure(self, group: list[_Work], error: Exception) -> None:
        """One bad unit must not fail its neighbours: after a failed group each is tried alone."""
        if len(group) == 1:
            _settle(group[0][1], StorageFailed("The transaction did not commit."), error)
            return
        for work in group:
            await self._write([work])


def _connect(path: Path, busy: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=busy, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -1000")  # KiB; the operating system caches the file anyway
    return connection


def _settle(future: "asyncio.Future[Any]", result: Any, cause: BaseException | None = None) -> None:
    if future.done():  # the caller was cancelled; what committed stays committed
        return
    if isinstance(result, Exception):
        result.__cause__ = cause
        future.set_exception(result)
    else:
        future.set_result(result)
