"""Alembic migrations: `upgrade(url)` brings a database to the schema of this version; `current` tells cheaply."""

import sqlite3
from pathlib import Path

from hub.errors import ConfigurationError, Unavailable

_HERE = Path(__file__).parent
HEAD = max(path.name[:4] for path in (_HERE / "versions").glob("[0-9]*.py"))
"""Migrations are numbered, each on the one before."""


def upgrade(url: str) -> None:
    """Bring the database to `HEAD`; `url` is `sqlite:///PATH` or `postgresql://...`. Blocks; not for a running loop."""
    if _sqlite_is_current(url):
        return
    # Alembic takes a third of the start-up time, so it is loaded only when there is something to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["url"] = url
    try:
        command.upgrade(config, HEAD)
    except CommandError:
        # Alembic's word for a revision that this version has never heard of.
        raise ConfigurationError(
            "The database is of a newer version of the hub; this version cannot open it."
        ) from None
    except OSError as error:
        raise Unavailable("The database does not answer; its schema could not be checked.") from error


def _sqlite_is_current(url: str) -> bool:
    if not url.startswith("sqlite:"):
        return False
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists():
        _make_private(path)
        return False
    connection = sqlite3.connect(path)
    try:
        found: tuple[str] | None = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return False
    else:
        return found == (HEAD,)
    finally:
        connection.close()


def _make_private(path: Path) -> None:
    """An empty file that its owner alone reads; SQLite gives the files that it puts beside it the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError:
        raise ConfigurationError("HUB_DATA, or the database's own folder, cannot be written.") from None
