"""Signals in one process. Losing all of it loses nothing (sql-is-the-truth)."""

import asyncio
import time
from collections import Counter, defaultdict


class LocalSignals:
    """For one process."""

    def __init__(self) -> None:
        self._topics: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._nonces: dict[str, float] = {}
        self._rates: dict[int, tuple[int, Counter[str]]] = {}
        """By the length of the window: the present one's number, and who did how much in it."""

    async def wake(self, topic: str) -> None:
        self._topics[topic].set()

    async def wait(self, topic: str, seconds: float) -> None:
        event = self._topics[topic]
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return
        event.clear()

    async def first_use(self, nonce: str, seconds: int) -> bool:
        now = time.monotonic()
        if len(self._nonces) > 100_000:
            self._nonces = {kept: until for kept, until in self._nonces.items() if until > now}
        if self._nonces.get(nonce, 0.0) > now:
            return False
        self._nonces[nonce] = now + seconds
        return True

    async def allow(self, key: str, limit: int, seconds: int) -> bool:
        window = int(time.monotonic() // seconds)
        at, used = self._rates.get(seconds, (window, Counter[str]()))
        if at != window:  # whoever came in an earlier one is forgotten: strangers choose some of the keys
            used = Counter()
        used[key] += 1
        self._rates[seconds] = window, used
        return used[key] <= limit

    async def close(self) -> None:
        self._topics.clear()
