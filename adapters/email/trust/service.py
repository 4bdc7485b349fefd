"""Trust as a running hub has it: anchors from the folder, issuers and revocation from the network, bundles renewed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from adapters.email.fetch import Fetcher, FetchFailed
from adapters.email.reasons import NotAccepted
from adapters.email.trust.issuers import FetchedIssuers
from adapters.email.trust.revocation import Revocation, WhenUnknown
from adapters.email.trust.store import Bundle, Renewal, TrustFolder
from adapters.email.trust.trust import SignerSource, Trust
from hub.errors import Unavailable
from hub.model import now_us

_HOUR = 3_600_000_000
_TRY_AGAIN = 300_000_000
"""After a failed refresh, microseconds: the last good content holds meanwhile."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """What became of one bundle: how many anchors it has now, or why the last good content stays."""

    bundle: Bundle
    anchors: int | None
    fault: str = ""


async def _unrecorded(_: Renewal) -> None:
    """Nobody keeps a record."""


class TrustService:
    """See `Trust`; `close` it. `when_unknown` is what an unreachable revocation source means (default: refuse).

    `signers`: where certificates that mail leaves out are looked for; closed with the rest. `renews`: what is due is
    renewed by itself. `record` is told of what a renewal changes before it counts; an
    `Unavailable` of it leaves the last good content.
    """

    def __init__(
        self,
        folder: TrustFolder,
        fetcher: Fetcher,
        when_unknown: WhenUnknown = "refuse",
        now: Callable[[], int] = now_us,
        record: Callable[[Renewal], Awaitable[None]] = _unrecorded,
        renews: bool = True,
        signers: SignerSource | None = None,
    ) -> None:
        self.folder = folder
        self._fetcher = fetcher
        self._issuers = FetchedIssuers(fetcher)
        self._revocation = Revocation(fetcher, when_unknown)
        self._now = now
        self._record = record
        self._renews = renews
        self._signers = signers
        self._tried: dict[str, int] = {}
        self._renewing: asyncio.Task[list[Refresh]] | None = None

    def trust(self, domain: str, direction: Literal["incoming", "outgoing"]) -> Trust:
        """What a domain of ours believes now. A bundle that is due is renewed meanwhile, if a loop is running."""
        if self._renews and self._due() and (self._renewing is None or self._renewing.done()):
            self._renewing = asyncio.get_running_loop().create_task(self.refresh())
        anchors = self.folder.anchors(domain, direction)
        required = direction == "incoming" or self.folder.entries().checks_outgoing
        return Trust(
            anchors, sources=self._issuers, revocation=self._revocation, required=required, signers=self._signers
        )

    async def fetched(self, url: str) -> bytes:
        """A bundle's content. Raises `FetchFailed`."""
        return await self._fetcher.get(url, https_only=True)

    async def refresh(self, *, every: bool = False) -> list[Refresh]:
        """Renews the bundles that are due, or every one; a bundle that cannot be had keeps its last good content."""
        bundles = self.folder.entries().bundles if every else self._due()
        return [await self._renew(bundle) for bundle in bundles]

    async def renewing(self) -> None:
        """Returns when a renewal that is under way has ended."""
        if self._renewing is not None:
            await asyncio.wait([self._renewing])

    async def close(self) -> None:
        """Ends the connections."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        if self._signers is not None:
            await self._signers.close()
        await self._fetcher.close()

    def _due(self) -> list[Bundle]:
        now = self._now()
        return [
            each
            for each in self.folder.entries().bundles
            if now >= self.folder.renewed_at(each) + each.refresh_hours * _HOUR
            and now >= self._tried.get(each.url, 0) + _TRY_AGAIN
        ]

    async def _renew(self, bundle: Bundle) -> Refresh:
        self._tried[bundle.url] = self._now()
        try:
            content = await self.fetched(bundle.url)
            with self.folder.renewing() as alone:
                # Several services of a hub have one folder: what one has recorded is no news to the next.
                if not alone:
                    return Refresh(bundle, None, "being renewed already")
                renewal = self.folder.renewal(bundle, content)
                if renewal.added or renewal.removed:
                    await self._record(renewal)
                return Refresh(bundle, self.folder.renew(bundle, content))
        except FetchFailed:
            return Refresh(bundle, None, "not reached")
        except Unavailable:
            return Refresh(bundle, None, "not recorded")
        except NotAccepted as error:
            return Refresh(bundle, None, error.detail_code)
        except (ValueError, OSError):
            return Refresh(bundle, None, "not a bundle")
