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
    await engine.dispose()


def _run_sqlite(url: str) -> None:
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    with engine.begin() as connection:
        _run(connection)
    engine.dispose()


_url: str = context.config.attributes["url"]
if _url.startswith("sqlite:"):
    _run_sqlite(_url)
else:
    asyncio.run(_run_postgres(_url))
