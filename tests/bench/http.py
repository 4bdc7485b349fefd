"""The barest HTTP/1.1 over asyncio that still is HTTP: a server and a pipelining-free client, for load and for the
limit.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_LENGTH = b"content-length:"


class Sink(asyncio.Protocol):
    """Answers 200 to every complete request; keeps connections open."""

    def __init__(self, received: Callable[[], None]) -> None:
        self._received = received
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if data.endswith(b"Expect: 100-continue\r\n\r\n"):
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # type: ignore[attr-defined]
            return
        while (end := _complete(self._buffer)) is not None:
            self._buffer = self._buffer[end:]
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")  # type: ignore[attr-defined]
            self._received()


class Client(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = _complete(self._buffer)
        if end is not None and self._answer is not None:
            answer, self._buffer = self._buffer[:end], self._buffer[end:]
            self._answer.set_result(answer)
            self._answer = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None:
            self._answer.set_exception(exc or ConnectionError("closed"))

    async def ask(self, request: bytes) -> bytes:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)  # type: ignore[attr-defined]
        return await self._answer


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    """A connection to this machine's port, closed on the way out: an open one costs the server memory for as long."""
    transport, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    try:
        yield client
    finally:
        transport.close()


def request(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _complete(buffer: bytes) -> int | None:
    """Where the first message in the buffer ends, if it is complete."""
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return None
    at = buffer[:head].lower().find(_LENGTH)
    length = int(buffer[at + len(_LENGTH) : head].split(b"\r\n", 1)[0]) if at >= 0 else 0
    end = head + 4 + length
    return end if len(buffer) >= end else None
