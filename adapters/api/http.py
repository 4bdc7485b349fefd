"""A lean HTTP/1.1 client for deliveries: POST over TLS, and nothing else.

aiohttp's client costs more than its server (performance.md 9); a delivery needs one write and one bounded
answer.

How it keeps apart what left from what did not (unknown-is-disclosed): on a fresh or a quiet connection the
head goes first, with `Expect: 100-continue`; a peer that is down, busy or does not know us answers before any
content leaves. On a connection that just worked, head and body go in one write. `content_left` turns true
before the first byte of the body is handed to the transport.

Rules kept: TLS verified against the endpoint's authority; a bounded number of connections per endpoint, so
that one slow partner cannot hold up another; one deadline for the whole exchange; after any failure the
connection is closed, never reused; no redirects, no compression, no pipelining.
"""

import asyncio
import ssl
from dataclasses import dataclass, field

from adapters.api.answer import Answer, Garbled
from adapters.api.connection import Connection, Progress
from adapters.api.deadline import Deadline
from adapters.api.target import Target
from adapters.tls import client_context
from hub.model import Frozen

_QUIET_SECONDS = 1.0
_EXPECTATION_FAILED = 417


class Answered(Frozen, frozen=True):
    """The peer answered; `content_left` is false if it did so before the body was sent."""

    answer: Answer
    content_left: bool


class Failed(Frozen, frozen=True):
    """No whole answer came. Codes: `api-timeout`, `api-tls`, `api-lost`, `api-garbled`."""

    code: str
    content_left: bool


@dataclass(frozen=True, slots=True)
class _Request:
    target: Target
    authority: bytes | None
    head: bytes
    body: bytes


@dataclass(slots=True)
class _Peer:
    """One endpoint's connections, apart from every other's."""

    slots: asyncio.Semaphore
    idle: list[Connection] = field(default_factory=list)
    asks: bool = True


class HttpPool:
    """Connections to all endpoints: at most `connections` to each; `deadline` seconds for one exchange."""

    def __init__(self, connections: int, deadline: float) -> None:
        self._connections = connections
        self._deadline = Deadline(deadline)
        self._peers: dict[tuple[str, int, bytes | None], _Peer] = {}

    async def post(
        self, target: Target, authority: bytes | None, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> Answered | Failed:
        """Sends `body`; never raises for what the peer does. `authority` is PEM, see `adapters.tls`."""
        progress = Progress()
        request = _Request(target, authority, _head(target, headers, body), body)
        peer = self._peer(target, authority)
        try:
            with self._deadline:
                await peer.slots.acquire()
                try:
                    return await _exchange(peer, request, progress)
                finally:
                    peer.slots.release()
        except TimeoutError:
            code = "api-timeout"
        except ssl.SSLError:
            code = "api-tls"
        except Garbled:
            code = "api-garbled"
        except (OSError, ValueError):
            code = "api-lost"
        return Failed(code=code, content_left=progress.content_left)

    async def close(self) -> None:
        """Closes every idle connection."""
        for peer in self._peers.values():
            while peer.idle:
                peer.idle.pop().close()
        await asyncio.sleep(0)  # lets the transports say goodbye

    def _peer(self, target: Target, authority: bytes | None) -> _Peer:
        key = (target.host, target.port, authority)
        if key not in self._peers:
            self._peers[key] = _Peer(asyncio.Semaphore(self._connections))
        return self._peers[key]


async def _exchange(peer: _Peer, request: _Request, progress: Progress) -> Answered:
    connection = _take_idle(peer) or await _connect(request.target, request.authority)
    try:
        ask = peer.asks and connection.quiet_for() >= _QUIET_SECONDS
        answer = await connection.exchange(request.head, request.body, progress, ask=ask)
    except BaseException:
        connection.abort()
        raise
    if answer.status == _EXPECTATION_FAILED or connection.ignores_expectations:
        peer.asks = False
    if answer.reusable and progress.content_left:
        peer.idle.append(connection)
    else:
        connection.close()
    return Answered(answer=answer, content_left=progress.content_left)


def _take_idle(peer: _Peer) -> Connection | None:
    while peer.idle:
        connection = peer.idle.pop()
        if connection.usable:
            return connection
        connection.close()
    return None


async def _connect(target: Target, authority: bytes | None) -> Connection:
    loop = asyncio.get_running_loop()
    context = client_context(authority) if target.tls else None
    _, connection = await loop.create_connection(Connection, target.host, target.port, ssl=context)
    return connection


def _head(target: Target, headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    lines = [f"POST {target.path} HTTP/1.1", f"Host: {target.authority}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")
