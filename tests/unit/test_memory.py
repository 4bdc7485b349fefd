"""What a large packet or a burst took goes back to the system, and what only the start needed."""

import platform
import shutil
import subprocess
import sys

import pytest

GROWN = """
from hub.bootstrap.memory import settle_memory
from pathlib import Path

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

settle_memory()
before, kept = resident(), []
for _ in range(8):
    large = b"x" * 12_000_000
    kept.append(b"y" * 1_000)  # lies above it, where both come from one heap
    del large
print(resident() - before)
"""


STARTED = """
import gc
import weakref
from hub.bootstrap.memory import forget_start, settle_memory

class Left:
    pass

settle_memory()
left = Left()
left.itself = left
gone, frozen = weakref.ref(left), gc.get_freeze_count()
del left
forget_start()
print(gone() is None and gc.get_freeze_count() > frozen)
"""

SERVED = """
import asyncio
import os
import signal
import sys
from pathlib import Path
from aiohttp import connector
from hub import bootstrap
from hub.bootstrap import memory
from hub.crypto.keyring import KeyRing
from hub.settings import read_settings

rounds = []

def round_ended():
    trusted = connector._SSL_CONTEXT_VERIFIED.get_ca_certs() or connector._SSL_CONTEXT_UNVERIFIED.get_ca_certs()
    unverified = not connector._SSL_CONTEXT_UNVERIFIED.verify_mode
    rounds.append(print("gave back what was free", "and trusts somebody unnamed" * bool(trusted or unverified)))
    if len(rounds) == 2:
        os.kill(os.getpid(), signal.SIGTERM)

folder = Path(sys.argv[1])
KeyRing.create(folder / "keys.json", "hub.example/ledger")
memory.FORGET_START_S, memory.forget_start = 0.0, lambda: print("forgot its start")
memory.ROUND_S, memory.give_back = 0.0, round_ended
bootstrap.serve(read_settings({"HUB_DATA": str(folder), "HUB_LISTEN": "127.0.0.1:0"}), "api")
"""

FREED = """
from hub.bootstrap.memory import give_back, settle_memory
from pathlib import Path

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

settle_memory()
burst, kept = [], []
for _ in range(2_000):
    burst.append(b"x" * 20_000)
    kept.append(b"y" * 1_000)
class Cycle:
    pass
cycle = Cycle()
cycle.itself, cycle.holds = cycle, burst
del burst, cycle
before = resident()
give_back()
print(before - resident())
"""

RUN_THROUGH = """
import hashlib
import sqlite3
import ssl
from pathlib import Path
from hub.bootstrap.libraries import give_back_pages

def of_files():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssFile"))

before = of_files()
give_back_pages()
print(of_files() < before / 2)
print(hashlib.sha256(b"abc").hexdigest()[:8], sqlite3.connect(":memory:").execute("SELECT 6 * 7").fetchone())
"""

RELOCATED = """
import ctypes
import sys
from hub.bootstrap.libraries import give_back_pages

where = ctypes.c_uint64.in_dll(ctypes.CDLL(sys.argv[1]), "where")
before = where.value
give_back_pages()
print(before == where.value == ctypes.addressof(where))
"""


def test_a_hub_that_serves_forgets_its_start_and_gives_back_what_is_free_again_and_again(tmp_path):
    command = [sys.executable, "-c", SERVED, str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "forgot its start\ngave back what was free \ngave back what was free \n" in found.stdout


def test_what_the_start_left_behind_goes_and_what_it_loaded_is_not_looked_through_again():
    found = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True, check=True)
    assert found.stdout == "True\n"


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the resident size")
def test_after_large_buffers_the_process_is_as_small_as_before():
    found = subprocess.run([sys.executable, "-c", GROWN], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 6_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the resident size")
def test_what_a_burst_left_free_between_what_is_in_use_goes_back():
    found = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    assert int(found.stdout) > 25_000_000, "of 40 MB, in pieces of 20 kB"


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the resident size")
def test_pages_of_libraries_go_and_come_again():
    found = subprocess.run([sys.executable, "-c", RUN_THROUGH], capture_output=True, text=True, check=True)
    assert found.stdout == "True\nba7816bf (42,)\n"


@pytest.mark.skipif(platform.machine() != "x86_64" or sys.platform != "linux", reason="builds such a library")
def test_a_library_whose_code_was_relocated_keeps_its_pages(tmp_path):
    if (compiler := shutil.which("gcc")) is None:
        pytest.skip("here is no gcc")
    code = 'asm(".text\\n.balign 4096\\n.globl where\\nwhere: .quad where\\n.zero 8192");'
    library = tmp_path / "relocated.so"
    command = [compiler, "-shared", "-nostdlib", "-Wl,-z,notext", "-x", "c", "-", "-o", str(library)]
    subprocess.run(command, input=code, text=True, check=True, stderr=subprocess.DEVNULL)
    found = subprocess.run([sys.executable, "-c", RELOCATED, str(library)], capture_output=True, text=True, check=True)
    assert found.stdout == "True\n"
