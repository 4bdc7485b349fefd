"""A hub that was told to stop is gone soon, though a look-up under way waits for a name server that says nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.crypto.keyring import KeyRing
from tests.conftest import missing
from tests.servers import MissingServerError

ROOT = Path(__file__).parents[2]
APART = ["unshare", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")), "--net", "--mount"]
"""A network and an /etc/resolv.conf of one's own."""
PREPARED = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
SERVED = """
import asyncio, fcntl, os, signal, socket, struct, sys
from hub.bootstrap import serve
from hub.settings import read_settings

IFF_UP, SIOCSIFFLAGS = 1, 0x8914
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(silent, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", IFF_UP, b""))
silent.bind(("127.0.0.1", 53))
looked_up = []

async def told_to_stop():
    while not await asyncio.to_thread(silent.recv, 512):
        pass
    os.kill(os.getpid(), signal.SIGTERM)

def ready():
    loop = asyncio.get_running_loop()
    looked_up.append(loop.create_task(loop.getaddrinfo("partner.example", 443)))
    looked_up.append(loop.create_task(told_to_stop()))

serve(read_settings(), "api", ready)
"""


def test_a_stop_does_not_wait_for_a_name_server_that_does_not_answer(tmp_path: Path) -> None:
    if subprocess.run([*APART, "true"], check=False, capture_output=True).returncode:
        missing(MissingServerError("This machine lets nobody have a network of one's own (unshare)."))
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n")
    environment = {
        **os.environ, "HUB_DATA": str(tmp_path), "HUB_LISTEN": "127.0.0.1:0", "HUB_KEYS": str(tmp_path / "keys.json"),
    }  # fmt: skip
    KeyRing.create(tmp_path / "keys.json")
    run = [*APART, "sh", "-c", PREPARED, str(resolv), sys.executable, "-c", SERVED]
    try:
        ended = subprocess.run(run, env=environment, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        pytest.fail("It waits for the name server.")
    assert ended.returncode == 0, ended.stderr
    assert '"event":"stopped"' in ended.stderr.replace(" ", "")


def test_a_stop_does_not_wait_either_where_nobody_reads_what_was_said_last() -> None:
    said = (
        "import time; from hub.bootstrap.leaving import leaving\nprint('listening')\nwith leaving(0.0): time.sleep(30)"
    )
    read, write = os.pipe()
    os.close(read)
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
    ended = subprocess.run([sys.executable, "-c", said], env=buffered, cwd=ROOT, check=False, stdout=write, timeout=20)
    os.close(write)
    assert ended.returncode == 0
