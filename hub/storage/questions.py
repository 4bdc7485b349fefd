"""Questions as a database takes them: SQL text and values in order."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Question = Select[*tuple[Any, ...]]
"""A statement that reads, whatever its columns."""


class Questions:
    """Compiles for one dialect. A statement that is given values is compiled once and kept: there are few of those."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._kept: dict[Question, SQLCompiler] = {}

    def __call__(self, statement: Question, values: dict[str, Any]) -> tuple[str, list[Any]]:
        """The statement's text and its values in the order of their places."""
        compiled = self._kept.get(statement) or self._compiled(statement)
        if values:
            self._kept[statement] = compiled
        given = compiled.construct_params(values)
        return str(compiled), [given[name] for name in compiled.positiontup or ()]

    def _compiled(self, statement: Question) -> SQLCompiler:
        return statement.compile(dialect=self._dialect, compile_kwargs={"render_postcompile": True})
