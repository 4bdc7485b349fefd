"""What the rest of the hub sees of a database: units committed whole, rows looked up by key, questions asked.

A unit is data: guards that must hold and rows to write. It commits whole or not at all, together with other callers'
units (group commit), and `commit` returns only after the unit's own transaction is durable.
"""

from typing import Any, Protocol

import msgspec

from hub.storage.questions import Question
from hub.storage.statements import Lookup, Returning, Row, Statement


class Step(msgspec.Struct, frozen=True, gc=False):
    """One statement with one row of parameters; `code` names the guard that failed."""

    statement: Statement
    row: Row
    code: str = ""


class Unit(msgspec.Struct, frozen=True, gc=False):
    """Guards (reading ones first, at most one that writes, last) and writes of one transaction."""

    guards: tuple[Step, ...]
    writes: tuple[Step, ...]


class Database(Protocol):
    """SQLite or PostgreSQL. Every method raises `StorageFailed` when the database does not answer."""

    dialect: str

    async def commit(self, unit: Unit) -> None:
        """Commit the unit; raises `Stale` with the code of the guard that did not hold."""
        ...

    async def returning(self, statement: Returning, row: Row) -> list[Row]:
        """Run a changing statement in its own transaction and give the changed rows."""
        ...

    async def lookup(self, statement: Lookup, key: Any) -> list[Row]:
        """The committed rows with this key; empty if none."""
        ...

    async def query(self, statement: Question, **values: Any) -> list[Row]:
        """Ask anything (administration, reports); not for the hot path.

        What is asked again and again is a statement made once, with `values` for its parameters: it is compiled once.
        """
        ...

    async def survey(self, statement: Question) -> list[Row]:
        """As `query`, beside the event loop: for what goes through many rows to count them."""
        ...

    async def close(self) -> None:
        """Finish what is being committed, then close."""
        ...
