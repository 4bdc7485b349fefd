"""From `submit` straight to this process's own worker: a row that is born claimed need not be found and claimed again.

The row says so itself, in the unit that queues it: its claim has a lease like any other, and if this process goes away
before it dispatches the row, the row returns to the queue (INVARIANT: sql-is-the-truth).
"""

from collections.abc import Callable, Collection, Iterable

from hub.outbox import Ticket


class Handover:
    """Where a worker says that it takes rows at birth; without one, or while it is busy, rows wait in the queue."""

    def __init__(self) -> None:
        self._has_room: Callable[[Collection[str]], bool] = _nobody
        self._take: Callable[[Ticket], None] = _ignore

    def open(self, has_room: Callable[[Collection[str]], bool], take: Callable[[Ticket], None]) -> None:
        """A worker of this process begins to take rows."""
        self._has_room, self._take = has_room, take

    def close(self) -> None:
        """It takes no more; what was born claimed meanwhile returns to the queue when its lease ends."""
        self._has_room, self._take = _nobody, _ignore

    def has_room(self, partners: Collection[str]) -> bool:
        """Whether the rows of a submission for these partners may be born claimed."""
        return self._has_room(partners)

    def give(self, tickets: Iterable[Ticket]) -> None:
        """Hand over rows whose unit has committed."""
        for ticket in tickets:
            self._take(ticket)


def _nobody(_partners: Collection[str]) -> bool:
    return False


def _ignore(_ticket: Ticket) -> None:
    return
