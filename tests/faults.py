"""A database that breaks at one table, and nowhere else: whatever the unit did before must be undone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hub.storage.database import Step, Unit
from hub.storage.statements import Insert
from hub.storage.tables import Organization

_BROKEN = Step(Insert(Organization, ("id",)), (None,))


@contextmanager
def broken_at(database: Any, table: str) -> Iterator[list[int]]:
    """Every write to a table fails in the database, right after it was done; how many were tried."""
    commit, tried = database.commit, []

    async def breaking(unit: Unit) -> None:
        writes: list[Step] = []
        for step in unit.writes:
            writes.append(step)
            if step.statement.name.strip('"') == table:
                tried.append(1)
                writes.append(_BROKEN)
        await commit(Unit(unit.guards, tuple(writes)))

    database.commit = breaking
    try:
        yield tried
    finally:
        database.commit = commit
    assert tried, "nothing was written to this table"
