"""The servers that the tests stand on are private, fresh for each test, and gone afterwards."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio as redis

from tests.loopback import OutsideError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_has_an_empty_database_of_its_own(postgres_url: str, turn: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE TABLE left_behind (turn text)")
    assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1", turn
    await connection.close()


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_finds_redis_empty(redis_url: str, turn: str) -> None:
    async with redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("left-behind", turn)


async def test_a_server_refuses_who_does_not_know_its_password(postgres_url: str, redis_url: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_url, password="guess")
    async with redis.from_url(redis_url.replace("//:", "//:not-")) as client:
        with pytest.raises(redis.AuthenticationError):
            await client.ping()


@pytest.mark.redis
def test_no_server_outlives_a_killed_run(redis_url: str) -> None:
    assert redis_url, "there is a Redis at all"
    story = (
        "import os, signal\nfrom tests import servers\nwith servers.redis_url() as url:\n"
        "    print(url, flush=True)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # the server's own user passes through
        killed = subprocess.run(
            [sys.executable, "-c", story],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        while _listens(int(killed.stdout.rpartition(":")[2].split("/")[0])):  # ends, or the test's time does
            time.sleep(0.02)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("address", [("192.0.2.1", 25), ("2001:db8::1", 443)])
def test_a_test_cannot_reach_another_machine(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as sock, pytest.raises(OutsideError):
        sock.connect(address)


def test_a_test_cannot_look_up_a_real_name() -> None:
    with pytest.raises(OutsideError):
        socket.getaddrinfo("clinic.org", 443)


def test_a_reserved_name_does_not_exist() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("mail.clinic.example", 25)
