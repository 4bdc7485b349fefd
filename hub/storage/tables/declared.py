"""Tables are declared with SQLModel and mapped to no objects: rows are tuples here, and statements name columns.

Mappers, instrumented attributes and validators that nobody asks would be a tenth of the time a hub takes to start, and
3 MiB of each process (P8).
"""

from typing import Any

from sqlalchemy import Table
from sqlmodel import SQLModel
from sqlmodel.main import SQLModelMetaclass

CLUSTERED = {"sqlite_with_rowid": False}
"""SQLite keeps the row in its key's own tree: one tree less to write for each row. Last in `__table_args__`."""


class _Unmapped(SQLModelMetaclass):
    """Gives a class its table, where SQLModel's own metaclass would map the class to it as well."""

    __table__: Table

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any) -> None:  # noqa: N805 - it is a class
        type.__init__(cls, name, bases, namespace)
        if "table" not in keywords:
            return
        columns = {each: getattr(cls, each) for each in cls.model_fields}
        for each, column in columns.items():
            column.key = column.name = each
        items = list(namespace.get("__table_args__", ()))
        options = items.pop() if CLUSTERED in items else {}
        cls.__table__ = Table(
            namespace.get("__tablename__", name.lower()), SQLModel.metadata, *columns.values(), *items, **options
        )
        cls.model_fields.clear()  # the table knows them now


class Declared(SQLModel, metaclass=_Unmapped):
    """A table whose columns are attributes of the class."""

    model_config = {"defer_build": True}

    @classmethod
    def __clause_element__(cls) -> Table:
        """What SQLAlchemy takes for the class itself: in `join`, `select_from`, `correlate`."""
        return cls.__table__
