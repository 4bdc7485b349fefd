"""One connection to a partner, one exchange at a time: writes a request, reads a bounded answer.

Rules kept: `Progress.content_left` turns true before the first byte of the body is handed to the transport,
never after (unknown-is-disclosed); data nobody asked for ends the connection.
"""

import asyncio
from dataclasses import dataclass
from typing import cast

from adapters.api.answer import Answer, AnswerReader, Garbled

IDLE_SECONDS = 60.0
PATIENCE_SECONDS = 1.5
"""How long to wait for a go-ahead: a peer may not know the expectation and wait for the body (RFC 9110 10.1.1)."""


@dataclass(slots=True)
class Progress:
    """Whether any of the content may have left."""

    content_left: bool = False


class Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._answer: Answer | None = None
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._last_used = float("-inf")
        self.ignores_expectations = False

    @property
    def usable(self) -> bool:
        return self._error is None and self.quiet_for() < IDLE_SECONDS

    def quiet_for(self) -> float:
        return self._loop.time() - self._last_used

    async def exchange(self, head: bytes, body: bytes, progress: Progress, *, ask: bool) -> Answer:
        """Sends `head` (without its blank line) and `body`, gives the answer; raises `OSError` or `Garbled`.

        With `ask` the body is held back until the peer agrees, and is never sent if it answers otherwise.
        """
        assert self._transport is not None
        self._reader, self._answer = AnswerReader(), None
        if ask:
            self._transport.write(head + b"Expect: 100-continue\r\n\r\n")
            early = await self._go_ahead()
            if early is not None:
                return early
            self._raise_if_lost()
            progress.content_left = True
            self._transport.write(body)
        else:
            self._raise_if_lost()
            progress.content_left = True
            self._transport.writelines((head + b"\r\n", body))
        answer = await self._final()
        self._reader, self._last_used = None, self._loop.time()
        return answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._reader is None or self._answer is not None:
            self._fail(Garbled())  # nobody asked
            return
        try:
            self._answer = self._reader.feed(data)
        except Garbled as error:
            self._fail(error)
            return
        if self._answer is not None or self._reader.go_ahead:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._reader is not None and self._answer is None and exc is None:
            self._answer = self._reader.end()
        self._error = self._error or exc or ConnectionResetError()
        self._wake()

    def _fail(self, error: Exception) -> None:
        self._error = error
        self.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _raise_if_lost(self) -> None:
        if self._answer is None and self._error is not None:
            raise self._error

    async def _go_ahead(self) -> Answer | None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self._answer is None and not (self._reader and self._reader.go_ahead):
                    await self._woken()
        except TimeoutError:
            self.ignores_expectations = True
        return self._answer

    async def _final(self) -> Answer:
        while self._answer is None:
            await self._woken()
        return self._answer

    async def _woken(self) -> None:
        self._raise_if_lost()
        self._waiter = self._loop.create_future()
        await self._waiter
