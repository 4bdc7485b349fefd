"""Where a run keeps its files: in memory, if there is enough of it.

A run makes thousands of databases and throws them away. A disk writes each to its end, and looks for a place for each
of their files; that is most of what such a run waits for. Nothing here outlives the run, so nothing needs a disk.
"""

import os
import re
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # the system's own folder for this, closed to nobody; each run has its own inside
ROOM = 2 << 30
"""Bytes: several times what a run has at any moment, since folders of tests that passed are removed at once."""


def prefer_memory() -> None:
    """From now on, here and in processes started from here; whoever set TMPDIR has chosen already."""
    if "TMPDIR" not in os.environ and _free() >= ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def _free() -> int:
    """Bytes that may still be put there, and that the machine has."""
    try:
        folder = os.statvfs(MEMORY)
        available = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return 0
    if available is None or not os.access(MEMORY, os.W_OK) or folder.f_flag & os.ST_NOEXEC:
        return 0
    return min(folder.f_bavail * folder.f_frsize, int(available[1]) * 1024 // 2)
