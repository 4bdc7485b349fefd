"""The units of a group within one transaction: in which order, and how SQLite applies them."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from hub.errors import Stale
from hub.storage.database import Step, Unit
from hub.storage.statements import Check, Returning, Row, Statement
from hub.storage.tables.declared import Declared

Work = Unit | tuple[Returning, Row]
_Rows = defaultdict[Statement, list[Row]]
_Checked = defaultdict[type[Declared], set[tuple[Statement, Row]]]
"""By table, the checks that hold in the present transaction."""


def at_once(connection: sqlite3.Connection, group: list[Work]) -> list[Any] | None:
    """As if every guard held, which is nearly always so: each statement once, over the rows of all units.

    None if a guard does not hold; the transaction is then to be rolled back. What looks comes before what changes: so
    where a unit changes a table that another one looks at, as a revocation and an intent do, the order of the units
    matters, and the answer is none too. Two units that change one row exclude each other, whatever their order, since
    each names the row as it was found.
    """
    checks, changes, writes = _Rows(list), _Rows(list), _Rows(list)
    for unit in group:
        if isinstance(unit, Unit):
            for step in unit.guards:
                (checks if isinstance(step.statement, Check) else changes)[step.statement].append(step.row)
            for step in unit.writes:
                writes[step.statement].append(step.row)
    if _overlap(checks, changes):
        return None
    results = [None if isinstance(work, Unit) else _returned(connection, work) for work in group]
    for statement, rows in checks.items():
        if not all(connection.execute(statement.sqlite, row).fetchone() for row in set(rows)):
            return None
    for statement, rows in changes.items():
        if connection.executemany(statement.sqlite, rows).rowcount < len(rows):
            return None
    _write(connection, writes)
    return results


def in_order(connection: sqlite3.Connection, group: list[Work]) -> list[Any]:
    """Guards unit by unit; then what all units write. A unit whose guard fails leaves nothing behind."""
    results, checked, writes = list[Any](), _Checked(set), _Rows(list)
    for work in group:
        if not isinstance(work, Unit):
            checked.clear()
            results.append(_returned(connection, work))
            continue
        failed = _failing(connection, work.guards, checked)
        results.append(failed and Stale("The facts changed meanwhile.", code=failed.code))
        if failed is None:
            for step in work.writes:
                writes[step.statement].append(step.row)
    _write(connection, writes)
    return results


def order_matters(units: Iterable[Unit]) -> bool:
    """Whether one of them may change what another one looks at, as a revocation and an intent do."""
    guards = [step.statement for unit in units for step in unit.guards]
    return _overlap((g for g in guards if isinstance(g, Check)), (g for g in guards if not isinstance(g, Check)))


def _overlap(some: Iterable[Statement], others: Iterable[Statement]) -> bool:
    return not {statement.model for statement in some}.isdisjoint(statement.model for statement in others)


def _failing(connection: sqlite3.Connection, guards: tuple[Step, ...], checked: _Checked) -> Step | None:
    """The first guard that does not hold. What another unit of the group has checked is not checked again, unless a
    guard has written to that table since.
    """
    for guard in guards:
        statement, row = guard.statement, guard.row
        known = checked[statement.model]
        if isinstance(statement, Check):
            if (statement, row) not in known and not connection.execute(statement.sqlite, row).fetchone():
                return guard
            known.add((statement, row))
        else:
            if not connection.execute(statement.sqlite, row).rowcount:
                return guard
            known.clear()
    return None


def _returned(connection: sqlite3.Connection, work: tuple[Returning, Row]) -> list[Row]:
    return connection.execute(work[0].sqlite, work[1]).fetchall()


def _write(connection: sqlite3.Connection, writes: _Rows) -> None:
    for statement, rows in writes.items():
        connection.executemany(statement.sqlite, rows)
