"""The email channel: a parcel as signed and encrypted mail to the recipient's address, through the hub's
relay.

Rules kept: the address and the certificate come from the parcel's endpoint alone; the certificate must be
valid and name that address; the endpoint's `form` may say `gcm` and `pkcs1`, what its mail software reads
(see `cms.addressee.FORMS`).
"""

import asyncio
import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.email.certificates import MAIL_ADDRESS, bound_to, require_usable, require_use
from adapters.email.cms.addressee import Addressee
from adapters.email.cms.signer import Signer
from adapters.email.message import Loop, write_mail
from adapters.email.reasons import NotAccepted
from adapters.email.smtp import Relay, SmtpSessions
from adapters.email.trust.trust import Trust
from adapters.tls import client_context
from hub.errors import ConfigurationError, IntegrityFailed, Unrenderable
from hub.model import ChannelKind, Deferred, Endpoint, Outcome, Parcel, Prepared, Refused, now_us

_LARGE = 1024 * 1024
_CANNOT_TELL = "revocation-unknown"
"""The one fault that passes by itself: the authority's servers may answer later."""


class TrustSource(Protocol):
    """Whom a domain of ours believes; see `adapters.email.trust.service.TrustService`."""

    def trust(self, domain: str, direction: Literal["incoming", "outgoing"]) -> Trust:
        """The anchors as they are now."""
        ...

    async def close(self) -> None:
        """Ends its connections."""
        ...


class EmailChannel:
    """Direct-style secure mail; see `hub.ports.Channel`.

    `signer_key` and `signer_certificate` are PEM (ECDSA P-256 or RSA); `sender_address` is the hub's own
    mailbox, whose name and domain must say nothing about substance use. `tls_ca` (PEM) is who issued the
    relay's TLS certificate, unless an endpoint names its own; none means the system's authorities. `deadline`
    is in seconds, for one whole delivery. `trust`: where anchors were set for what this domain sends, a
    recipient's certificate must lead to one of them, and be unrevoked at the moment of delivery. `loop` writes
    the v2 message of a closed loop referral for partners that read one (`360x`). Raises `ConfigurationError`
    if key, certificate and address do not belong together.
    """

    kind = ChannelKind.EMAIL
    carries_sealed = True
    gives_receipt = True
    max_bytes = 20 * 1024 * 1024

    def __init__(
        self,
        signer_key: bytes,
        signer_certificate: bytes,
        sender_address: str,
        smtp_host: str,
        smtp_port: int,
        *,
        implicit_tls: bool = False,
        credentials: tuple[str, str] | None = None,
        tls_ca: bytes | None = None,
        connections: int = 8,
        deadline: float = 60.0,
        now: Callable[[], int] = now_us,
        trust: TrustSource | None = None,
        loop: Loop = lambda _parcel, _address: None,
    ) -> None:
        if tls_ca is not None:
            _require_authority(tls_ca)
        self._signer = signer_of(signer_key, signer_certificate, sender_address)
        self._sender = sender_address
        self._tls_ca = tls_ca
        self._now = now
        self._trust = trust
        self._loop = loop
        hello = sender_address.rpartition("@")[2]
        relay = Relay(smtp_host, smtp_port, hello, implicit_tls, credentials)
        self._sessions = SmtpSessions(relay, connections, deadline)

    async def prepare(self, parcel: Parcel) -> Prepared:
        """The complete mail. Raises `Unrenderable`: too large, no media type, or an endpoint without usable
        certificate.
        """
        size = sum(len(document.content) for document in parcel.documents)
        if size > self.max_bytes:
            raise _too_large()
        fault = await self._distrusted(parcel.endpoint)
        if fault is not None and fault.detail_code != _CANNOT_TELL:
            raise Unrenderable(fault.message, code="endpoint-unusable")
        # A small mail signed with an elliptic key takes less time than the hop to a thread and back.
        apart = size > _LARGE or self._signer.is_slow
        mail = await asyncio.to_thread(self._write, parcel) if apart else self._write(parcel)
        if len(mail) > self.max_bytes:
            raise _too_large()
        return Prepared(parcel=parcel, body=mail, digest=hashlib.sha256(mail).digest())

    async def deliver(self, prepared: Prepared) -> Outcome:
        """Hands the mail to the relay; never raises for what a peer does."""
        endpoint = prepared.parcel.endpoint
        fault = await self._distrusted(endpoint)
        if fault is not None:
            return Deferred(code=_CANNOT_TELL) if fault.detail_code == _CANNOT_TELL else Refused(code=fault.detail_code)
        authority = endpoint.tls_ca or self._tls_ca
        return await self._sessions.hand_over(self._sender, endpoint.address, prepared.body, authority)

    async def close(self) -> None:
        """Ends the SMTP sessions, and what trust holds open."""
        await self._sessions.close()
        if self._trust is not None:
            await self._trust.close()

    async def _distrusted(self, endpoint: Endpoint) -> NotAccepted | None:
        """Why the endpoint's certificate is not to be trusted; none if it is, or if nobody ever set anchors."""
        own = self._sender.rpartition("@")[2]
        trust = self._trust.trust(own, "outgoing") if self._trust is not None else None
        if trust is None or not (trust.anchors or trust.required):
            return None
        certificate = _addressee(endpoint).certificate
        try:
            await trust.vouch(certificate, endpoint.address, self._now(), signing=False)
        except NotAccepted as error:
            return error
        return None

    def _write(self, parcel: Parcel) -> bytes:
        at = self._now()
        addressee = _addressee(parcel.endpoint)
        client_context(parcel.endpoint.tls_ca or self._tls_ca)
        try:
            require_usable(addressee.certificate, at)
        except IntegrityFailed as error:
            raise Unrenderable(error.message, code="endpoint-unusable") from None
        return write_mail(parcel, self._sender, self._signer, addressee, at, self._loop)


def _addressee(endpoint: Endpoint) -> Addressee:
    return load_addressee(endpoint.certificate or b"", endpoint.address, endpoint.form)


@lru_cache(maxsize=1024)
def load_addressee(certificate_pem: bytes, address: str, form: str) -> Addressee:
    """Whom mail to this address is sealed to. Raises `Unrenderable` unless the certificate names it and may encrypt."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        if MAIL_ADDRESS.fullmatch(address) and bound_to(certificate, address):
            require_use(certificate, signing=False)
            return Addressee(certificate, form)
    except (ValueError, IntegrityFailed):
        pass
    message = "The endpoint has no certificate that names its address and receives encrypted mail."
    raise Unrenderable(message, code="endpoint-unusable")


def signer_of(key_pem: bytes, certificate_pem: bytes, address: str) -> Signer:
    """Who signs as `address`. Raises `ConfigurationError` if key, certificate and address do not belong together."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        key = load_pem_private_key(key_pem, None)
    except (ValueError, TypeError):
        raise ConfigurationError("The mail signing key or certificate is not readable PEM.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ConfigurationError("The mail signing key is neither ECDSA nor RSA.")
    if key.public_key() != certificate.public_key():
        raise ConfigurationError("The mail signing key does not belong to its certificate.")
    if not MAIL_ADDRESS.fullmatch(address) or not bound_to(certificate, address):
        raise ConfigurationError("The mail signing certificate does not name the sender address.")
    return Signer(key, certificate)


def _require_authority(tls_ca: bytes) -> None:
    try:
        client_context(tls_ca)
    except Unrenderable:
        raise ConfigurationError("The mail relay's TLS authority is not a PEM certificate.") from None


def _too_large() -> Unrenderable:
    return Unrenderable("The packet is larger than mail carries.", code="too-large")
