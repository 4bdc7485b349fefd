"""Fetches what certificates and bundles point to over HTTP: bounded in size and time, public addresses only.

Issuers, CRLs and OCSP answers come over plain http by design (RFC 5280 §8): they are signed. Bundles over https only.
"""

import ssl
from urllib.parse import urljoin, urlsplit

import aiohttp

from adapters.guard import Guard, GuardedResolver

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 10.0, 5.0, 30.0
_LARGEST = 16 * 1024 * 1024
_REDIRECTS = 3
_MOVED = {301, 302, 303, 307, 308}


class FetchFailed(Exception):
    """Not there, not in time, too large, or not an address that may be asked. It tells no more."""


class Fetcher:
    """One HTTP client for everything a certificate points to; `close` it.

    `tls_ca` (PEM) is who issues the servers' TLS certificates, instead of the system's authorities.
    """

    def __init__(self, guard: Guard, *, tls_ca: bytes | None = None) -> None:
        self._guard = guard
        self._tls_ca = tls_ca
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, *, https_only: bool = False) -> bytes:
        """The body at `url`, at most 16 MiB. Raises `FetchFailed`."""
        return await self._follow("GET", url, None, https_only=https_only)

    async def post(self, url: str, body: bytes, content_type: str) -> bytes:
        """The answer to a body. Raises `FetchFailed`."""
        return await self._follow("POST", url, (body, content_type), https_only=False)

    async def close(self) -> None:
        """Ends the connections; another use opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _follow(self, method: str, url: str, body: tuple[bytes, str] | None, *, https_only: bool) -> bytes:
        try:
            for _ in range(_REDIRECTS + 1):
                found = await self._once(method, url, body, https_only=https_only)
                if isinstance(found, bytes):
                    return found
                url = urljoin(url, found)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            raise FetchFailed from None
        raise FetchFailed

    async def _once(self, method: str, url: str, body: tuple[bytes, str] | None, *, https_only: bool) -> bytes | str:
        """The body, or where it moved to."""
        parts = urlsplit(url)
        if parts.scheme not in ({"https"} if https_only else {"http", "https"}) or parts.username:
            raise FetchFailed
        if not self._guard.allows_host(parts.hostname or ""):
            raise FetchFailed
        headers = {"Content-Type": body[1]} if body else {}
        data = body[0] if body else None
        async with self._open().request(method, url, data=data, headers=headers, allow_redirects=False) as answer:
            if answer.status in _MOVED and method == "GET":
                return answer.headers.get("Location", "")
            if answer.status != 200:
                raise FetchFailed
            content = bytearray()
            async for piece in answer.content.iter_chunked(65_536):
                content += piece
                if len(content) > _LARGEST:
                    raise FetchFailed
            return bytes(content)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            context = ssl.create_default_context(cadata=self._tls_ca.decode("ascii") if self._tls_ca else None)
            connector = aiohttp.TCPConnector(resolver=GuardedResolver(self._guard), ssl=context, limit=8)
            timeout = aiohttp.ClientTimeout(total=WHOLE_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)
        return self._session
