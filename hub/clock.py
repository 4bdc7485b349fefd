"""The system's clock, never running backwards."""

from hub.model import now_us


class SystemClock:
    """`Clock` of real time; a step back of the system's clock is smoothed to a standstill."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        self._last = max(self._last, now_us())
        return self._last
