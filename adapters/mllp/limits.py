"""How much and how long the listener bears from one peer, so that none can keep it from the others."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.mllp.frames import LARGEST_MAX_BYTES, MAX_BYTES
from hub.errors import ConfigurationError
from hub.model import Frozen


class Limits(Frozen, frozen=True, kw_only=True):
    """Times in seconds. Raises `ConfigurationError` for a frame limit beyond 20 MB."""

    max_bytes: int = MAX_BYTES
    connections: int = 256
    connections_of_peer: int = 64
    idle: float = 900.0
    """Without a message; junk between frames does not count as one."""
    frame: float = 30.0
    """For a frame to arrive from its first byte on, and one second more for every `bytes_per_s`."""
    bytes_per_s: int = 16 * 1024
    handshake: float = 10.0
    drain: float = 30.0
    """For the peer to read its acknowledgement."""

    def __post_init__(self) -> None:
        if not 0 < self.max_bytes <= LARGEST_MAX_BYTES:
            raise ConfigurationError(f"A v2 message has at most {LARGEST_MAX_BYTES >> 20} MiB.")


class Doorkeeper:
    """Counts connections, of all peers and of each."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()

    @contextmanager
    def admitted(self, peer: str) -> Iterator[bool]:
        """Whether one more connection of this peer is borne; counted until the end of the block."""
        full = self._open.total() >= self._limits.connections
        crowded = self._open[peer] >= self._limits.connections_of_peer
        if full or crowded:
            yield False
            return
        self._open[peer] += 1
        try:
            yield True
        finally:
            self._open[peer] -= 1
