"""Bringing a database to this version's schema: whole, once, and by whoever comes first."""

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel

from hub.storage import migrations, tables

ROOT = Path(__file__).parents[2]
DECLARED = set(SQLModel.metadata.tables)
assert tables


async def tables_of(url: str) -> set[str]:
    if url.startswith("sqlite:"):
        engine = create_engine(url)
        found = set(inspect(engine).get_table_names())
        engine.dispose()
        return found
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    return {row["tablename"] for row in rows}


async def test_a_migrated_database_has_every_declared_table(migrated_url: str) -> None:
    assert DECLARED
    assert await tables_of(migrated_url) == DECLARED | {"alembic_version"}


async def test_migrating_again_changes_nothing(migrated_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, migrated_url)
    assert await tables_of(migrated_url) == DECLARED | {"alembic_version"}


def test_processes_that_start_together_migrate_once(postgres_url: str) -> None:
    story = "import sys; from hub.storage import migrations; migrations.upgrade(sys.argv[1])"
    command = [sys.executable, "-W", "ignore", "-c", story, postgres_url]
    started = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[1] for process in started] == ["", "", ""]
    assert [process.returncode for process in started] == [0, 0, 0]
    assert asyncio.run(tables_of(postgres_url)) == DECLARED | {"alembic_version"}
