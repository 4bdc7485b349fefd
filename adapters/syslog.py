"""Syslog over TLS (RFC 5425): audit messages to a collector, each with its length before it, in order.

The collector acknowledges nothing; TLS alone tells whether the bytes are still wanted. So a batch counts as taken once
it is written while the connection stands, and what follows a broken one is sent again by whoever keeps count.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence

from hub.errors import Unavailable

_CONNECT_S, _SEND_S = 10.0, 30.0
"""A collector that does not answer must not hold the feed for ever."""


class TlsSyslog:
    """`AuditSink` of one collector; one connection, made when there is something to send."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        self._host, self._port, self._context = host, port, context
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, messages: Sequence[bytes]) -> None:
        """Send in order, all or nothing as far as anybody can tell. Raises `Unavailable`."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                writer = await self._connected()
            async with asyncio.timeout(_SEND_S):
                writer.write(b"".join(framed(message) for message in messages))
                await writer.drain()
        except (OSError, TimeoutError, ssl.SSLError):
            await self.close()
            raise Unavailable("The audit collector does not take messages.", code="collector") from None

    async def close(self) -> None:
        """Finish with the connection."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError, ssl.SSLError):
                async with asyncio.timeout(_CONNECT_S):
                    await writer.wait_closed()

    async def _connected(self) -> asyncio.StreamWriter:
        # A collector never speaks; the end of its side means that it has gone (attack: bytes written into a grave).
        if self._reader is not None and self._reader.at_eof():
            await self.close()
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port, ssl=self._context)
        return self._writer


def framed(message: bytes) -> bytes:
    """RFC 5425 section 4.3: length in decimal, a space, the message."""
    return b"%d %b" % (len(message), message)
