"""Alembic migrations: `upgrade(url)` brings a database to the schema of this version; `current` tells cheaply."""

import sqlite3
from pathlib import Path

from hub.errors import ConfigurationError, HubError, Unavailable

_HERE = Path(__file__).parent
HEAD = max(path.name[:4] for path in (_HERE / "versions").glob("[0-9]*.py"))
"""Migrations are numbered, each on the one before."""


def upgrade(url: str) -> None:
    """Bring the database to `HEAD`; `url` is `sqlite:///PATH` or `postgresql://...`. Blocks; not for a running loop.

    Raises `ConfigurationError`, also where the database refuses this user, and `Unavailable`.
    """
    if _sqlite_is_current(url):
        return
    # Alembic takes a third of the start-up time, so it is loaded only when there is something to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415
    from asyncpg import PostgresError  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

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
    except (DBAPIError, PostgresError) as error:
        raise _refused(error.orig if isinstance(error, DBAPIError) else error) from error
    except ValueError as error:  # the driver's word, before it asks the server
        raise ConfigurationError(
            "HUB_DATABASE_URL cannot be meant, or a line of PGPASSFILE is not HOST:PORT:DATABASE:USER:PASSWORD."
        ) from error
    except OSError as error:
        raise Unavailable("The database does not answer; its schema could not be checked.") from error


_REFUSALS = {
    "28000": "The database does not let the user of HUB_DATABASE_URL in.",
    "28P01": "The database refuses the password for HUB_DATABASE_URL (of PGPASSFILE, mode 600, where it has none).",
    "3D000": "The database that HUB_DATABASE_URL names does not exist.",
    "42501": "The user of HUB_DATABASE_URL may not make tables in its database; let it own the database.",
}
"""By SQLSTATE: what no restart mends."""


def _refused(error: BaseException | None) -> HubError:
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None) or type(error).__name__
    if code in _REFUSALS:
        return ConfigurationError(_REFUSALS[code])
    return Unavailable(f"The database could not be brought to this version's schema ({code}).")


def _sqlite_is_current(url: str) -> bool:
    if not url.startswith("sqlite:"):
        return False
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists():
        make_private(path)
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


def make_private(path: Path) -> None:
    """An empty file that its owner alone reads; SQLite gives the files that it puts beside it the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError:
        raise ConfigurationError("HUB_DATA, or the database's own folder, cannot be written.") from None
