"""Bulkheads: however slow one partner is, the places of the others stay free.

A partner has many places while it is quick. Once one of its deliveries takes long it has few, and what takes long no
longer counts against the worker's own places: a hundred stuck connections must not stop a county.
"""

from collections import defaultdict

PLACES = 32
"""Of one partner in one process."""
SLOW_PLACES = 4
SLOW_S = 5.0


class Bulkheads:
    """Which deliveries are under way, to whom, since when (seconds of any steady clock)."""

    def __init__(self) -> None:
        self._of: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._slow: set[str] = set()
        self._running = 0

    def enter(self, partner: str, delivery: str, now: float) -> bool:
        """Take a place; false if the partner has none left."""
        places = self._of[partner]
        if len(places) >= (SLOW_PLACES if _is_slow(places, now) else PLACES):
            return False
        places[delivery] = now
        self._running += 1
        return True

    def leave(self, partner: str, delivery: str) -> None:
        """Give the place back."""
        places = self._of[partner]
        del places[delivery]
        self._running -= 1
        self._slow.discard(delivery)
        if not places:
            del self._of[partner]

    def settle(self, now: float) -> None:
        """See anew which deliveries take long."""
        self._slow = {
            delivery
            for places in self._of.values()
            for delivery, since in places.items()
            if now - since > SLOW_S
        }  # fmt: skip

    @property
    def quick(self) -> int:
        """How many deliveries count against the worker's places."""
        return self._running - len(self._slow)

    def slow(self, now: float) -> list[str]:
        """Partners of which a delivery takes long."""
        return [partner for partner, places in self._of.items() if _is_slow(places, now)]

    def full(self, now: float) -> list[str]:
        """Partners that have no place left."""
        return [
            partner
            for partner, places in self._of.items()
            if len(places) >= SLOW_PLACES and (len(places) >= PLACES or _is_slow(places, now))
        ]


def _is_slow(places: dict[str, float], now: float) -> bool:
    # Places are kept in the order in which they were taken: the first is the oldest.
    return bool(places) and now - next(iter(places.values())) > SLOW_S
