"""Hands a mail to the relay over SMTP (RFC 5321) with required TLS, and says what became of it.

    up to and including the answer to DATA   nothing of the mail has left: 5xx is Refused, everything else
    Deferred from the first byte of content on        it may have arrived: only 250 is Delivered, everything
    else Unknown

That holds for a 4xx or 5xx after the content too: the relay has read the mail, even if it does not keep it
(unknown-is-disclosed).

Rules kept: STARTTLS required or TLS from the first byte, certificate and name verified; every answer is
bounded (aiosmtplib reads 32 KiB at most) and the whole conversation has one deadline; after a time-out the
session is closed, never resynchronised; sessions are reused, and one that died while idle is noticed at MAIL,
before any content.
"""

import asyncio
import re
import ssl
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from adapters.tls import client_context
from hub.model import Deferred, Delivered, Outcome, Receipt, Refused, Unknown, now_us

_SERVICE_CLOSING = 421
_QUIT_SECONDS = 2.0
_QUEUE_ID = re.compile(r"queued as ([A-Za-z0-9.-]{1,64})")


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mail goes out: `implicit_tls` is port 465's way, else STARTTLS. `hello` is the name given in
    EHLO.
    """

    host: str
    port: int
    hello: str
    implicit_tls: bool = False
    credentials: tuple[str, str] | None = None


@dataclass(slots=True)
class _Progress:
    content_left: bool = False


class SmtpSessions:
    """At most `limit` conversations with the relay at once, each within `deadline` seconds, kept open between
    mails.
    """

    def __init__(self, relay: Relay, limit: int, deadline: float) -> None:
        self._relay = relay
        self._slots = asyncio.Semaphore(limit)
        self._deadline = deadline
        self._idle: defaultdict[bytes | None, list[SMTP]] = defaultdict(list)

    async def hand_over(self, sender: str, recipient: str, mail: bytes, authority: bytes | None) -> Outcome:
        """One mail to one recipient; `authority` is who must have issued the relay's TLS certificate. Never
        raises.
        """
        progress = _Progress()
        try:
            async with asyncio.timeout(self._deadline), self._slots:
                return await self._converse(sender, recipient, mail, authority, progress)
        except (SMTPException, OSError, ValueError) as error:  # TimeoutError and ssl.SSLError are OSErrors
            code = _code(error)
            return Unknown(code=code) if progress.content_left else Deferred(code=code)

    async def close(self) -> None:
        """QUIT on every idle session, without waiting long for an answer."""
        sessions = [session for idle in self._idle.values() for session in idle]
        self._idle.clear()
        await asyncio.gather(*map(_quit, sessions))

    async def _converse(
        self, sender: str, recipient: str, mail: bytes, authority: bytes | None, progress: _Progress
    ) -> Outcome:
        session, reply = await self._begin(f"MAIL FROM:<{sender}>".encode("ascii"), authority)
        try:
            for command in (f"RCPT TO:<{recipient}>".encode("ascii"), b"DATA"):
                if not _positive(reply):
                    return _before_content(reply)
                reply = await session.execute_command(command)
            if not _positive(reply):
                return _before_content(reply)
            progress.content_left = True
            outcome = _after_content(await _content(session, mail, self._deadline))
            if isinstance(outcome, Delivered):
                self._idle[authority].append(session)
            return outcome
        finally:
            if session not in self._idle[authority]:
                _drop(session)

    async def _begin(self, mail_from: bytes, authority: bytes | None) -> tuple[SMTP, SMTPResponse]:
        while self._idle[authority]:
            session = self._idle[authority].pop()
            try:
                reply = await session.execute_command(mail_from)
            except (SMTPException, OSError):
                _drop(session)
                continue
            if reply.code != _SERVICE_CLOSING:
                return session, reply
            _drop(session)
        session = await self._connect(authority)
        try:
            return session, await session.execute_command(mail_from)
        except BaseException:
            _drop(session)
            raise

    async def _connect(self, authority: bytes | None) -> SMTP:
        relay = self._relay
        username, password = relay.credentials or (None, None)
        session = SMTP(
            hostname=relay.host,
            port=relay.port,
            local_hostname=relay.hello,
            use_tls=relay.implicit_tls,
            start_tls=not relay.implicit_tls,
            tls_context=client_context(authority),
            username=username,
            password=password,
            timeout=self._deadline,
        )
        await session.connect()
        try:
            await session.ehlo()
        except BaseException:
            _drop(session)
            raise
        return session


async def _content(session: SMTP, mail: bytes, deadline: float) -> SMTPResponse:
    if session.protocol is None:
        raise SMTPServerDisconnected("Connection lost")
    stuffed = mail.replace(b"\r\n.", b"\r\n..")  # RFC 5321 §4.5.2
    session.protocol.write(stuffed + b".\r\n" if stuffed.endswith(b"\r\n") else stuffed + b"\r\n.\r\n")
    return await session.protocol.read_response(timeout=deadline)


async def _quit(session: SMTP) -> None:
    with suppress(SMTPException, OSError):
        async with asyncio.timeout(_QUIT_SECONDS):
            await session.execute_command(b"QUIT")
    _drop(session)


def _drop(session: SMTP) -> None:
    """Close at once: over TLS, closing alone waits half a minute for the relay to close too."""
    transport = cast("asyncio.Transport | None", session.transport)
    session.close()
    if transport is not None:
        transport.abort()


def _positive(reply: SMTPResponse) -> bool:
    return 200 <= reply.code < 400


def _before_content(reply: SMTPResponse) -> Outcome:
    code = f"smtp-{reply.code}"
    return Refused(code=code) if 500 <= reply.code < 600 else Deferred(code=code)


def _after_content(reply: SMTPResponse) -> Outcome:
    # INVARIANT: unknown-is-disclosed
    if reply.code != 250:
        return Unknown(code=f"smtp-{reply.code}-after-content")
    queued = _QUEUE_ID.search(reply.message)
    return Delivered(receipt=Receipt(kind="smtp-250", reference=queued[1] if queued else "", at=now_us()))


def _code(error: Exception) -> str:
    no_starttls = type(error) is SMTPException  # aiosmtplib's bare error: the relay does not offer it
    if no_starttls or isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return "smtp-tls"
    if isinstance(error, TimeoutError | SMTPTimeoutError):
        return "smtp-timeout"
    if isinstance(error, SMTPResponseException) and 400 <= error.code < 600:
        return f"smtp-{error.code}"
    return "smtp-lost"
