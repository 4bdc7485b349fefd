"""What every test stands on: no network but this machine, no settings from the desk, real private servers.

A server that is not installed skips its tests with the reason; under CI=true it fails them.
"""

import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from hub.storage import migrations
from tests import folders, hubs, servers
from tests.conformance import OPTION, Conformance
from tests.loopback import forbid_outside
from tests.telephone.rig import Rig


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, type=Path, metavar="FILE", help="write the conformance page there")


def pytest_configure(config: pytest.Config) -> None:
    folders.prefer_memory()
    # How long an example takes depends on what else the machine does: nothing here is timed.
    settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")
    page = config.getoption(OPTION)
    if page is not None and not hasattr(config, "workerinput"):  # several processes: the one that hears all writes it
        config.pluginmanager.register(Conformance(page))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a server is marked with it, so that `make check` leaves out all of them."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & {"postgres_server", "postgres_url"}:
            item.add_marker("postgres")
        if fixtures & {"redis_server", "redis_url"}:
            item.add_marker("redis")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: no search for garbage need walk through it, and through all modules."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_outside(monkeypatch)


@pytest.fixture(autouse=True)
def no_settings_from_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def unused_tcp_port() -> int:
    """In place of pytest-asyncio's, which two test processes may be given at once."""
    return servers.free_port()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.PostgresServer]:
    """One private PostgreSQL for the run; not durable."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(servers.postgres())
        except servers.MissingServerError as error:
            missing(error)
        yield server


@pytest.fixture
def postgres_url(postgres_server: servers.PostgresServer) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """One private Redis for the run."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(servers.redis_url())
        except servers.MissingServerError as error:
            missing(error)
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The URL of an empty Redis."""
    servers.flush(redis_server)
    return redis_server


@pytest.fixture(scope="session")
def fax_rig() -> Iterator[Rig]:
    """One telephone exchange with two HylaFAX servers for the run."""
    try:
        rig = Rig()
    except servers.MissingServerError as error:
        missing(error)
    yield rig
    rig.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh, empty database: each test that asks runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.sqlite'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: servers.PostgresServer) -> Iterator[str]:
    """The name of a database with the schema of this version; copied, never used."""
    with postgres_server.database() as url:
        migrations.upgrade(url)
        yield url.rpartition("/")[2]


@pytest.fixture(scope="session")
def sqlite_template() -> Path:
    """A database file with the schema of this version; copied, never used."""
    return hubs.sqlite_template()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As `database_url`, with the schema in place."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "hub.sqlite")
        yield f"sqlite:///{path}"
        return
    server: servers.PostgresServer = request.getfixturevalue("postgres_server")
    with server.database(template=request.getfixturevalue("postgres_template")) as url:
        yield url


def missing(error: servers.MissingServerError) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(str(error))
    pytest.skip(str(error))
