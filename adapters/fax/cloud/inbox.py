"""Faxes that came in at a provider: listed, fetched and deleted over its API; an `Inbox` for each shape.

Rules kept: a fax is fetched from the provider's own address only, never from one that a report or a listing names.
"""

from typing import Any

from adapters.fax.cloud.provider import OK, NoReplyError, Reply
from adapters.fax.cloud.sinch import Sinch
from adapters.fax.cloud.telnyx import Telnyx
from adapters.fax.inbox import ReceivedFax


class TelnyxInbox:
    """An `Inbox`."""

    failures: tuple[type[Exception], ...] = (NoReplyError,)

    def __init__(self, provider: Telnyx) -> None:
        self._ask = provider.ask

    async def waiting(self) -> list[ReceivedFax]:
        """The received faxes that the provider still holds, oldest first."""
        reply = await self._ask("GET", "/v2/faxes", params={"filter[direction][eq]": "inbound", "page[size]": "250"})
        faxes = _required(reply).get("data") or []
        held = [fax for fax in faxes if fax.get("status") == "received" and fax.get("media_name")]
        return [_received(fax["media_name"], fax, "image/tiff") for fax in reversed(held)]

    async def fetch(self, reference: str) -> bytes:
        """The pages."""
        return _pages(await self._ask("GET", f"/v2/media/{reference}/download"))

    async def remove(self, reference: str) -> None:
        """Delete them at the provider."""
        _required(await self._ask("DELETE", f"/v2/media/{reference}"))


class SinchInbox:
    """An `Inbox`; this provider gives received faxes as PDF."""

    failures: tuple[type[Exception], ...] = (NoReplyError,)

    def __init__(self, provider: Sinch) -> None:
        self._ask, self._place = provider.ask, provider.place

    async def waiting(self) -> list[ReceivedFax]:
        """The received faxes whose file the provider still holds, oldest first."""
        reply = await self._ask("GET", self._place, params={"direction": "INBOUND", "pageSize": "1000"})
        faxes = _required(reply).get("faxes") or []
        held = [fax for fax in faxes if fax.get("status") == "COMPLETED" and fax.get("hasFile")]
        return [_received(fax["id"], fax, "application/pdf") for fax in reversed(held)]

    async def fetch(self, reference: str) -> bytes:
        """The pages."""
        return _pages(await self._ask("GET", f"{self._place}/{reference}/file.pdf"))

    async def remove(self, reference: str) -> None:
        """Delete them at the provider."""
        _required(await self._ask("DELETE", f"{self._place}/{reference}/file"))


def _received(reference: str, fax: dict[str, Any], media_type: str) -> ReceivedFax:
    pages = fax.get("page_count") or fax.get("numberOfPages")
    return ReceivedFax(
        reference=str(reference),
        station=str(fax.get("from") or ""),
        pages=pages if isinstance(pages, int) else 0,
        media_type=media_type,
    )


def _required(reply: Reply) -> dict[str, Any]:
    if reply.status not in OK:
        raise NoReplyError(began=False)
    return reply.body if isinstance(reply.body, dict) else {}


def _pages(reply: Reply) -> bytes:
    _required(reply)
    return reply.raw
