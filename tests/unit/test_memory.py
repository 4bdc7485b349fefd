"""What a large packet took goes back to the system once it has left; what the start left behind goes, too."""

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
from hub import bootstrap
from hub.crypto.keyring import KeyRing
from hub.settings import read_settings

def ready():  # what was put off by then comes first
    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)

folder = Path(sys.argv[1])
KeyRing.create(folder / "keys.json", "hub.example/ledger")
bootstrap.FORGET_START_S, bootstrap.forget_start = 0.0, lambda: print("forgot its start")
bootstrap.serve(read_settings({"HUB_DATA": str(folder), "HUB_LISTEN": "127.0.0.1:0"}), "api", ready)
"""


def test_a_hub_that_serves_forgets_its_start(tmp_path):
    command = [sys.executable, "-c", SERVED, str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "forgot its start\n" in found.stdout


def test_what_the_start_left_behind_goes_and_what_it_loaded_is_not_looked_through_again():
    found = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True, check=True)
    assert found.stdout == "True\n"


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the resident size")
def test_after_large_buffers_the_process_is_as_small_as_before():
    found = subprocess.run([sys.executable, "-c", GROWN], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 6_000_000
