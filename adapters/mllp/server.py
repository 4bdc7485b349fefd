"""The MLLP listener: an intake that takes v2 messages over TLS with client certificates (`hub.ports.Intake`).

Rules kept: one message of a connection at a time, so that a sender who is faster than the disk waits (back-pressure);
every read and write has a deadline; a frame that dribbles in is answered and its connection closed, since nobody can
tell where the next one begins.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from adapters.mllp.conversation import Manners, answers
from adapters.mllp.frames import Frame, FrameReader, frame
from adapters.mllp.limits import Doorkeeper, Limits
from adapters.mllp.message import Message
from adapters.mllp.peers import NOBODY, Peer, by_certificate, by_facility
from hub.ports import Take

_CHUNK = 64 * 1024
_log = structlog.get_logger()


class MllpListener:
    """Listens on `host` and `port` (0: any free one). `tls` none: plain text, which only bootstrap may choose, on
    loopback.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        peers: Sequence[Peer],
        manners: Manners,
        limits: Limits | None = None,
        *,
        listening: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._peers = peers
        self._manners = manners
        self._limits = limits or Limits()
        self._doorkeeper = Doorkeeper(self._limits)
        self._listening = listening

    async def run(self, take: Take) -> None:
        """Serve until cancelled; `listening` is told the port."""
        talks: set[asyncio.Task[None]] = set()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            talks.add(task)
            try:
                # The end of the listener is no error of this connection, and asyncio would log it as one.
                with suppress(asyncio.CancelledError):
                    await self._talk(reader, writer, take)
            finally:
                talks.discard(task)

        handshake = self._limits.handshake if self._tls else None
        server = await asyncio.start_server(
            talk, self._host, self._port, ssl=self._tls, limit=_CHUNK, ssl_handshake_timeout=handshake
        )
        self._listening(server.sockets[0].getsockname()[1])
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for task in talks:
                task.cancel()
            await asyncio.gather(*talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Take) -> None:
        peer = self._proved(writer)
        who = peer.organization if peer else str((writer.get_extra_info("peername") or ("",))[0])
        with self._doorkeeper.admitted(who) as admitted:
            try:
                if admitted:
                    await self._serve(reader, writer, peer, take)
                else:
                    _log.warning("too many connections", organization=peer.organization if peer else "")
            except (OSError, TimeoutError):
                pass  # the peer went away, or does not read
            except asyncio.CancelledError:
                writer.transport.abort()
                raise
            finally:
                writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._limits.handshake):
                await writer.wait_closed()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer | None, take: Take
    ) -> None:
        frames, clock = FrameReader(self._limits.max_bytes), _Patience(self._limits)
        while True:
            try:
                async with asyncio.timeout_at(clock.deadline(frames)):
                    data = await reader.read(_CHUNK)
            except TimeoutError:
                data = b""
            if not data:
                break
            clock.got(len(data))
            for each in frames.feed(data):
                await self._reply(writer, each, peer, take)
                clock.rest()
            if frames.dropped > self._limits.max_bytes:
                break  # it does not end
        if (rest := frames.unfinished()) is not None:
            await self._reply(writer, rest, peer, take)

    async def _reply(self, writer: asyncio.StreamWriter, got: Frame, peer: Peer | None, take: Take) -> None:
        sender = peer or self._named(got)
        for answer in await answers(got, sender, take, self._manners):
            writer.write(frame(answer))
        async with asyncio.timeout(self._limits.drain):
            await writer.drain()

    def _proved(self, writer: asyncio.StreamWriter) -> Peer | None:
        tls = writer.get_extra_info("ssl_object")
        if tls is None:
            return None
        return by_certificate(self._peers, tls.getpeercert(binary_form=True)) or NOBODY

    def _named(self, got: Frame) -> Peer:
        return by_facility(self._peers, Message.read(got.content).header.get(4)) or NOBODY


class _Patience:
    """Until when the next bytes must come. Counted from a frame's first byte, else from the last message."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._inside = False
        self._bytes = 0

    def got(self, count: int) -> None:
        self._bytes += count

    def rest(self) -> None:
        """A message was answered: the clock begins anew."""
        self._since, self._inside, self._bytes = self._loop.time(), False, 0

    def deadline(self, frames: FrameReader) -> float:
        if frames.inside and not self._inside:
            self._since, self._inside = self._loop.time(), True
        if frames.inside:
            return self._since + self._limits.frame + self._bytes / self._limits.bytes_per_s
        return self._since + self._limits.idle
