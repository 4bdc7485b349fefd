"""The two shapes in which the hub is deployed."""

from collections.abc import Iterator

import pytest

from tests import servers
from tests.e2e.shape import Servers

WIDE = pytest.param("wide", marks=[pytest.mark.postgres, pytest.mark.redis])


@pytest.fixture
def migrated_postgres_url(postgres_server: servers.PostgresServer, postgres_template: str) -> Iterator[str]:
    with postgres_server.database(template=postgres_template) as url:
        yield url


@pytest.fixture(params=["small", WIDE])
def shape(request: pytest.FixtureRequest) -> Servers | None:
    """What the hub stands on: nothing but a file, or fresh PostgreSQL and Redis."""
    if request.param == "small":
        return None
    return Servers(request.getfixturevalue("migrated_postgres_url"), request.getfixturevalue("redis_url"))


@pytest.fixture(scope="module", params=["small", WIDE])
def shape_of_the_day(request: pytest.FixtureRequest) -> Iterator[Servers | None]:
    """The same, once for all tests of a module."""
    if request.param == "small":
        yield None
        return
    server: servers.PostgresServer = request.getfixturevalue("postgres_server")
    redis: str = request.getfixturevalue("redis_server")
    servers.flush(redis)
    with server.database() as url:  # without a schema: the first process to come brings it
        yield Servers(url, redis)
