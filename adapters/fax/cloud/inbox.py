"""Faxes that came in at a provider: listed, fetched and deleted over its API; an `Inbox` for each shape.

Rules kept: a fax is fetched from the provider's own address only, never from one that a report or a listing names.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from adapters.fax.cloud.provider import OK, NoReplyError, Reply, count, listed
from adapters.fax.cloud.sinch import Sinch
from adapters.fax.cloud.telnyx import Telnyx
from adapters.fax.inbox import ReceivedFax


class TelnyxInbox:
    """An `Inbox`."""

    failures: tuple[type[Exception], ...] = (NoReplyError,)

    def __init__(self, provider: Telnyx) -> None:
        self._ask, self.close = provider.ask, provider.close

    async def waiting(self) -> list[ReceivedFax]:
        """The received faxes that the provider still holds, oldest first."""
        reply = await self._ask("GET", "/v2/faxes", params={"filter[direction][eq]": "inbound", "page[size]": "250"})
        _require(reply)
        held = [fax for fax in listed(reply, "data") if fax.get("status") == "received"]
        return list(_received(held, "media_name", "image/tiff"))

    async def fetch(self, reference: str) -> bytes:
        """The pages."""
        return _pages(await self._ask("GET", f"/v2/media/{quote(reference, safe='')}/download"))

    async def remove(self, reference: str) -> None:
        """Delete them at the provider."""
        _require(await self._ask("DELETE", f"/v2/media/{quote(reference, safe='')}"))


class SinchInbox:
    """An `Inbox`; this provider gives received faxes as PDF."""

    failures: tuple[type[Exception], ...] = (NoReplyError,)

    def __init__(self, provider: Sinch) -> None:
        self._ask, self._place, self.close = provider.ask, provider.place, provider.close

    async def waiting(self) -> list[ReceivedFax]:
        """The received faxes whose file the provider still holds, oldest first."""
        reply = await self._ask("GET", self._place, params={"direction": "INBOUND", "pageSize": "1000"})
        _require(reply)
        held = [fax for fax in listed(reply, "faxes") if fax.get("status") == "COMPLETED" and fax.get("hasFile")]
        return list(_received(held, "id", "application/pdf"))

    async def fetch(self, reference: str) -> bytes:
        """The pages."""
        return _pages(await self._ask("GET", f"{self._place}/{quote(reference, safe='')}/file.pdf"))

    async def remove(self, reference: str) -> None:
        """Delete them at the provider."""
        _require(await self._ask("DELETE", f"{self._place}/{quote(reference, safe='')}/file"))


def _received(faxes: list[dict[str, Any]], name: str, media_type: str) -> Iterator[ReceivedFax]:
    for fax in reversed(faxes):
        reference, pages = fax.get(name), count(fax.get("page_count") or fax.get("numberOfPages"))
        if isinstance(reference, str) and reference:
            station = str(fax.get("from") or "")[:64]
            yield ReceivedFax(reference=reference, station=station, pages=pages or 0, media_type=media_type)


def _require(reply: Reply) -> None:
    if reply.status not in OK:
        raise NoReplyError(began=False)


def _pages(reply: Reply) -> bytes:
    _require(reply)
    return reply.raw
