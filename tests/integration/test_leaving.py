"""A hub that was told to stop is gone soon, though a look-up under way waits for a name server that says nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.crypto.keyring import KeyRing

ROOT = Path(__file__).parents[2]
SERVED = """
import asyncio, os, signal, time
from hub.bootstrap import serve
from hub.settings import read_settings

looked_up = []

def silence():
    # What getaddrinfo(3) does in its thread while a name server says nothing: nobody can call it off.
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(600)

def ready():
    looked_up.append(asyncio.get_running_loop().run_in_executor(None, silence))

serve(read_settings(), "api", ready)
"""


def test_a_stop_does_not_wait_for_a_name_server_that_does_not_answer(tmp_path: Path) -> None:
    environment = {
        **os.environ, "HUB_DATA": str(tmp_path), "HUB_LISTEN": "127.0.0.1:0", "HUB_KEYS": str(tmp_path / "keys.json"),
    }  # fmt: skip
    KeyRing.create(tmp_path / "keys.json")
    run = [sys.executable, "-c", SERVED]
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
