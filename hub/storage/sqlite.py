"""SQLite: one file, WAL, full durability, group commit by one writer.

Statements run on the event loop's own thread (a few microseconds each); only COMMIT, which waits for the disk, runs in
another thread, and whatever arrives meanwhile forms the next group; and a survey, which counts whole tables. Running
the inserts in a thread as well would make each of them wait for the interpreter lock.
"""

import asyncio
import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import sqlite as dialect

from hub.errors import StorageFailed
from hub.storage import groups
from hub.storage.database import Unit
from hub.storage.groups import Work
from hub.storage.questions import Question, Questions
from hub.storage.statements import Lookup, Returning, Row

GROUP = 192
"""Most units of one transaction: three a message, of 64 messages under way."""
GATHER_TURNS = 8
"""Turns of the loop before a group is closed: about as many as a message takes steps. Under load those who are on their
way join it, the last group's callers too, and there are two groups where there were three: a group costs 0.4 ms,
whatever is in it, a turn in which nobody does anything microseconds.
"""
BUSY_SECONDS = 10.0
"""How long to wait for another process that holds the write lock."""
PAGE_BYTES = 8_192
"""Of a database that is made from now on. A document of 10 KiB is written in half as many pages as of SQLite's own
4 KiB, and each costs two system calls; an index that changes at a random place writes twice the bytes.
"""
BUSY_PAGES = 2_000
"""The log is copied into the file when it has 16 MiB (8 where pages have 4 KiB); at SQLite's own 4 MiB, every third
group would wait for that.
"""
CALM_PAGES = 250
"""While few wait, at 2 MiB: who comes then waits 2 ms and not 8, or 50 where the disk has others to serve. Copying in a
thread of its own, beside the commits, is not safe before SQLite 3.51.3 (sqlite.org/wal.html, the WAL-reset bug).
"""
CALM_UNITS = 16
"""Fewer than these in two groups after each other: few wait. Under load a small group follows a large one."""

_Waiting = tuple[Work, "asyncio.Future[Any]"]


class SqliteDatabase:
    """The embedded default; see `Database`."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path
        # The operating system caches the file anyway; but what a group has changed must fit, or it is written twice.
        self._reader = _connect(path, busy=BUSY_SECONDS, cache_kib=1_000)
        self._writer = _connect(path, busy=0.0, cache_kib=3_000)
        self._reading = False
        self._read: dict[tuple[Lookup, Any], list[Row]] = {}
        """What the look-ups of this turn have found: each message asks for the directory's version."""
        self._log_pages = BUSY_PAGES
        self._before = CALM_UNITS
        self._questions = Questions(dialect.dialect(paramstyle="qmark"))
        self._waiting: list[_Waiting] = []
        self._loop = asyncio.get_running_loop()  # once: in Python 3.11 the question is a system call
        self._wake = asyncio.Event()
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="sqlite-survey")
        self._surveyor: sqlite3.Connection | None = None
        """Of that thread; opened with the first survey."""
        self._closing = False
        self._task = asyncio.create_task(self._write_groups())

    async def commit(self, unit: Unit) -> None:
        await self._enqueue(unit)

    async def returning(self, statement: Returning, row: Row) -> list[Row]:
        rows: list[Row] = await self._enqueue((statement, row))
        return rows

    async def lookup(self, statement: Lookup, key: Any) -> list[Row]:
        try:
            self._read_on()
            rows = self._read.get((statement, key))
            if rows is None:
                rows = self._read[statement, key] = self._reader.execute(statement.sqlite, (key,)).fetchall()
        except UnicodeEncodeError:
            return []  # no row holds what UTF-8 has no bytes for
        except sqlite3.Error as error:
            raise StorageFailed("The database did not answer.") from error
        return rows

    async def query(self, statement: Question, **values: Any) -> list[Row]:
        text, row = self._questions(statement, values)
        try:
            self._read_anew()
            return self._reader.execute(text, row).fetchall()
        except sqlite3.Error as error:
            raise StorageFailed("The database did not answer.") from error

    async def survey(self, statement: Question) -> list[Row]:
        if self._closing:
            raise StorageFailed("The database is closing.")
        text, row = self._questions(statement, {})
        try:
            return await asyncio.get_running_loop().run_in_executor(self._aside, self._look_through, text, row)
        except sqlite3.Error as error:
            raise StorageFailed("The database did not answer.") from error

    def _look_through(self, text: str, row: list[Any]) -> list[Row]:
        self._surveyor = self._surveyor or _connect(self._path, busy=BUSY_SECONDS, cache_kib=1_000)
        return self._surveyor.execute(text, row).fetchall()

    async def close(self) -> None:
        self._closing = True
        self._wake.set()
        await self._task
        self._disk.shutdown()
        self._aside.shutdown()
        self._read_anew()
        if self._surveyor is not None:
            self._surveyor.close()
        self._reader.close()
        self._writer.close()

    def _read_on(self) -> None:
        """All look-ups of one turn of the loop read one state of the database, as it is at the first: taking locks and
        forgetting what was read cost more than a look-up. Who is told of a commit goes on in a later turn, and so
        sees it.
        """
        if not self._reading:
            self._reader.execute("BEGIN")
            self._reading = True
            self._loop.call_soon(self._read_anew)

    def _read_anew(self) -> None:
        if self._reading:
            self._reading = False
            self._read.clear()
            self._reader.execute("COMMIT")

    def _enqueue(self, work: Work) -> "asyncio.Future[Any]":
        if self._closing:
            raise StorageFailed("The database is closing.")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((work, future))
        self._wake.set()
        return future

    async def _write_groups(self) -> None:
        while not (self._closing and not self._waiting):
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                for _ in range(GATHER_TURNS):
                    await asyncio.sleep(0)
                await self._write(self._next_group())  # kept by no name here: its rows go before the next ones come

    def _next_group(self) -> list[_Waiting]:
        group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
        return group

    async def _write(self, group: list[_Waiting]) -> None:
        results = await self._committed(group)
        if isinstance(results, Exception):
            await self._after_failure(group, results)
            return
        for (_, future), result in zip(group, results, strict=True):
            _settle(future, result)

    async def _committed(self, group: list[_Waiting]) -> list[Any] | Exception:
        """What became of each unit, once the group is durable; or why none of it is."""
        try:
            self._bound_log(len(group))
            results = await self._applied(group)
            await self._loop.run_in_executor(self._disk, self._writer.commit)
        except Exception as error:  # noqa: BLE001 - also a value that cannot be bound: it must not stop the writer
            with contextlib.suppress(sqlite3.Error):
                self._writer.rollback()
            return error
        return results

    def _bound_log(self, units: int) -> None:
        pages = CALM_PAGES if units + self._before < CALM_UNITS else BUSY_PAGES
        self._before = units
        if pages != self._log_pages:
            self._log_pages = pages
            self._writer.execute(f"PRAGMA wal_autocheckpoint = {pages}")

    async def _begin(self) -> None:
        with contextlib.suppress(sqlite3.OperationalError):
            self._writer.execute("BEGIN IMMEDIATE")
            return
        # Another process writes: wait for it off the loop.
        await self._loop.run_in_executor(self._disk, self._begin_patiently)

    def _begin_patiently(self) -> None:
        self._writer.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        finally:
            self._writer.execute("PRAGMA busy_timeout = 0")

    async def _applied(self, group: list[_Waiting]) -> list[Any]:
        work = [each for each, _ in group]
        await self._begin()
        results = groups.at_once(self._writer, work)
        if results is None:
            self._writer.rollback()
            await self._begin()
            results = groups.in_order(self._writer, work)
        return results

    async def _after_failure(self, group: list[_Waiting], error: Exception) -> None:
        """One bad unit must not fail its neighbours: after a failed group each is tried alone."""
        if len(group) == 1:
            _settle(group[0][1], StorageFailed(_words(error)), error)
            return
        for work in group:
            await self._write([work])


def _connect(path: Path, *, busy: float, cache_kib: int) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=busy, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = FAST")  # a dropped data key does not stay behind in its page
    connection.execute(f"PRAGMA cache_size = {-cache_kib}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {BUSY_PAGES}")
    return connection


def _settle(future: "asyncio.Future[Any]", result: Any, cause: BaseException | None = None) -> None:
    if future.done():  # the caller was cancelled; what committed stays committed
        return
    if isinstance(result, Exception):
        result.__cause__ = cause
        future.set_exception(result)
    else:
        future.set_result(result)


def _words(error: Exception) -> str:
    full = isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
    return "The disk is full; the transaction did not commit." if full else "The transaction did not commit."
