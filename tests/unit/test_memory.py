"""What a large packet or a burst took goes back to the system, and what only the start needed."""

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
