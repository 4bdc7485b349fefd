"""P9 and P11: how fast what an outage left behind leaves, and how long a sender waits while the hub is half busy.

Both are on SQLite and on the clock, so whatever else runs on the machine is in them.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.bench.end_to_end import MESSAGES, a_hub, hand_in
from tests.bench.load import peer
from tests.bench.table import Line

DAY = 5_250
"""Messages of Los Angeles County."""
ROUNDS = 3
PACED = 1500


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
    with tempfile.TemporaryDirectory() as folder:
        async with peer() as load, a_hub("", "", load, folder, "all") as hub:
            await hand_in(load, hub, 300, "warm", arrive=True)
            for number in range(ROUNDS):
                took = await hand_in(load, hub, MESSAGES, f"full{number}", arrive=True)
                rates.append(MESSAGES / took["seconds"] / 2)
                paced = await hand_in(load, hub, PACED, f"half{number}", arrive=True, rate=rates[-1])
                ratios.append(paced["p99"] / paced["median"])
                medians.append(paced["median"])
                print(".", end="", flush=True, file=sys.stderr)
    return ratios, f"median {min(medians) * 1e3:.1f} ms at {max(rates):.0f} a second"
