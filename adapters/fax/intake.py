"""Faxes that came in at a HylaFAX server or a provider, given to the hub; an `Intake`.

Rules kept: a fax is removed at the server only once the hub has made it durable; after a crash in between it is given
again and recognised by its bytes; the calling machine's id is a claim and proves nobody. The pages are no words: every
fax waits for a person, who matches it.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from adapters.fax.inbox import Inbox, ReceivedFax
from hub.arrivals import Arrival
from hub.ports import Take

UNMATCHED = "fax.unmatched"
LOOK_S = 1.0
"""How often the hook's mark is looked at."""

_log = structlog.get_logger()


class FaxIntake:
    """Asks every `poll` seconds, and at once when the server's faxrcvd hook has touched `mark`, or when `wait` (given
    seconds) returns early because a provider has reported.
    """

    def __init__(
        self,
        inbox: Inbox,
        *,
        poll: float = 60.0,
        mark: Path | None = None,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._inbox = inbox
        self._poll = poll
        self._mark = mark
        self._wait = wait

    async def run(self, take: Take) -> None:
        """Poll until cancelled; a server that is away is asked again."""
        try:
            while True:
                seen = self._touched()
                try:
                    await self.collect(take)
                except self._inbox.failures as error:
                    _log.warning("the fax server did not answer", code=type(error).__name__)
                await self._until_due(seen)
        finally:
            await self._inbox.close()

    async def collect(self, take: Take) -> int:
        """Give every whole fax there to the hub; returns how many. Raises the inbox's failures, and as `take`."""
        waiting = await self._inbox.waiting()
        for fax in waiting:
            await take(arrived(fax, await self._inbox.fetch(fax.reference)))
            await self._inbox.remove(fax.reference)
        return len(waiting)

    async def _until_due(self, seen: int) -> None:
        if self._mark is None:
            await self._wait(self._poll)
            return
        waited = 0.0
        while waited < self._poll and self._touched() == seen:
            await asyncio.sleep(LOOK_S)
            waited += LOOK_S

    def _touched(self) -> int:
        try:
            return self._mark.stat().st_mtime_ns if self._mark else 0
        except OSError:
            return 0


def arrived(fax: ReceivedFax, pages: bytes) -> Arrival:
    """The fax as the hub keeps it. The server reuses its names once they are free, so the bytes are part of the key."""
    digest = hashlib.sha256(pages).hexdigest()
    return Arrival(
        channel="fax",
        key=f"{fax.reference} {digest}",
        raw=pages,
        media_type=fax.media_type,
        claimed=fax.station,
        trouble=UNMATCHED,
    )
