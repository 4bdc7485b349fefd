"""`HUB_PROBES`: where a worker or an intake tells that it lives, is ready and counts; nothing else is there."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from hub.context import Hub
from hub.errors import ConfigurationError
from hub.model import Deferred
from hub.storage import tokens
from hub.web.probes import probing
from tests.api import Caller
from tests.hubs import a_hub
from tests.servers import free_port

PATIENCE_S = 40


class Probed(NamedTuple):
    hub: Hub
    call: Caller
    port: int


@pytest.fixture
async def probed(tmp_path: Path) -> AsyncIterator[Probed]:
    async with (
        a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub,
        probing(hub, ("127.0.0.1", 0)) as port,
        aiohttp.ClientSession() as session,
    ):
        admin = await tokens.issue(hub, "county", "admin", by="county")
        yield Probed(hub, Caller(f"http://127.0.0.1:{port}", session, admin.token), port)


async def test_it_tells_life_readiness_and_counts_and_names_no_version(probed: Probed) -> None:
    assert (await probed.call("GET", "/healthz")).json == {"status": "ok"}
    ready = await probed.call("GET", "/readyz")
    assert ready.json == {"status": "ready"}
    assert (ready.headers["Server"], ready.headers["Cache-Control"]) == ("part2hub", "no-store")
    assert b"hub_given_back_total" in (await probed.call("GET", "/metrics")).body


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_a_monitor_that_asks_with_head_hears_the_same_without_a_body(probed: Probed, path: str) -> None:
    head = await probed.call("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    await probed.hub.database.close()
    assert (await probed.call("HEAD", path)).status == (await probed.call("GET", path)).status


@pytest.mark.parametrize("path", ["/", "/v1/organizations", "/v1/members", "/openapi.json", "/desk", "/fhir/metadata"])
async def test_nothing_else_is_there_even_for_an_administrator(probed: Probed, path: str) -> None:
    assert (await probed.call("GET", path)).status == 404


async def test_nothing_is_handed_in_there(probed: Probed) -> None:
    assert (await probed.call.submit("k1")).status == 404
    assert (await probed.call("POST", "/metrics")).status == 405


async def test_it_is_not_ready_without_its_database_and_still_tells_what_it_knows_itself(probed: Probed) -> None:
    for _ in range(20):
        probed.hub.breakers.saw("sunrise-api", Deferred(code="unreachable"), probed.hub.clock.now())
    await probed.hub.database.close()
    assert (await probed.call("GET", "/readyz")).status == 503
    assert (await probed.call("GET", "/healthz")).status == 200
    told = (await probed.call("GET", "/metrics")).body
    assert b"\nhub_database_up 0.0\n" in told
    assert b"\nhub_endpoints_away 1.0\n" in told


async def test_an_address_that_is_taken_is_a_wrong_setting(probed: Probed) -> None:
    with pytest.raises(ConfigurationError, match="HUB_PROBES"):
        async with probing(probed.hub, ("127.0.0.1", probed.port)):
            pass


@pytest.mark.parametrize("role", ["worker", "intake"])
async def test_a_process_listens_there_and_a_second_one_is_refused_in_one_line(tmp_path: Path, role: str) -> None:
    address = f"127.0.0.1:{free_port()}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environments = [inherited | {"HUB_DATA": str(tmp_path / name), "HUB_PROBES": address} for name in ("one", "other")]
    run = [sys.executable, "-m", "hub", "serve", "--role", role]
    for each in environments:
        folder = Path(each["HUB_DATA"])
        folder.mkdir()
        async with a_hub(f"sqlite:///{folder / 'hub.sqlite'}", keys=folder / "keys.json"):
            pass
    first = await asyncio.create_subprocess_exec(*run, env=environments[0], stdout=DEVNULL, stderr=DEVNULL)
    try:
        await _ready(f"http://{address}/readyz")
        second = await asyncio.create_subprocess_exec(*run, env=environments[1], stdout=DEVNULL, stderr=PIPE)
        _, said = await second.communicate()
    finally:
        first.send_signal(signal.SIGTERM)
        await first.wait()
    assert (second.returncode, said.count(b"\n")) == (3, 1)
    assert said.startswith(b"part2hub serve: The hub cannot listen on the address of HUB_PROBES")
    assert first.returncode == 0


async def _ready(url: str) -> None:
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as answer:
                    assert answer.status == 200
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
