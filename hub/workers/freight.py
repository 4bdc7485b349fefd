"""How many bytes of large packets are under way at a time: they wait for each other, and small ones for none of them.

A packet is opened, rendered, sealed and sent whole: while it is under way it takes about three times the bytes of its
documents, and five for moments. Small ones are bounded by their number alone. A partner may have half of what there is
for all: large faxes at a slow machine must not hold up the packets of a county, nor one sender's those of others.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

MOST_BYTES = 64 * 1024 * 1024
"""Of documents, in one process, unless the operator says otherwise."""
SMALL_BYTES = 256 * 1024
"""What has fewer never waits: with all of a worker's places taken by such, they are 56 MiB."""
LINE = 128
"""So many large ones may wait here, of a partner half as many; the rest stays in the queue, where other workers find
it.
"""


class Load(Protocol):
    """A packet, out or in."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def party(self) -> str:
        """Whose share it takes: out, its recipient's; in, its sender's."""

    @property
    def taking(self) -> str:
        """Names it, among all that are here."""


L = TypeVar("L", bound=Load)


class Freight(Generic[L]):
    """Which large packets are under way, and which wait, in the order in which they came.

    One that is larger than there is room for goes alone.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._under_way: dict[str, L] = {}
        self._line: list[L] = []

    @property
    def full(self) -> bool:
        """Whether no more large ones should come."""
        return len(self._line) >= LINE

    @property
    def crowded(self) -> set[str]:
        """Partners of which no more should come: half of what the line has for them waits."""
        waiting = Counter(ticket.party for ticket in self._line)
        return {partner for partner, number in waiting.items() if number >= LINE // 4}

    def enter(self, ticket: L) -> bool:
        """Whether it may go on now; if not, it waits in the line, and `leave` will name it."""
        if ticket.size <= SMALL_BYTES:
            return True
        self._line.append(ticket)
        return ticket in self._let_in()

    def leave(self, ticket: L) -> list[L]:
        """It is done, or waits no longer: those of the line that may go on now."""
        if ticket.size <= SMALL_BYTES:
            return []
        self._under_way.pop(ticket.taking, None)
        self._line = [other for other in self._line if other.taking != ticket.taking]
        return self._let_in()

    def has_its_share(self, ticket: L) -> bool:
        """Whether its own party's are what it waits for."""
        return not _fits(ticket, self._own(ticket), self._most // 2)

    def dismiss(self) -> list[L]:
        """All who wait leave the line."""
        leaving, self._line = self._line, []
        return leaving

    def dismiss_surplus(self) -> list[L]:
        """Those who came after their partner's half of the line was taken leave it."""
        waiting = Counter[str]()
        leaving: list[L] = []
        for ticket in self._line:
            waiting[ticket.party] += 1
            if waiting[ticket.party] > LINE // 2:
                leaving.append(ticket)
        self._line = [ticket for ticket in self._line if ticket not in leaving]
        return leaving

    def __iter__(self) -> Iterator[L]:
        return iter(self._line)

    def _let_in(self) -> list[L]:
        """Whoever waits for its own partner's packets is overtaken; whoever is next and waits for room is not."""
        entering: list[L] = []
        for ticket in self._line:
            if not _fits(ticket, [*self._under_way.values()], self._most):
                break
            if not self.has_its_share(ticket):
                self._under_way[ticket.taking] = ticket
                entering.append(ticket)
        self._line = [ticket for ticket in self._line if ticket.taking not in self._under_way]
        return entering

    def _own(self, ticket: L) -> list[L]:
        return [other for other in self._under_way.values() if other.party == ticket.party]


def _fits(ticket: L, others: list[L], most: int) -> bool:
    return not others or sum(other.size for other in others) + ticket.size <= most
