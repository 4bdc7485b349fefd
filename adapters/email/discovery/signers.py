"""The certificate of a signer that a mail leaves out, from where its domain publishes certificates for mail to it.

Rules kept: one question about an address at a time, whoever waits for it; few addresses at a time, of one domain half
of them, few mails that wait for them, and none for long: while a domain's servers hang, mail that encloses its
certificate comes in beside it, and other domains are asked. What is found is judged as any other signer's.
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
_MOST_AT_ONCE, _MOST_OF_DOMAIN = 4, 2
"""Addresses."""
_MOST_WAITING = 8
"""Mails; fewer than the listener's connections. Attack stopped: many of one address, whose servers hang, take all."""


class PublishedSigners:
    """See `SignerSource`. `make` is called when the first such mail comes: most never need it. `close` it."""

    def __init__(self, make: "Callable[[], Discovery]", seconds: float = SECONDS) -> None:
        self._make = make
        self._seconds = seconds
        self._discovery: Discovery | None = None
        self._making = asyncio.Lock()
        self._waiting = 0
        self._asking: dict[str, asyncio.Task[tuple[x509.Certificate, ...]]] = {}

    async def published(self, address: str, trust: Trust) -> Sequence[x509.Certificate]:
        """Those that may sign for `address`; none where nobody publishes one in time, or too many are asked for."""
        about = address.lower()
        asking = self._asking.get(about)
        if self._waiting >= _MOST_WAITING or (asking is None and not self._may_ask(about)):
            return ()
        if asking is None:
            asking = self._asking[about] = asyncio.get_running_loop().create_task(self._asked(about, trust))
            asking.add_done_callback(lambda _: self._asking.pop(about, None))
        self._waiting += 1
        try:
            return await asyncio.shield(asking)
        finally:
            self._waiting -= 1

    def _may_ask(self, address: str) -> bool:
        domain = address.rpartition("@")[2]
        of_domain = [each for each in self._asking if each.rpartition("@")[2] == domain]
        return len(self._asking) < _MOST_AT_ONCE and len(of_domain) < _MOST_OF_DOMAIN

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
                async with self._making:
                    if self._discovery is None:
                        self._discovery = await asyncio.to_thread(self._make)
                return (await self._discovery.discover(address, trust, signing=True)).certificates
        except TimeoutError:
            return ()
