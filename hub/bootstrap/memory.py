"""How the process keeps its memory: what lives as long as it does is no garbage, and large buffers go back at once."""

import contextlib
import ctypes
import gc

from adapters.tls import trust_nobody_unnamed
from hub.workers.freight import SMALL_BYTES

_MMAP_THRESHOLD = -3
"""`M_MMAP_THRESHOLD` of the GNU C library's malloc.h."""


def settle_memory() -> None:
    """To be called once, when all is imported."""
    trust_nobody_unnamed()
    # What start-up made: collecting it again and again costs a tenth of the throughput.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    # After the first large buffer the C library would take the next ones, up to 32 MiB, from its heap, where what lies
    # above keeps them from going back to the system: after a few large packets the hub would stay large for good.
    with contextlib.suppress(OSError, AttributeError):  # another C library: then it does as it does
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, SMALL_BYTES)


def forget_start() -> None:
    """To be called once, soon after all parts run.

    What their start left behind, mostly SQL while it was compiled, would lie there for hours, and the first load take
    new memory beside it. The web's modules, loaded since, are no garbage either.
    """
    gc.collect()
    gc.freeze()
