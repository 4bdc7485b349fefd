"""POSTs a webhook: https to public addresses alone, no redirects, the answer's body unread, one deadline."""

import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp

from adapters.api.outcome import seconds_after
from adapters.guard import Guard, GuardedResolver
from hub.model import now_us
from hub.ports import Reply

_SECONDS = 20.0


class Poster:
    """One HTTP client for all webhooks; `close` it. `tls_ca` (PEM) instead of the system's authorities."""

    def __init__(self, guard: Guard, *, tls_ca: bytes | None = None) -> None:
        self._guard = guard
        self._tls_ca = tls_ca
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The receiver's status. Raises `OSError` for an address that may not be asked, and for no answer."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not self._guard.allows_host(parts.hostname or ""):
            raise OSError
        try:
            async with self._open().post(url, data=body, headers=headers, allow_redirects=False) as answer:
                wait = seconds_after(answer.headers.get("Retry-After", ""), now_us())
                return Reply(status=answer.status, retry_after=round(wait or 0))
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise OSError from None

    async def close(self) -> None:
        """Ends the connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            context = ssl.create_default_context(cadata=self._tls_ca.decode("ascii") if self._tls_ca else None)
            connector = aiohttp.TCPConnector(resolver=GuardedResolver(self._guard), ssl=context, limit_per_host=2)
            timeout = aiohttp.ClientTimeout(total=_SECONDS)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)
        return self._session
