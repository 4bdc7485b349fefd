"""The receive queue of a HylaFAX server: which faxes lie there whole, their pages, and taking one away.

Rules kept: a fax that is still being received is left alone; nothing is removed here but what the hub says it has
made durable; what the calling machine says of itself is kept as a claim, never as an address.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from adapters.fax.hfaxd import Session, require_own_machine
from adapters.fax.hfaxd import failures as server_failures
from adapters.fax.hylafax import HylaFaxServer
from hub.model import Frozen

T = TypeVar("T")


class ReceivedFax(Frozen, frozen=True):
    """A fax in the queue."""

    reference: str
    """The server's own name for it."""
    station: str
    """What the calling machine said it is (TSI); anybody can set any number."""
    pages: int
    media_type: str = "image/tiff"


class Inbox(Protocol):
    """Where faxes that came in lie. Methods raise `failures` if it is away."""

    failures: tuple[type[Exception], ...]

    async def waiting(self) -> list[ReceivedFax]:
        """The whole faxes in it, oldest first."""
        ...

    async def fetch(self, reference: str) -> bytes: ...

    async def remove(self, reference: str) -> None:
        """Delete it there. Only after its pages are durable elsewhere."""
        ...

    async def close(self) -> None: ...


class HylaFaxInbox:
    """An `Inbox`. Raises `ConfigurationError` for a server on another machine."""

    failures: tuple[type[Exception], ...] = server_failures

    def __init__(self, server: HylaFaxServer) -> None:
        require_own_machine(server.host)
        self._server = server

    async def waiting(self) -> list[ReceivedFax]:
        """The whole faxes in the queue, oldest first."""
        return await asyncio.to_thread(self._asked, _waiting)

    async def fetch(self, reference: str) -> bytes:
        """The pages, as TIFF."""
        return await asyncio.to_thread(self._asked, lambda session: session.fetch(reference))

    async def remove(self, reference: str) -> None:
        """Delete it at the server. Only after its pages are durable elsewhere."""
        await asyncio.to_thread(self._asked, lambda session: session.remove(reference))

    async def close(self) -> None:
        """Every question closes its own connection."""

    def _asked(self, question: Callable[[Session], T]) -> T:
        server = self._server
        with Session(server.host, server.port, server.user, server.password, server.timeout, server.admin) as session:
            return question(session)


def _waiting(session: Session) -> list[ReceivedFax]:
    return [ReceivedFax(reference=name, station=station, pages=pages) for name, station, pages in session.received()]
