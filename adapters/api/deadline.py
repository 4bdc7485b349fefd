"""A deadline for every exchange, at the price of one timer for all of them.

All exchanges get the same time, so the one that began first ends first: only its end is waited for.
"""

import asyncio
from types import TracebackType


class Deadline:
    """`with deadline:` raises `TimeoutError` in whoever takes longer than so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: dict[asyncio.Task[object], float] = {}
        """In the order in which they began."""
        self._overdue: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # once: in Python 3.11 the question is a system call

    def __enter__(self) -> None:
        loop = self._loop = self._loop or asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self._ends[task] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look)

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        task = asyncio.current_task(self._loop)
        assert task is not None
        self._ends.pop(task, None)
        if task in self._overdue:
            self._overdue.discard(task)
            # As in asyncio.timeout: whoever was cancelled from elsewhere as well stays cancelled.
            if task.uncancel() == 0 and kind is asyncio.CancelledError:
                raise TimeoutError

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        for task, end in list(self._ends.items()):
            if end > loop.time():
                self._timer = loop.call_at(end, self._look)
                return
            del self._ends[task]
            self._overdue.add(task)
            task.cancel()
