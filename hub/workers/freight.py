"""How many bytes of large packets are under way at a time: they wait for each other, and small ones for none of them.

A packet is opened, rendered, sealed and sent whole: while it is under way it takes about three times the bytes of its
documents, and five for moments. Small ones are bounded by their number alone. A partner may have half of what there is
for all: large faxes at a slow machine must not hold up the packets of a county.
"""

from collections import Counter
from collections.abc import Iterator

from hub.outbox import Ticket

MOST_BYTES = 64 * 1024 * 1024
"""Of documents, in one process, unless the operator says otherwise."""
SMALL_BYTES = 256 * 1024
"""What has fewer never waits: with all of a worker's places taken by such, they are 40 MiB."""
LINE = 128
"""So many large ones may wait here, of a partner half as many; the rest stays in the queue, where other workers find
it.
"""


class Freight:
    """Which large packets are under way, and which wait, in the order in which they came.

    One that is larger than there is room for goes alone.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._under_way: dict[str, Ticket] = {}
        self._line: list[Ticket] = []

    @property
    def full(self) -> bool:
        """Whether no more large ones should come."""
        return len(self._line) >= LINE

    @property
    def crowded(self) -> set[str]:
        """Partners of which no more should come: half of what the line has for them waits."""
        waiting = Counter(ticket.recipient for ticket in self._line)
        return {partner for partner, number in waiting.items() if number >= LINE // 4}

    def enter(self, ticket: Ticket) -> bool:
        """Whether it may go on now; if not, it waits in the line, and `leave` will name it."""
        if ticket.size <= SMALL_BYTES:
            return True
        self._line.append(ticket)
        return ticket in self._let_in()

    def leave(self, ticket: Ticket) -> list[Ticket]:
        """It is done, or goes back: those of the line that may go on now."""
        return [] if self._under_way.pop(ticket.taking, None) is None else self._let_in()

    def dismiss(self) -> list[Ticket]:
        """All who wait leave the line."""
        leaving, self._line = self._line, []
        return leaving

    def dismiss_surplus(self) -> list[Ticket]:
        """Those who came after their partner's half of the line was taken leave it."""
        waiting, leaving = Counter[str](), list[Ticket]()
        for ticket in self._line:
            waiting[ticket.recipient] += 1
            if waiting[ticket.recipient] > LINE // 2:
                leaving.append(ticket)
        self._line = [ticket for ticket in self._line if ticket not in leaving]
        return leaving

    def __iter__(self) -> Iterator[Ticket]:
        return iter(self._line)

    def _let_in(self) -> list[Ticket]:
        """Whoever waits for its own partner's packets is overtaken; whoever is next and waits for room is not."""
        entering: list[Ticket] = []
        for ticket in self._line:
            if not _fits(ticket, [*self._under_way.values()], self._most):
                break
            own = [other for other in self._under_way.values() if other.recipient == ticket.recipient]
            if _fits(ticket, own, self._most // 2):
                self._under_way[ticket.taking] = ticket
                entering.append(ticket)
        self._line = [ticket for ticket in self._line if ticket.taking not in self._under_way]
        return entering


def _fits(ticket: Ticket, others: list[Ticket], most: int) -> bool:
    return not others or sum(other.size for other in others) + ticket.size <= most
