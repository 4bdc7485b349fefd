"""P9 and P11: how fast what an outage left behind leaves, and how long a sender waits while the hub is half busy.

Both are on SQLite and on the clock, so whatever else runs on the machine is in them. Beside a latency stands what the
machine alone makes of it, measured in the same round: the disk told to keep 40 KiB, and a timer of a millisecond.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.end_to_end import MESSAGES, a_hub, hand_in
from tests.bench.load import peer
from tests.bench.table import Line

DAY = 5_250
"""Messages of Los Angeles County."""
ROUNDS = 3
PACED = 1500
SYNCED = b"x" * 40 * 1024
"""What the commit of one message writes into the log, about."""
PROBES = 400


def backlog() -> Iterator[Line]:
    """P9: a day's messages were taken in while no worker ran; then one starts."""
    taken = asyncio.run(_drained())
    yield Line("P9", f"{DAY} messages after an outage, until all arrived", taken, 60, at_most=True, unit="s")


def waiting() -> Iterator[Line]:
    """P11: submissions at half the rate at which as many go end to end."""
    ratios, detail = asyncio.run(_half_busy())
    yield Line("P11", "latency at half load: p99 to the median", ratios, 5, at_most=True, detail=detail)


async def _drained() -> list[float]:
    """Seconds from the start of the worker's process, round by round."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        async with peer() as load, a_hub("", "", load, folder, "api") as hub:
            for number in range(ROUNDS):
                await hand_in(load, hub, DAY, f"r{number}", arrive=False)
                began = time.perf_counter()
                async with a_hub("", "", load, folder, "worker"):
                    await load.ask({"await": DAY})
                    taken.append(time.perf_counter() - began)
                print(".", end="", flush=True, file=sys.stderr)
    return taken


async def _half_busy() -> tuple[list[float], str]:
    ratios, medians, rates = [], [], []
    disk: list[float] = []
    timer: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with peer() as load, a_hub("", "", load, folder, "all") as hub:
            await hand_in(load, hub, 300, "warm", arrive=True)
            for number in range(ROUNDS):
                took = await hand_in(load, hub, MESSAGES, f"full{number}", arrive=True)
                rates.append(MESSAGES / took["seconds"] / 2)
                disk += await asyncio.to_thread(_synced, Path(folder) / "probe")
                timer += await _timed()
                paced = await hand_in(load, hub, PACED, f"half{number}", arrive=True, rate=rates[-1])
                ratios.append(paced["p99"] / paced["median"])
                medians.append(paced["median"])
                print(".", end="", flush=True, file=sys.stderr)
    return ratios, (
        f"median {min(medians) * 1e3:.1f} ms at {max(rates):.0f} a second; of the machine alone "
        f"fdatasync {_spread(disk)}, a timer {_spread(timer)}"
    )


def _synced(file: Path) -> list[float]:
    """Seconds that the disk takes to keep the next part of a file that is already as long as it gets."""
    file.write_bytes(SYNCED * PROBES)
    taken = []
    with file.open("r+b", buffering=0) as opened:
        os.fsync(opened)
        for _ in range(PROBES):
            began = time.perf_counter()
            opened.write(SYNCED)
            os.fdatasync(opened)
            taken.append(time.perf_counter() - began)
    return taken


async def _timed() -> list[float]:
    """Seconds that a millisecond of waiting takes."""
    taken = []
    for _ in range(PROBES):
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        taken.append(time.perf_counter() - began)
    return taken


def _spread(taken: list[float]) -> str:
    """As `2.0 ms, p99 3.5 times that`."""
    taken = sorted(taken)
    median, late = taken[len(taken) // 2], taken[int(len(taken) * 0.99)]
    return f"{median * 1e3:.1f} ms, p99 {late / median:.1f} times that"
