"""Claimed rows whose partner has no place at the moment: whoever leaves a place lets the next one in.

Without it half of what is claimed from a backlog goes back to the queue, only to be claimed again: the oldest rows are
those of the busiest partner. For partners that are quick; what a slow one has no place for goes back, where other
workers find it and urgent rows overtake it.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterator

from hub.outbox import Ticket

SEATS = 64
"""Of one partner in one process: as many as one claim may bring."""


class Anteroom:
    """In the order in which they came, each partner's apart. Their leases are to be renewed like those of any other."""

    def __init__(self) -> None:
        self._of: defaultdict[str, deque[Ticket]] = defaultdict(deque)

    def admit(self, ticket: Ticket) -> bool:
        """Take a seat; false if the partner has none left."""
        seated = self._of[ticket.recipient]
        if len(seated) >= SEATS:
            return False
        seated.append(ticket)
        return True

    def next(self, partner: str) -> Ticket | None:
        """The partner's first row leaves, if there is one."""
        seated = self._of.get(partner)
        if seated is None:
            return None
        ticket = seated.popleft()
        if not seated:
            del self._of[partner]
        return ticket

    def dismiss(self, partners: Collection[str] | None = None) -> list[Ticket]:
        """All rows of these partners leave, or of all."""
        leaving = list(self._of) if partners is None else [each for each in partners if each in self._of]
        return [ticket for partner in leaving for ticket in self._of.pop(partner)]

    def __iter__(self) -> Iterator[Ticket]:
        return (ticket for seated in self._of.values() for ticket in seated)
