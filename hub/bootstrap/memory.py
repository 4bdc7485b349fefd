"""How the process keeps its memory: what lives as long as it does is no garbage, and what is free goes back at once or
soon.
"""

import asyncio
import contextlib
import ctypes
import gc

from hub.workers.freight import SMALL_BYTES

FORGET_START_S = 2.0
"""After the parts run: it takes some 30 ms, which the first to ask need not wait for."""
ROUND_S = 15.0
"""A round takes half a millisecond in an idle hub, and three under load."""
_MMAP_THRESHOLD = -3
"""`M_MMAP_THRESHOLD` of the GNU C library's malloc.h."""


def settle_memory() -> None:
    """To be called once, when all is imported."""
    # What start-up made: collecting it again and again costs a tenth of the throughput.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    # After the first large buffer the C library would take the next ones, up to 32 MiB, from its heap, where what lies
    # above keeps them from going back to the system: after a few large packets the hub would stay large for good.
    with contextlib.suppress(OSError, AttributeError):  # another C library: then it does as it does
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, SMALL_BYTES)


async def stay_small() -> None:
    """To be started once, when all parts run; until cancelled."""
    await asyncio.sleep(FORGET_START_S)
    forget_start()
    while True:
        await asyncio.sleep(ROUND_S)
        give_back()


def forget_start() -> None:
    """To be called once, soon after all parts run.

    What their start left behind, mostly SQL while it was compiled, would lie there for hours, and the first load take
    new memory beside it. The web's modules, loaded since, are no garbage either.
    """
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """What is free, also between what is in use, to the system.

    The path makes no garbage, but what is asked now and then does, SQL above all: an idle hub would collect it after
    some hours and 15 MiB. And after a burst the heap would stay as large as in it.
    """
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
