"""The shapes of statement the hub uses, and each database's SQL for them.

A statement is declared once, from a table and column names; `sqlite()` gives one row's SQL, `postgres()` gives SQL for
many rows at once (`unnest` of one array per column), which is what makes a group commit one round trip a statement.

Guards are statements that MUST hit: `Check` (the row still is as it was read, and stays so until the end of the
transaction), `InsertNew` (no such row yet), `Change(must_hit=True)`, which names one row by its key. A unit has at most
one writing guard, evaluated last, so that a failed guard leaves nothing to undo.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import BigInteger, Boolean, LargeBinary, Table

from hub.storage.tables.declared import Declared

Row = tuple[Any, ...]


def table_of(model: type[Declared]) -> Table:
    """The SQLAlchemy table behind a declared class."""
    return model.__table__


def columns_of(model: type[Declared], *, without: Sequence[str] = ()) -> tuple[str, ...]:
    """The column names of a table, in order."""
    return tuple(column.name for column in table_of(model).columns if column.name not in without)


def _array(model: type[Declared], column: str) -> str:
    kind = table_of(model).columns[column].type
    if isinstance(kind, BigInteger):
        return "bigint[]"
    if isinstance(kind, LargeBinary):
        return "bytea[]"
    return "boolean[]" if isinstance(kind, Boolean) else "text[]"


@dataclass(frozen=True, eq=False)
class Statement(ABC):
    """Base: a table and the columns that take parameters, in parameter order."""

    model: type[Declared]

    @property
    @abstractmethod
    def parameters(self) -> tuple[str, ...]: ...

    @property
    @abstractmethod
    def sqlite(self) -> str: ...

    @property
    @abstractmethod
    def postgres(self) -> str: ...

    @cached_property
    def name(self) -> str:
        return f'"{table_of(self.model).name}"'

    @cached_property
    def arrays(self) -> str:
        """`unnest($1::text[], ...) WITH ORDINALITY AS given(c1, ..., n)`; n tells which unit a hit belongs to."""
        casts = ", ".join(f"${i}::{_array(self.model, c)}" for i, c in enumerate(self.parameters, 1))
        names = ", ".join(f"c{i}" for i in range(1, len(self.parameters) + 1))
        return f"unnest({casts}) WITH ORDINALITY AS given({names}, n)"


@dataclass(frozen=True, eq=False)
class Insert(Statement):
    """Add a row."""

    columns: tuple[str, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.columns

    @cached_property
    def sqlite(self) -> str:
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {self.name} ({_list(self.columns)}) VALUES ({marks})"

    @cached_property
    def postgres(self) -> str:
        return (
            f"INSERT INTO {self.name} ({_list(self.columns)}) "
            f"SELECT {_given(self.columns)} FROM {self.arrays} ORDER BY n"
        )


@dataclass(frozen=True, eq=False)
class InsertNew(Insert):
    """Add a row, or fail as a guard if one with the same `unique` columns exists."""

    unique: tuple[str, ...] = ()

    @cached_property
    def _tail(self) -> str:
        return f" ON CONFLICT ({_list(self.unique)}) DO NOTHING"

    @cached_property
    def sqlite(self) -> str:
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {self.name} ({_list(self.columns)}) VALUES ({marks}){self._tail}"

    @cached_property
    def postgres(self) -> str:
        # Of given rows with one key the first went in, if any did.
        key = _list(self.unique)
        new = " AND ".join(f'new."{column}" = given.c{self.columns.index(column) + 1}' for column in self.unique)
        return (
            f"WITH given AS (SELECT * FROM {self.arrays}), new AS (INSERT INTO {self.name} ({_list(self.columns)}) "
            f"SELECT {_given(self.columns)} FROM given ORDER BY n{self._tail} RETURNING {key}) "
            f"SELECT min(given.n) FROM given JOIN new ON {new} GROUP BY {key}"
        )


@dataclass(frozen=True, eq=False)
class Keep(Insert):
    """Add a row unless one with its key is there; never a guard."""

    @cached_property
    def sqlite(self) -> str:
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {self.name} ({_list(self.columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING"

    @cached_property
    def postgres(self) -> str:
        return (
            f"INSERT INTO {self.name} ({_list(self.columns)}) "
            f"SELECT {_given(self.columns)} FROM {self.arrays} ORDER BY n ON CONFLICT DO NOTHING"
        )


@dataclass(frozen=True, eq=False)
class Tally(Statement):
    """Add to a count, which begins at nothing; parameters are the key's columns, then how many more."""

    key: tuple[str, ...]
    count: str

    @property
    def parameters(self) -> tuple[str, ...]:
        return (*self.key, self.count)

    @cached_property
    def _tail(self) -> str:
        more = f"{self.count} = {self.name}.{self.count} + excluded.{self.count}"
        return f" ON CONFLICT ({_list(self.key)}) DO UPDATE SET {more}"

    @cached_property
    def sqlite(self) -> str:
        marks = ", ".join("?" * len(self.parameters))
        return f"INSERT INTO {self.name} ({_list(self.parameters)}) VALUES ({marks}){self._tail}"

    @cached_property
    def postgres(self) -> str:
        return (
            f"INSERT INTO {self.name} ({_list(self.parameters)}) "
            f"SELECT {_given(self.parameters)} FROM {self.arrays} ORDER BY n{self._tail}"
        )


@dataclass(frozen=True, eq=False)
class Change(Statement):
    """Set columns of the rows found by `where`; parameters are the new values, then the `where` values."""

    set: tuple[str, ...]
    where: tuple[str, ...]
    must_hit: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.set + self.where

    @cached_property
    def sqlite(self) -> str:
        sets = ", ".join(f"{column} = ?" for column in self.set)
        wheres = " AND ".join(f"{column} = ?" for column in self.where)
        return f"UPDATE {self.name} SET {sets} WHERE {wheres}"

    @cached_property
    def postgres(self) -> str:
        sets = ", ".join(f"{column} = given.c{i}" for i, column in enumerate(self.set, 1))
        wheres = " AND ".join(f"old.{column} = given.c{i}" for i, column in enumerate(self.where, len(self.set) + 1))
        return f"UPDATE {self.name} AS old SET {sets} FROM {self.arrays} WHERE {wheres} RETURNING given.n"


@dataclass(frozen=True, eq=False)
class Delete(Statement):
    """Remove the rows found by `where`."""

    where: tuple[str, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.where

    @cached_property
    def sqlite(self) -> str:
        return f"DELETE FROM {self.name} WHERE " + " AND ".join(f"{column} = ?" for column in self.where)

    @cached_property
    def postgres(self) -> str:
        wheres = " AND ".join(f"old.{column} = given.c{i}" for i, column in enumerate(self.where, 1))
        return f"DELETE FROM {self.name} AS old USING {self.arrays} WHERE {wheres}"


@dataclass(frozen=True, eq=False)
class Check(Statement):
    """The row found by `where` exists, and (`held`) no other transaction can change it before this one ends."""

    where: tuple[str, ...]
    held: bool = True

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.where

    @cached_property
    def sqlite(self) -> str:
        wheres = " AND ".join(f"{column} = ?" for column in self.where)
        return f"SELECT 1 FROM {self.name} WHERE {wheres}"

    @cached_property
    def postgres(self) -> str:
        wheres = " AND ".join(f"old.{column} = given.c{i}" for i, column in enumerate(self.where, 1))
        found = f"SELECT given.n FROM {self.name} AS old JOIN {self.arrays} ON {wheres}"
        # Locks are taken in one order everywhere, so that two groups cannot wait for each other.
        return f"{found} ORDER BY old.{self.where[0]} FOR SHARE OF old" if self.held else found


@dataclass(frozen=True, eq=False)
class Lookup(Statement):
    """The rows whose `key` column has one value; PostgreSQL answers many values at once."""

    columns: tuple[str, ...]
    key: str

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.key,)

    @cached_property
    def sqlite(self) -> str:
        return f"SELECT {_list(self.columns)} FROM {self.name} WHERE {self.key} = ?"

    @cached_property
    def postgres(self) -> str:
        array = _array(self.model, self.key)
        return f"SELECT {self.key}, {_list(self.columns)} FROM {self.name} WHERE {self.key} = ANY($1::{array})"


@dataclass(frozen=True)
class Returning:
    """A statement of each database's own that changes rows and returns them (claiming work)."""

    sqlite: str
    postgres: str


def _list(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _given(columns: Sequence[str]) -> str:
    return ", ".join(f"c{i}" for i in range(1, len(columns) + 1))
