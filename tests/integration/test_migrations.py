"""Bringing a database to this version's schema: whole, once, and by whoever comes first."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, select
from sqlmodel import SQLModel, col

from hub.errors import ConfigurationError, StorageFailed, Unavailable
from hub.storage import migrations, tables
from hub.storage.database import Database, Step, Unit
from hub.storage.postgres import PostgresDatabase
from hub.storage.sqlite import SqliteDatabase
from hub.storage.statements import Delete, Insert, InsertNew, Lookup, columns_of
from hub.storage.tables import Submission

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


def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    story = "import sys; from hub.storage import migrations; migrations.upgrade(sys.argv[1])"
    command = [sys.executable, "-W", "ignore", "-c", story, database_url]
    started = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[1] for process in started] == ["", ""]
    assert [process.returncode for process in started] == [0, 0]
    assert asyncio.run(tables_of(database_url)) == DECLARED | {"alembic_version"}


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    migrations.upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="newer version"):
        migrations.upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_what_was_issued_before_persons_were_known_is_a_systems_or_its_own(tmp_path: Path) -> None:
    """An account is its own person's, a token nobody's; who gave it out is on the ledger; a proposal still stands."""
    path = tmp_path / "hub.sqlite"
    to_version(f"sqlite:///{path}", "0018")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO token (id, organization_id, role, hash, label, created_at) "
            "VALUES ('t', 'o', 'staff', x'00', '', 1)"
        )
        connection.execute(
            "INSERT INTO person (id, email_hash, roles, organizations, key_id, wrapped_key, sealed, password, "
            "totp_step, recovery, invited_until, language, created_at) "
            "VALUES ('p', x'01', '', '', '', x'', x'', '', 0, '', 0, '', 1)"
        )
        for kind, reference, by in (
            ("token.issued", "t", "county/a"),
            ("person.added", "p", "x"),
            ("person.reset", "p", "y"),
        ):
            body = json.dumps({"by": by}).encode()
            connection.execute(
                "INSERT INTO ledger_entry (at, kind, reference, salt, body) VALUES (1, ?, ?, x'00', ?)",
                (kind, reference, body),
            )
        connection.execute(
            "INSERT INTO work_item (id, kind, state, organization_id, reference, code, created_at, escalated_at) "
            "VALUES ('w', 'hold', 'open', 'o', 'r', '', 1, 0)"
        )
        connection.execute("INSERT INTO work_proposal VALUES ('w', 'reviewed', 'county/b', 7)")
    migrations.upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT person, given_by FROM token").fetchall() == [("", "county/a")]
        assert connection.execute("SELECT person, given_by FROM person").fetchall() == [("p", "y")]
        proposed = connection.execute("SELECT proposed, proposed_by, proposed_at FROM work_item").fetchall()
        assert proposed == [("reviewed", "county/b", 7)]


HASHES = [bytes([n]) * 16 + bytes([n + 1]) * 16 for n in range(3)]
HANDED_IN = [(f"s{n}", "harbor", hash_, b"body", "m", "k", "p", "routine", "{}", n) for n, hash_ in enumerate(HASHES)]
"""Submissions as they stood up to 0035."""
KEY_BYTES = 16
"""Of each hash, since 0036."""
BY_KEY = Lookup(Submission, columns_of(Submission), "idempotency")


async def test_what_was_handed_in_under_a_longer_hash_of_its_key_is_recognised_by_its_beginning(
    database_url: str,
) -> None:
    await asyncio.to_thread(to_version, database_url, "0035")
    await filled(database_url, HANDED_IN)
    await asyncio.to_thread(migrations.upgrade, database_url)
    async with opened(database_url) as database:
        found = [await database.lookup(BY_KEY, hash_[:KEY_BYTES]) for hash_ in HASHES]
        assert found == [[(*row[:2], row[2][:KEY_BYTES], *row[3:])] for row in HANDED_IN]


def test_a_repeated_key_is_not_looked_for_among_all_that_was_ever_handed_in(tmp_path: Path) -> None:
    migrations.upgrade(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as connection:
        (step,) = connection.execute("EXPLAIN QUERY PLAN SELECT id FROM submission WHERE idempotency = ?", (b"",))
    assert "INDEX" in step[-1]


async def test_a_process_of_the_version_before_takes_nothing_in_any_more_rather_than_a_second_time(
    database_url: str,
) -> None:
    """Until it is restarted it would look for a key by its longer hash, and find none."""
    await asyncio.to_thread(to_version, database_url, "0035")
    await filled(database_url, HANDED_IN)
    await asyncio.to_thread(migrations.upgrade, database_url)
    of_before = InsertNew(Submission, columns_of(Submission), ("sender", "idempotency"))
    async with opened(database_url) as database:
        with pytest.raises(StorageFailed):
            await database.commit(Unit((Step(of_before, ("again", *HANDED_IN[0][1:]), "idempotency"),), ()))


async def test_a_migration_that_breaks_off_leaves_everything_as_it_was(database_url: str) -> None:
    """Killed, a full disk, or as here two rows that may not both be: the next start begins with what was there."""
    twin = ("twin", *HANDED_IN[0][1:2], HANDED_IN[0][2][:-1] + b"!", *HANDED_IN[0][3:])
    await asyncio.to_thread(to_version, database_url, "0035")
    await filled(database_url, [*HANDED_IN, twin])
    with pytest.raises(Unavailable):
        await asyncio.to_thread(migrations.upgrade, database_url)
    async with opened(database_url) as database:
        await database.commit(Unit((), (Step(Delete(Submission, ("id",)), ("twin",)),)))
    await asyncio.to_thread(migrations.upgrade, database_url)
    async with opened(database_url) as database:
        assert len(await database.query(select(col(Submission.id)))) == len(HANDED_IN)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """As it stands, of whatever version."""
    path = Path(url.removeprefix("sqlite:///"))
    database = SqliteDatabase(path) if url.startswith("sqlite:") else await PostgresDatabase.connect(url)
    try:
        yield database
    finally:
        await database.close()


async def filled(url: str, rows: list[tuple[object, ...]]) -> None:
    async with opened(url) as database:
        await database.commit(Unit((), tuple(Step(Insert(Submission, columns_of(Submission)), row) for row in rows)))


def to_version(url: str, revision: str) -> None:
    """A database as an earlier version left it."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["url"] = url
    command.upgrade(config, revision)


def test_a_new_database_file_and_what_lies_beside_it_are_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "hub.sqlite"
    migrations.upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("DELETE FROM alembic_version")
        found = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert found == {"hub.sqlite": 0o600, "hub.sqlite-wal": 0o600, "hub.sqlite-shm": 0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="HUB_DATA"):
        migrations.upgrade(f"sqlite:///{tmp_path / 'file' / 'hub.sqlite'}")


def test_a_server_that_does_not_answer_leaves_no_folder_of_its_name_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unavailable):
        migrations.upgrade("postgresql://hub@127.0.0.1:1/hub")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_passwords_that_is_none_is_named(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pgpass"
    file.write_text("the password alone\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    there = urlsplit(postgres_url)
    without = there._replace(netloc=f"{there.username}@{there.hostname}:{there.port}")
    with pytest.raises(ConfigurationError, match="PGPASSFILE"):
        migrations.upgrade(without.geturl())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"password": "another"}, "refuses the password"),
        ({"path": "/another"}, "does not exist"),
        ({"query": "sslmode=require"}, "schema"),
    ],
    ids=["password", "database", "tls"],
)
def test_a_server_that_refuses_is_told_in_one_line_by_its_reason(
    postgres_url: str, change: dict[str, str], told: str
) -> None:
    wrong = urlsplit(postgres_url)
    if "password" in change:
        wrong = wrong._replace(netloc=f"{wrong.username}:another@{wrong.netloc.rpartition('@')[2]}")
    wrong = wrong._replace(**{name: value for name, value in change.items() if name != "password"})
    with pytest.raises((ConfigurationError, Unavailable), match=told) as refused:
        migrations.upgrade(wrong.geturl())
    assert "another" not in str(refused.value)
