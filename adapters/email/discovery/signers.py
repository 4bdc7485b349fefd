"""The certificate of a signer that a mail leaves out, from where its domain publishes certificates for mail to it.

Rules kept: one question about an address at a time, whoever waits for it; few addresses at a time, and none for long: a
domain whose servers hang keeps its own mail waiting, and nobody else's. What is found is judged as any other signer's.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cryptography import x509

from adapters.email.trust.trust import Trust

if TYPE_CHECKING:
    from adapters.email.discovery.discover import Discovery

SECONDS = 15.0
"""For all sources of one address."""
_MOST_AT_ONCE = 4
"""Addresses; fewer than the listener's connections, so that other mail comes in beside them."""


class PublishedSigners:
    """See `SignerSource`. `make` is called when the first such mail comes: most never need it. `close` it."""

    def __init__(self, make: "Callable[[], Discovery]", seconds: float = SECONDS) -> None:
        self._make = make
        self._seconds = seconds
        self._discovery: Discovery | None = None
        self._asking: dict[str, asyncio.Task[tuple[x509.Certificate, ...]]] = {}

    async def published(self, address: str, trust: Trust) -> Sequence[x509.Certificate]:
        """Those that may sign for `address`; none where nobody publishes one in time, or too many are asked for."""
        about = address.lower()
        asking = self._asking.get(about)
        if asking is None:
            if len(self._asking) >= _MOST_AT_ONCE:
                return ()
            asking = self._asking[about] = asyncio.get_running_loop().create_task(self._asked(about, trust))
            asking.add_done_callback(lambda _: self._asking.pop(about, None))
        return await asyncio.shield(asking)

    async def close(self) -> None:
        """Ends what is being asked."""
        asking = list(self._asking.values())
        for each in asking:
            each.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        if self._discovery is not None:
            self._discovery.close()

    async def _asked(self, address: str, trust: Trust) -> tuple[x509.Certificate, ...]:
        try:
            async with asyncio.timeout(self._seconds):
                if self._discovery is None:
                    self._discovery = await asyncio.to_thread(self._make)
                return (await self._discovery.discover(address, trust, signing=True)).certificates
        except TimeoutError:
            return ()
