"""PostgreSQL through asyncpg: the same units, many at a time with one round trip a statement.

Group commit: waiting units share one transaction, each statement runs once over the arrays of all units' rows.
Look-ups that are asked in the same moment are answered by one query. Isolation is READ COMMITTED; the guards take the
row locks that order a revocation and an intent.
"""

import asyncio
import contextlib
from collections import defaultdict
from typing import Any

import asyncpg
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from hub.errors import Stale, StorageFailed
from hub.storage.database import Step, Unit
from hub.storage.groups import order_matters
from hub.storage.questions import Question, Questions
from hub.storage.statements import Lookup, Returning, Row, Statement

GROUP = 192
WRITERS = 2
"""Transactions in flight at once; more than one hides the disk's latency."""
_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)

_Waiting = tuple[Unit, "asyncio.Future[None]"]


class PostgresDatabase:
    """For more than one machine; see `Database`."""

    dialect = "postgresql"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._questions = Questions(dialect.dialect())  # type: ignore[no-untyped-call]
        self._units: list[_Waiting] = []
        self._keys: dict[Lookup, dict[Any, asyncio.Future[list[Row]]]] = {}
        self._wake = asyncio.Event()
        self._closing = False
        self._tasks = [asyncio.create_task(self._write_groups()) for _ in range(WRITERS)]
        self._readers: set[asyncio.Task[None]] = set()

    @classmethod
    async def connect(cls, url: str, *, connections: int = 8) -> "PostgresDatabase":
        """Open a pool. Raises `StorageFailed` if the server does not answer."""
        try:
            pool = await asyncpg.create_pool(url, min_size=2, max_size=connections, command_timeout=30)
        except _FAILURES as error:
            raise StorageFailed("PostgreSQL does not answer.") from error
        return cls(pool)

    async def commit(self, unit: Unit) -> None:
        if self._closing:
            raise StorageFailed("The database is closing.")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._units.append((unit, future))
        self._wake.set()
        await future

    async def returning(self, statement: Returning, row: Row) -> list[Row]:
        try:
            return [tuple(record) for record in await self._pool.fetch(statement.postgres, *row)]
        except _FAILURES as error:
            raise StorageFailed("PostgreSQL does not answer.") from error

    async def lookup(self, statement: Lookup, key: Any) -> list[Row]:
        if isinstance(key, str) and not _is_text(key):
            return []  # it would fail the question of whoever asks in the same moment
        asked = self._keys.get(statement)
        if asked is None:
            asked = self._keys[statement] = {}
            task = asyncio.create_task(self._answer(statement, asked))
            self._readers.add(task)
            task.add_done_callback(self._readers.discard)
        future = asked.get(key)
        if future is None:
            future = asked[key] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(future)

    async def query(self, statement: Question, **values: Any) -> list[Row]:
        text, row = self._questions(statement, values)
        try:
            return [tuple(record) for record in await self._pool.fetch(text, *row)]
        except _FAILURES as error:
            raise StorageFailed("PostgreSQL does not answer.") from error

    async def survey(self, statement: Question) -> list[Row]:
        return await self.query(statement)

    async def close(self) -> None:
        self._closing = True
        self._wake.set()
        await asyncio.gather(*self._tasks, *self._readers)
        await self._pool.close()

    async def _answer(self, statement: Lookup, asked: "dict[Any, asyncio.Future[list[Row]]]") -> None:
        await asyncio.sleep(0)
        # From here on new keys go into a new question: an answer must not predate its asking.
        del self._keys[statement]
        try:
            found = defaultdict[Any, list[Row]](list)
            for record in await self._pool.fetch(statement.postgres, list(asked)):
                found[record[0]].append(tuple(record)[1:])
        except _FAILURES as error:
            for future in asked.values():
                future.set_exception(StorageFailed("PostgreSQL does not answer."))
                future.exception()
            del error
            return
        for key, future in asked.items():
            future.set_result(found[key])

    async def _write_groups(self) -> None:
        while not (self._closing and not self._units):
            await self._wake.wait()
            if not self._closing:
                self._wake.clear()
            while self._units:
                await asyncio.sleep(0)
                group, self._units = self._units[:GROUP], self._units[GROUP:]
                if group:
                    await self._write(group)

    async def _write(self, group: list[_Waiting]) -> None:
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                failed = await _guards(connection, [unit for unit, _ in group])
                await _writes(connection, [unit for n, (unit, _) in enumerate(group) if n not in failed])
        except _FAILURES as error:
            await self._after_failure(group, error)
            return
        for n, (_, future) in enumerate(group):
            if future.done():
                continue
            if n in failed:
                future.set_exception(Stale("The facts changed meanwhile.", code=failed[n]))
            else:
                future.set_result(None)

    async def _after_failure(self, group: list[_Waiting], error: BaseException) -> None:
        """One bad unit must not fail its neighbours: after a failed group each is tried alone."""
        if len(group) > 1:
            for waiting in group:
                await self._write([waiting])
            return
        unit, future = group[0]
        if isinstance(error, asyncpg.DeadlockDetectedError | asyncpg.SerializationError):
            await self._write([(unit, future)])
        elif not future.done():
            failure = StorageFailed("The transaction did not commit.")
            failure.__cause__ = error
            with contextlib.suppress(asyncio.InvalidStateError):
                future.set_exception(failure)


def _is_text(key: str) -> bool:
    """Whether a row may hold it: no NUL, nothing that UTF-8 has no bytes for."""
    try:
        return b"\0" not in key.encode()
    except UnicodeEncodeError:
        return False


async def _guards(connection: Any, units: list[Unit]) -> dict[int, str]:
    """Which units fail, and the code of the guard that did it. Those of many units run together, turn by turn, reading
    ones before writing ones, unless the order of the units matters.
    """
    numbered = list(enumerate(units))
    if not order_matters(units):
        return await _guards_of(connection, numbered)
    failed: dict[int, str] = {}
    for one in numbered:
        failed |= await _guards_of(connection, [one])
    return failed


async def _guards_of(connection: Any, units: list[tuple[int, Unit]]) -> dict[int, str]:
    failed: dict[int, str] = {}
    rounds = max((len(unit.guards) for _, unit in units), default=0)
    for turn in range(rounds):
        asked = defaultdict[Statement, list[tuple[int, Step]]](list)
        for n, unit in units:
            if n not in failed and turn < len(unit.guards):
                asked[unit.guards[turn].statement].append((n, unit.guards[turn]))
        for statement, steps in asked.items():
            hits = await connection.fetch(statement.postgres, *_arrays([step.row for _, step in steps]))
            hit = {record[0] for record in hits}
            failed |= {n: step.code for i, (n, step) in enumerate(steps, 1) if i not in hit}
    return failed


async def _writes(connection: Any, units: list[Unit]) -> None:
    rows = defaultdict[Statement, list[Row]](list)
    for unit in units:
        for step in unit.writes:
            rows[step.statement].append(step.row)
    for statement, given in rows.items():
        await connection.fetch(statement.postgres, *_arrays(given))


def _arrays(rows: list[Row]) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True))
