"""Bringing a database to this version's schema: whole, once, and by whoever comes first."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel

from hub.errors import ConfigurationError, Unavailable
from hub.storage import migrations, tables
from hub.storage.submissions import KEY_BYTES

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


def test_what_was_issued_before_persons_were_known_is_a_systems_or_its_own(tmp_path: Path) -> None:
    """An account is its own person's, a token nobody's; who gave it out is on the ledger; a proposal still stands."""
    path = tmp_path / "hub.sqlite"
    to_version(path, "0018")
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


def test_what_was_handed_in_under_a_longer_hash_of_its_key_is_recognised_by_its_beginning(tmp_path: Path) -> None:
    path, hashes = tmp_path / "hub.sqlite", [bytes([n]) * 16 + bytes([n + 1]) * 16 for n in range(3)]
    rows = [(f"s{n}", "harbor", hash_, b"body", "m", "k", "p", "routine", "{}", n) for n, hash_ in enumerate(hashes)]
    to_version(path, "0035")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO submission VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    migrations.upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT * FROM submission").fetchall()
        assert found == [(*row[:2], row[2][:KEY_BYTES], *row[3:]) for row in rows]
        (step,) = connection.execute("EXPLAIN QUERY PLAN SELECT id FROM submission WHERE idempotency = ?", (b"",))
        assert "INDEX" in step[-1], "a repeated key is not looked for among all that was ever handed in"


def to_version(path: Path, revision: str) -> None:
    """A database as an earlier version left it."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["url"] = f"sqlite:///{path}"
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
