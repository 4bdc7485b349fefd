"""The express lane: a submission in its plainest form is read and answered without the web framework.

Handing in is nearly all that a hub is asked to do, and for 10 KiB the framework costs as much as sealing them. So each
connection begins here. What looks exactly as a sender's system writes it (`_HEAD`, few headers, all known, none twice,
the body's length stated and small) is answered here. At anything else the connection becomes the framework's, with
every byte that was not answered yet, and stays so: this lane refuses nothing by itself, and two readers never
disagree about where a request ends.
"""

import asyncio
import re
import time
from collections.abc import Callable, Coroutine
from email.utils import formatdate
from functools import lru_cache
from typing import Any, NamedTuple, cast

from aiohttp import web

from hub import cadence
from hub.context import Hub
from hub.errors import NotAvailable
from hub.storage.tokens import TokenReader
from hub.telemetry import count_request, time_request
from hub.turns import next_turn
from hub.web import submissions
from hub.web.access import admitted
from hub.web.problems import problem_of

LARGEST = 256 * 1024
"""Bytes of a body; what is larger costs more than the framework around it."""
FIRST_REQUEST_S = 15.0
KEEPALIVE_S = 75.0
CLOSE_S = 5.0
"""How long requests may take to be answered at shutdown."""
_LARGEST_HEAD = 4_096
_START = b"POST /v1/submissions HTTP/1.1\r\n"
_HEAD = re.compile(re.escape(_START) + rb"(?:[A-Za-z-]{1,40}: ?[\x20-\x7e]{1,400}\r\n){5,9}\r\n")
_NEEDED = {b"host", b"authorization", b"idempotency-key", b"content-type", b"content-length"}
_IDLE = {b"user-agent", b"accept", b"accept-encoding"}
"""Headers that change nothing about the answer."""
_TAKEN = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
_count_taken = count_request(submissions.PATH, "POST", "202").inc
_observe = time_request(submissions.PATH).observe
_LENGTH = re.compile(rb"[1-9][0-9]{0,5}")


class NotPlain(Exception):
    """Whatever this is, the framework shall read it."""


class Request(NamedTuple):
    headers: dict[bytes, bytes]
    body: bytes
    size: int
    """Of head and body."""


def read(received: bytes) -> Request | None:
    """The request at the beginning of what was received; none if more has to come. Raises `NotPlain`."""
    end = received.find(b"\r\n\r\n", 0, _LARGEST_HEAD) + 4
    if end < 4:
        if len(received) >= _LARGEST_HEAD or received[: len(_START)] != _START[: len(received)]:
            raise NotPlain
        return None
    if _HEAD.fullmatch(received, 0, end) is None:
        raise NotPlain
    headers = {}
    lines = received[len(_START) : end - 4].split(b"\r\n")
    for line in lines:
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip(b" ")
    size = end + _length(headers, len(lines))
    return Request(headers, received[end:size], size) if len(received) >= size else None


def _length(headers: dict[bytes, bytes], lines: int) -> int:
    names = headers.keys()
    if len(names) < lines or not names >= _NEEDED or names - _NEEDED - _IDLE - {b"connection"}:
        raise NotPlain
    if headers.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        raise NotPlain
    stated = headers[b"content-length"]
    if _LENGTH.fullmatch(stated) is None or int(stated) > LARGEST:
        raise NotPlain
    return int(stated)


class Lane:
    """What all connections share. `framework` makes the protocol that takes a connection over."""

    def __init__(
        self,
        hub: Hub,
        tokens: TokenReader,
        rate: int,
        headers: dict[str, str],
        framework: Callable[[], asyncio.Protocol],
    ) -> None:
        self._hub, self._tokens, self._rate = hub, tokens, rate
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.framework = framework
        self.connections: set[Connection] = set()

    async def answer(self, headers: dict[bytes, bytes], body: bytes) -> bytes:
        """As `hub.web.app` answers: the caller is admitted, errors become problems, the request is counted."""
        started, on_beat = cadence.clock(), False
        refusal: web.Response | None = None
        try:
            bearer = headers[b"authorization"].decode()
            who = await admitted(self._hub, self._tokens, self._rate, bearer, submissions.HANDERS_IN)
            key, kind = headers[b"idempotency-key"].decode(), headers[b"content-type"].decode()
            taking = submissions.take(self._hub, who, key, kind, body)
            body = b""  # it is let go of as soon as it is split
            answer = self._taken(await taking)
            _count_taken()
        except Exception as error:  # noqa: BLE001 - the boundary: whatever it is, the caller gets fixed words
            refusal, on_beat = problem_of(error), isinstance(error, NotAvailable)
        if on_beat:
            await cadence.until_beat(started)
        if refusal is not None:
            answer = self._written(refusal)
            count_request(submissions.PATH, "POST", str(refusal.status)).inc()
        _observe(cadence.clock() - started)
        return answer

    async def close(self) -> None:
        """Let what is being answered finish, then close."""
        answering = [task for connection in self.connections if (task := connection.finish()) is not None]
        if answering:
            await asyncio.wait(answering, timeout=CLOSE_S)

    def _taken(self, submission: str) -> bytes:
        """As `submissions.taken` says it: the one answer that must cost little."""
        body = submissions.told(submission)
        head = f"{_TAKEN}Location: {submissions.place(submission)}\r\n{self._headers}"
        return f"{head}Date: {_date(int(time.time()))}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    def _written(self, response: web.Response) -> bytes:
        body = cast("bytes", response.body)
        own = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
        head = f"HTTP/1.1 {response.status} {response.reason}\r\n{own}{self._headers}"
        return f"{head}Date: {_date(int(time.time()))}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._task: asyncio.Task[None] | None = None
        self._patience = FIRST_REQUEST_S
        self._since = self._loop.time()
        self._ending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._lane.connections.add(self)
        self._timer = self._loop.call_later(FIRST_REQUEST_S, self._look)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._timer.cancel()
        self._lane.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if self._task is None:
            self._next()
        elif len(self._received) > LARGEST:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """A peer that asks and does not read."""
        self._transport.abort()

    def finish(self) -> "asyncio.Task[None] | None":
        """Close, once the request under way is answered."""
        self._ending = True
        if self._task is None:
            self._transport.close()
        return self._task

    def _next(self) -> None:
        try:
            request = read(self._received)
        except NotPlain:
            self._hand_over()
            return
        if request is not None:
            self._received = self._received[request.size :]
            answering = self._lane.answer(request.headers, request.body)
            self._task = self._loop.create_task(self._answer(answering))

    async def _answer(self, answering: Coroutine[Any, Any, bytes]) -> None:
        answer = await answering
        await next_turn()
        self._transport.write(answer)
        self._task, self._patience, self._since = None, KEEPALIVE_S, self._loop.time()
        if self._ending:
            self._transport.close()
        elif self._received and not self._transport.is_closing():
            self._transport.resume_reading()
            self._next()

    def _hand_over(self) -> None:
        self._timer.cancel()
        self._lane.connections.discard(self)
        framework = self._lane.framework()
        self._transport.set_protocol(framework)
        framework.connection_made(self._transport)
        framework.data_received(self._received)

    def _look(self) -> None:
        """Half a request is the framework's to wait for; a quiet connection is closed after a while."""
        if self._task is None and self._received:
            self._hand_over()
        elif self._task is None and self._loop.time() - self._since >= self._patience:
            self._transport.close()
        else:
            self._timer = self._loop.call_later(FIRST_REQUEST_S, self._look)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
