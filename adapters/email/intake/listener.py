"""The mail intake: LMTP (RFC 2033), behind a mail server that faces the network; an `Intake`.

    network ── Postfix (TLS, queue, retries) ── LMTP, this machine or a private network ── here ── take

Rules kept: 250 only after `take` has returned, which is after the durable write; the same 250 for whatever can be kept,
opened or not, so that no answer is an oracle; 451 while nothing can be kept, and the mail server tries again; one
recipient a transaction, as LMTP answers for each; size, connections, commands and time are bounded, and so are the
bytes of all large mails that are here at a time, of one domain to half of that: others stay with the mail server, which
tries again; whoever connects from elsewhere than the mail server's own networks is hung up on before a word.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from hub.arrivals import Arrival
from hub.errors import Conflict, HubError, TooLarge
from hub.ports import Take

Read = Callable[[bytes, str], Awaitable[Arrival]]
"""A mail as received and the address of ours it came to, as an arrival."""

Network = IPv4Network | IPv6Network

_log = structlog.get_logger()
_TAKEN = "250 2.0.0 Taken"
_LATER = "451 4.3.0 Nothing was taken; try again"
_TOO_LARGE = "552 5.3.4 Too large"
_NOBODY = "550 5.1.1 No such address"
_ONE_ONLY = "452 4.5.3 One recipient at a time"
_NO_ROOM = "452 4.3.1 No room for a large mail now; try again"
_BAD_SIZE = "501 5.5.4 SIZE is said once, in 1 to 20 digits"
_BUSY = "421 4.3.2 Too many connections"
_SIZE = re.compile(r"[0-9]{1,20}")
"""RFC 1870 section 3: one parameter, `size-value ::= 1*20DIGIT`."""


@dataclass(frozen=True, slots=True)
class MailLimits:
    """Bounds of one listener; bytes and seconds. 40 MiB: 20 MiB of documents under two layers of base64."""

    max_bytes: int = 40 * 1024 * 1024
    under_way: int = 64 * 1024 * 1024
    """Of large mails at a time; in memory they take three to five times as much."""
    small: int = 256 * 1024
    """What has fewer is always taken."""
    connections: int = 16
    idle: float = 120.0
    reading: float = 120.0
    """Opening one mail: authorities are asked about revocation meanwhile."""
    commands: int = 1_000
    """Of one kind in one connection."""


class MailIntake:
    """Listens on `host` and `port` (0: any free one) for the mail server, which is in one of the networks `peers`;
    `ours` says whether an address is one mail may come to.

    `closing` ends what `read` holds open.
    """

    def __init__(
        self,
        host: str,
        port: int,
        read: Read,
        ours: Callable[[str], Awaitable[bool]],
        limits: MailLimits | None = None,
        *,
        peers: Sequence[Network],
        listening: Callable[[int], None] = lambda _: None,
        closing: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._closing = closing
        self._host, self._port = host, port
        self._read, self._ours = read, ours
        self._limits = limits or MailLimits()
        self._peers = peers
        self._listening = listening

    async def run(self, take: Take) -> None:
        """Serve until cancelled; `listening` is told the port."""
        loop = asyncio.get_running_loop()
        talks: set[asyncio.Transport] = set()
        door = _Door(self._read, self._ours, take, self._limits)
        server = await loop.create_server(
            lambda: _Talk(door, self._limits, self._peers, talks, loop), self._host, self._port
        )
        try:
            self._listening(server.sockets[0].getsockname()[1])
            await server.serve_forever()
        finally:
            server.close()
            for talk in list(talks):
                talk.abort()  # what had no answer is tried again
            if self._closing is not None:
                await self._closing()


class _Talk(LMTP):
    """One connection; refused at once from elsewhere than the peers, or if there are too many."""

    def __init__(
        self,
        door: "_Door",
        limits: MailLimits,
        peers: Sequence[Network],
        talks: set[asyncio.Transport],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(
            door,
            hostname="localhost",
            ident="Part2 Hub",
            data_size_limit=limits.max_bytes,
            timeout=limits.idle,
            command_call_limit=limits.commands,
            loop=loop,
        )
        self._talks, self._most, self._peers = talks, limits.connections, peers

    def connection_made(self, transport: Any) -> None:
        if not self._expected(transport.get_extra_info("peername")):
            _log.warning("somebody who is not the mail server knocked at the mail intake")
            transport.abort()
            return
        if len(self._talks) >= self._most:
            transport.write(f"{_BUSY}\r\n".encode("ascii"))
            transport.close()
            return
        self._talks.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport in self._talks:
            self._talks.discard(self.transport)
            super().connection_lost(error)
            self.envelope = None  # what is left of a talk is a cycle, and its mail would take up room until it is found

    def _expected(self, peer: tuple[str, int] | None) -> bool:
        if peer is None:  # gone again
            return False
        found = ip_address(peer[0].partition("%")[0])
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self._peers)


class _Door:
    """What aiosmtpd asks about each command, of all connections."""

    def __init__(self, read: Read, ours: Callable[[str], Awaitable[bool]], take: Take, limits: MailLimits) -> None:
        self._read, self._ours, self._take, self._limits = read, ours, take, limits
        self._large: WeakKeyDictionary[Envelope, tuple[str, int]] = WeakKeyDictionary()
        """Domain and announced size: a mail counts as long as its envelope is there, however its transaction ends."""

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        announced = [option.removeprefix("SIZE=") for option in options if option.startswith("SIZE=")]
        if len(announced) > 1 or not all(_SIZE.fullmatch(each) for each in announced):
            return _BAD_SIZE
        size = int(announced[0]) if announced else self._limits.max_bytes
        if size > self._limits.small:
            if not self._has_room(domain := address.rpartition("@")[2].lower(), size):
                return _NO_ROOM
            self._large[envelope] = domain, size
        envelope.mail_from, envelope.mail_options = address, options
        return "250 2.1.0 OK"

    def _has_room(self, domain: str, size: int) -> bool:
        """Within what there is for all, and half of it for one domain; what is larger comes alone."""
        others = [*self._large.values()]
        own = [each for whose, each in others if whose == domain]
        fits = not others or sum(each for _, each in others) + size <= self._limits.under_way
        return fits and (not own or sum(own) + size <= self._limits.under_way // 2)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if envelope.rcpt_tos:
            return _ONE_ONLY
        try:
            if not await self._ours(address):
                return _NOBODY
        except HubError:
            return _LATER
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = bytes(envelope.original_content or b"")
        try:
            async with asyncio.timeout(self._limits.reading):
                arrival = await self._read(raw, envelope.rcpt_tos[0])
            await self._keep(arrival)
        except TooLarge:
            return _TOO_LARGE
        except (HubError, TimeoutError) as error:
            _log.warning("a mail was not taken", code=getattr(error, "detail_code", "timeout"))
            return _LATER
        return _TAKEN

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours: the mail stays with the mail server. No message, it may quote a person."""
        _log.error("the mail intake failed", code=type(error).__name__)
        return _LATER

    async def _keep(self, arrival: Arrival) -> None:
        try:
            await self._take(arrival)
        except Conflict:
            # Other bytes under one key: the same protected message in another envelope, and it is here already.
            _log.info("a mail came again in another envelope")
