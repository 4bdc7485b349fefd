"""The sending side of MLLP: one connection, one message at a time, its acknowledgement matched by MSA-2.

Rules kept: TLS is verified against the endpoint's authority, with the hub's client certificate; `content_left` turns
true before the first byte of the message is handed to the transport (unknown-is-disclosed); one deadline for the whole
exchange; whatever went wrong, the connection is not used again.
"""

import asyncio
import ssl
from contextlib import suppress

from adapters.mllp.frames import FrameReader, frame
from adapters.mllp.message import Message
from hub.model import Frozen

_MAX_ANSWER = 64 * 1024
_ANSWERS = 8
"""At most so many frames are looked at before the right one: a partner may still answer an earlier message."""


class Answered(Frozen, frozen=True, kw_only=True):
    """What the partner said: MSA-1, ERR-3 (before 2.5 ERR-1.4), its own control id."""

    code: str
    error: str = ""
    reference: str = ""


class Failed(Frozen, frozen=True, kw_only=True):
    """No acknowledgement came. Codes: `mllp-timeout`, `mllp-tls`, `mllp-not-admitted` (the partner refuses our
    certificate), `mllp-lost`, `mllp-garbled`.
    """

    code: str
    content_left: bool


async def exchange(
    host: str, port: int, tls: ssl.SSLContext | None, message: bytes, control_id: str, deadline: float
) -> Answered | Failed:
    """Sends one message and reads its acknowledgement; `deadline` in seconds. Never raises for what a peer does."""
    progress = _Progress()
    try:
        async with asyncio.timeout(deadline):
            return await _exchange(host, port, tls, message, control_id, progress)
    except TimeoutError:
        code = "mllp-timeout"
    except ssl.SSLCertVerificationError:
        code = "mllp-tls"
    except ssl.SSLError as error:
        code = "mllp-not-admitted" if "ALERT" in (error.reason or "") else "mllp-tls"
    except (OSError, ValueError, EOFError):
        code = "mllp-lost"
    return Failed(code=code, content_left=progress.content_left)


class _Progress:
    content_left = False


async def _exchange(
    host: str, port: int, tls: ssl.SSLContext | None, message: bytes, control_id: str, progress: _Progress
) -> Answered | Failed:
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    try:
        # A partner that closes at once (its house is full, our certificate is refused) is seen before anything leaves.
        await _stays_open(reader)
        progress.content_left = True
        writer.write(frame(message))
        await writer.drain()
        return await _answer(reader, control_id)
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await writer.wait_closed()


async def _stays_open(reader: asyncio.StreamReader) -> None:
    """A moment in which a TLS 1.3 server can still refuse our certificate. Raises `OSError` if it hangs up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0.02):
            if not await reader.read(1):
                raise ConnectionResetError
            raise ConnectionAbortedError  # it speaks unasked


async def _answer(reader: asyncio.StreamReader, control_id: str) -> Answered | Failed:
    frames, looked = FrameReader(_MAX_ANSWER), 0
    while looked < _ANSWERS:
        data = await reader.read(_MAX_ANSWER)
        if not data:
            return Failed(code="mllp-lost", content_left=True)
        for each in frames.feed(data):
            looked += 1
            found = Message.read(each.content)
            msa = found.first("MSA")
            if not each.fault and msa.get(2) == control_id:
                error = found.first("ERR")
                return Answered(
                    code=msa.get(1).upper(), error=error.get(3) or error.get(1, 4), reference=found.control_id[:64]
                )
    return Failed(code="mllp-garbled", content_left=True)
