"""What a large packet took goes back to the system once it has left."""

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


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the resident size")
def test_after_large_buffers_the_process_is_as_small_as_before():
    found = subprocess.run([sys.executable, "-c", GROWN], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 6_000_000
