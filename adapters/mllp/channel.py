"""The MLLP channel: a parcel as one v2 message over TLS, delivered when the partner's system has acknowledged it.

Rules kept: address and authority come from the parcel's endpoint alone, the hub shows its own certificate; only AA and
CA with our control id are a receipt; a negative acknowledgement says that the partner has read the message, so it is
`Unknown`, never "not disclosed" (unknown-is-disclosed).
"""

import asyncio
import hashlib
import ssl
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from adapters.mllp.client import Answered, Failed, exchange
from adapters.mllp.frames import LARGEST_MAX_BYTES
from adapters.mllp.render import control_id, message_of
from hub.errors import ConfigurationError, Unrenderable
from hub.model import (
    ChannelKind,
    Deferred,
    Delivered,
    Endpoint,
    Outcome,
    Parcel,
    Prepared,
    Receipt,
    Refused,
    Unknown,
    now_us,
)

DEFAULT_PORT = 2575
_TAKEN = ("AA", "CA")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class MllpChannel:
    """HL7 v2 delivery to `mllps://host:port`; see `hub.ports.Channel`.

    `certificate` and `key` are the hub's PEM files, shown to every partner; none: partners that ask for one refuse.
    `deadline` is in seconds for one whole exchange, `connections` per endpoint. `allow_plain_loopback` permits
    mllp:// to this machine, for tests alone. Raises `ConfigurationError` for a certificate that does not load.
    """

    kind = ChannelKind.MLLP
    carries_sealed = True
    gives_receipt = True
    max_bytes = LARGEST_MAX_BYTES

    def __init__(
        self,
        certificate: Path | None = None,
        key: Path | None = None,
        *,
        connections: int = 4,
        deadline: float = 30.0,
        allow_plain_loopback: bool = False,
        now: Callable[[], int] = now_us,
    ) -> None:
        self._own = (certificate, key) if certificate and key else None
        self._deadline = deadline
        self._plain = allow_plain_loopback
        self._now = now
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(connections))
        self._contexts: dict[bytes | None, ssl.SSLContext] = {}
        if self._own:
            self._context(None)

    async def prepare(self, parcel: Parcel) -> Prepared:
        """The message. Raises `Unrenderable`: too large, a kind v2 has no message for, an unusable address."""
        self._target(parcel.endpoint)
        if parcel.endpoint.address.startswith("mllps:"):
            self._context(parcel.endpoint.tls_ca)
        if sum(len(document.content) for document in parcel.documents) > self.max_bytes * 3 // 4:
            raise Unrenderable("The packet is larger than this channel carries.", code="too-large")
        body = await asyncio.to_thread(message_of, parcel)
        if len(body) > self.max_bytes:
            raise Unrenderable("The packet is larger than this channel carries.", code="too-large")
        return Prepared(parcel=parcel, body=body, digest=hashlib.sha256(body).digest())

    async def deliver(self, prepared: Prepared) -> Outcome:
        """Sends the message once; never raises for what a peer does."""
        endpoint = prepared.parcel.endpoint
        host, port = self._target(endpoint)
        tls = self._context(endpoint.tls_ca) if endpoint.address.startswith("mllps:") else None
        async with self._slots[endpoint.id]:
            result = await exchange(host, port, tls, prepared.body, control_id(prepared.parcel), self._deadline)
        return _outcome(result, self._now())

    async def close(self) -> None:
        """Every exchange closes its own connection."""

    def _target(self, endpoint: Endpoint) -> tuple[str, int]:
        try:
            url = urlsplit(endpoint.address)
            host, port = url.hostname or "", url.port or DEFAULT_PORT
        except ValueError:
            raise _unusable() from None
        plain = url.scheme == "mllp" and self._plain and host in _LOOPBACK
        if not host or not (url.scheme == "mllps" or plain):
            raise _unusable()
        return host, port

    def _context(self, authority: bytes | None) -> ssl.SSLContext:
        if authority not in self._contexts:
            self._contexts[authority] = _client_context(authority, self._own)
        return self._contexts[authority]


def _client_context(authority: bytes | None, own: tuple[Path, Path] | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
    except (ssl.SSLError, UnicodeDecodeError, ValueError):
        raise _unusable() from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if own:
        try:
            context.load_cert_chain(*own)
        except (OSError, ssl.SSLError):
            raise ConfigurationError("The hub's MLLP certificate or its key cannot be used.") from None
    return context


def _outcome(result: Answered | Failed, at: int) -> Outcome:
    if isinstance(result, Failed):
        if result.content_left:
            return Unknown(code=result.code)
        return Refused(code=result.code) if result.code == "mllp-not-admitted" else Deferred(code=result.code)
    if result.code in _TAKEN:
        receipt = Receipt(kind=f"mllp-{result.code.lower()}", reference=result.reference, at=at)
        return Delivered(receipt=receipt)
    code = "".join(c for c in f"mllp-{result.code}-{result.error}".lower() if c.isascii() and (c.isalnum() or c == "-"))
    return Unknown(code=code[:32].rstrip("-"))


def _unusable() -> Unrenderable:
    return Unrenderable("The endpoint's address or authority cannot be used for HL7 v2.", code="endpoint-unusable")
