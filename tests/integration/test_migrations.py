"""Bringing a database to this version's schema: whole, once, and by whoever comes first."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel

from hub.errors import ConfigurationError
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


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    migrations.upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="newer version"):
        migrations.upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
