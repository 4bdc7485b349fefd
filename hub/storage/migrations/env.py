"""Alembic's entry point; see `hub.storage.migrations.upgrade`."""

import asyncio
import functools

import asyncpg
from alembic import context
from sqlalchemy import Connection, create_engine, pool
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

import hub.storage.tables  # noqa: F401 - declares the metadata
from hub.storage.sqlite import PAGE_BYTES

_PATIENCE_S = 600.0
"""For another process that migrates the same file."""


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def _run_postgres(url: str) -> None:
    # The driver reads the address itself, as the hub's own connections do: SQLAlchemy would not know sslmode=.
    connect = functools.partial(asyncpg.connect, url)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=pool.NullPool)
    async with engine.begin() as connection:
        # Processes that start together must not create the same tables; 4202 is ours alone in this database.
        await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4202)")
        await connection.run_sync(_run)


def _run_sqlite(url: str) -> None:
    # Left to itself the driver begins no transaction before it alters a table: what is killed midway would stay so.
    options = {"isolation_level": None, "timeout": _PATIENCE_S}
    engine = create_engine(url, poolclass=pool.NullPool, connect_args=options)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # whoever comes second waits, and finds nothing to do
        _run(connection)


_url: str = context.config.attributes["url"]
if _url.startswith("sqlite:"):
    _run_sqlite(_url)
else:
    asyncio.run(_run_postgres(_url))
