"""Opens a Direct message: decrypts it, verifies who signed it, and says which check failed.

    outer mail ─ enveloped (required of mail; see `open_message`)
      └ signed: multipart/signed, or signed-data with the content inside
          └ message/rfc822: the complete message; or, unwrapped, the content alone under the outer headers

Rules kept: the signed bytes are hashed as received; the content handed on is exactly what was signed (EFAIL); From is
the one inside the protection where there is one; more layers than these are refused.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import getaddresses

from asn1crypto import cms
from cryptography import x509

from adapters.email.certificates import MAIL_ADDRESS, strong_key
from adapters.email.cms.ber import normal
from adapters.email.cms.opening import OpeningKey, open_envelope
from adapters.email.cms.signed import Signature, verify
from adapters.email.mime import Entity, MimeError, parts_of, read_entity, read_part, readings_of, require_plain_head
from adapters.email.reasons import REASONS, NotAccepted, refuse
from adapters.email.transfer import strict_base64
from adapters.email.trust.trust import Trust

MAX_BYTES = 40 * 1024 * 1024
"""20 MiB of documents (360X), and what two layers of base64 make of them."""
_LARGE = 256 * 1024
_CMS_TYPES = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_SIGNATURE_TYPES = {"application/pkcs7-signature", "application/x-pkcs7-signature"}
_MESSAGES = {"message/rfc822", "message/global"}
_ENVELOPES = {"enveloped_data", "authenticated_enveloped_data"}
_SIGNED_DATA = "signed_data"
_OTHER_KINDS = {"data", "digested_data", "encrypted_data", "authenticated_data", "compressed_data"}
_DIGEST_NAMES = {
    **{f"{prefix}sha{size}": f"sha{size}" for prefix in ("", "rsa") for size in (1, 224, 256, 384, 512)},
    **dict.fromkeys(("md5", "rsamd5"), "md5"),
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
"""What `micalg` may say, in lower case and without hyphens: RFC 8551 §3.5.3.2, and the OIDs that Outlook writes."""
_PEM_BEGINS = b"-----BEGIN "

Known = tuple[x509.Certificate, ...]
"""Certificates at hand, among which a signer is looked for whose certificate the mail leaves out."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that opened and verified. `message` is the complete inner message with its own headers.

    `wrapped` says whether those headers were protected; without it they are the outer ones, and only the sender is
    certain. `chain` leads from the signer's certificate to the anchor; `signed_at` is the signer's claim, microseconds.
    """

    message: bytes
    sender: str
    signer: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    wrapped: bool
    encrypted: bool
    digest: str
    signed_at: int | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is not accepted: `code` and `words` of `reasons.REASONS`. Nothing of it may be believed."""

    code: str
    words: str


async def open_message(
    raw: bytes, keys: Sequence[OpeningKey], trust: Trust, at: int, *, must_be_encrypted: bool = True
) -> Opened | Refused:
    """Decrypts `raw` with one of `keys` and verifies it at `at` microseconds by `trust` (incoming, of our domain).

    Never raises for what a message contains. A mail that is signed and not encrypted is read only on request: Direct
    requires both, and the hub always does.
    """
    try:
        return await _opened(raw, keys, trust, at, must_be_encrypted=must_be_encrypted)
    except NotAccepted as error:
        return Refused(error.detail_code, error.message)
    except MimeError:
        return Refused("unreadable", REASONS["unreadable"])
    except Exception:  # noqa: BLE001 - hostile bytes may find a fault of a parser's; they must not end the intake
        return Refused("failed-inside", REASONS["failed-inside"])


async def _opened(raw: bytes, keys: Sequence[OpeningKey], trust: Trust, at: int, *, must_be_encrypted: bool) -> Opened:
    if len(raw) > MAX_BYTES:
        refuse("too-large")
    known = (*trust.intermediates, *trust.anchors)
    try:
        unsealed = await _unsealing(raw, keys, known, must_be_encrypted)
    except NotAccepted as error:
        if error.detail_code != "no-signer-certificate" or trust.signers is None:
            raise
        # Nothing is proved yet: the outer sender only says where to look, and is vouched for below like any other.
        published = await trust.signers.published(_sender(_read(raw)), trust)
        unsealed = await _unsealing(raw, keys, (*known, *published), must_be_encrypted)
    sender = _sender(unsealed.message)
    signer, chain = await _vouched(unsealed.signature, sender, trust, at)
    if unsealed.opener is not None and not strong_key(unsealed.opener.key.public_key()):
        refuse("weak-key")  # last, since what the sender did wrong is the sender's to hear
    return Opened(
        message=unsealed.message.raw,
        sender=sender,
        signer=signer,
        chain=chain,
        wrapped=unsealed.wrapped,
        encrypted=unsealed.opener is not None,
        digest=unsealed.signature.digests[0],
        signed_at=unsealed.signature.signed_at,
    )


async def _unsealing(raw: bytes, keys: Sequence[OpeningKey], known: Known, must_be_encrypted: bool) -> "_Unsealed":
    """A large message takes seconds: in a thread, others are served meanwhile."""
    if len(raw) > _LARGE:
        return await asyncio.to_thread(_unsealed, raw, keys, known, must_be_encrypted)
    return _unsealed(raw, keys, known, must_be_encrypted)


@dataclass(frozen=True, slots=True)
class _Unsealed:
    """Decrypted, and signed by whom it says; whether that one may be believed is not looked at yet."""

    message: Entity
    wrapped: bool
    signature: Signature
    opener: OpeningKey | None


def _unsealed(raw: bytes, keys: Sequence[OpeningKey], known: Known, must_be_encrypted: bool) -> _Unsealed:
    outer = _read(raw)
    layer, opener = outer, None
    info = _cms_of(outer)
    if info is not None and info["content_type"].native in _ENVELOPES:
        entity, opener = open_envelope(info, keys)
        layer = _read(entity)
    elif must_be_encrypted:
        refuse("not-encrypted")
    signature = _signature(layer, known)
    message, wrapped = _message(outer, signature.content)
    return _Unsealed(message, wrapped, signature, opener)


def _read(raw: bytes) -> Entity:
    """A MIME entity; bare CMS (DER, PEM or base64 alone) as an entity without headers."""
    with suppress(MimeError):
        if raw[:1] != b"\x30" and not raw.lstrip().startswith(_PEM_BEGINS):
            return read_entity(raw)
    return read_entity(b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + raw)


def _cms_of(entity: Entity) -> cms.ContentInfo | None:
    """The CMS structure that an entity is; none if it is another kind. Raises `NotAccepted`."""
    return _load(entity) if entity.media_type in _CMS_TYPES or _is_file(entity, ".p7m") else None


def _is_file(entity: Entity, ending: str) -> bool:
    """Whether a file of no stated type has a name with this ending (RFC 8551 §3.2.1)."""
    if entity.media_type != "application/octet-stream":
        return False
    return any(name.lower().endswith(ending) for name in (entity.parameter("name"), entity.filename))


def _load(entity: Entity) -> cms.ContentInfo:
    try:
        info: cms.ContentInfo = cms.ContentInfo.load(normal(_binary(entity.decoded())))
        kind = info["content_type"].native
    except NotAccepted:
        raise
    except Exception:  # noqa: BLE001 - fed hostile bytes, the parser raises errors of many families
        refuse("unreadable")
    if kind not in {*_ENVELOPES, _SIGNED_DATA}:
        refuse("nested" if kind in _OTHER_KINDS else "unreadable")
    return info


def _binary(content: bytes) -> bytes:
    """CMS as it stands, or out of PEM or base64 whose transfer encoding was not declared."""
    if content[:1] == b"\x30":
        return content
    text = content.strip()
    if text.startswith(_PEM_BEGINS):
        lines = [line.strip() for line in text.splitlines()]
        ends = [number for number, line in enumerate(lines) if line.startswith(b"-----END ")]
        text = b"".join(lines[1 : ends[0] if ends else None])
    return strict_base64(text)


def _signature(layer: Entity, known: Known) -> Signature:
    try:
        require_plain_head(layer)
    except MimeError:
        refuse("not-signed")
    if layer.media_type == "multipart/signed":
        return _detached(layer, known)
    info = _cms_of(layer)
    if info is None:
        refuse("not-signed")
    kind = info["content_type"].native
    if kind != _SIGNED_DATA:
        refuse("nested" if kind in _ENVELOPES else "malformed-signature")
    return _of_mail(verify(info, None, known))


def _detached(layer: Entity, known: Known) -> Signature:
    try:
        signed, second = parts_of(layer)
        attached = read_entity(second)
        require_plain_head(attached)
        protocol, micalg = layer.parameter("protocol").lower(), layer.parameter("micalg").lower()
        is_signature = attached.media_type in _SIGNATURE_TYPES or _is_file(attached, ".p7s")
    except ValueError:
        refuse("malformed-signature")
    if not is_signature or protocol not in _SIGNATURE_TYPES:
        refuse("malformed-signature")
    info = _load(attached)
    if info["content_type"].native != _SIGNED_DATA:
        refuse("malformed-signature")
    signature = _of_mail(verify(info, readings_of(signed), known))
    stated = {_DIGEST_NAMES.get(each.strip().replace("-", "")) for each in micalg.split(",")}
    # One that is missing or not known is passed over (RFC 8551 §3.5.3.2): the signature itself names its digest.
    if not stated - {None} <= set(signature.digests):
        refuse("wrong-micalg")
    return signature


def _of_mail(signature: Signature) -> Signature:
    """Attack stopped: what the same key signed for another use (a time stamp, a program) is not shown as mail."""
    if signature.content_type != "data":
        refuse("malformed-signature")
    return signature


def _message(outer: Entity, signed: bytes) -> tuple[Entity, bool]:
    """The message inside a signature, and whether it brought its own headers."""
    try:
        content = read_part(signed)
        if content.media_type in _CMS_TYPES or content.media_type == "multipart/signed":
            refuse("nested")
        if content.media_type in _MESSAGES:
            return read_entity(content.decoded()), True
        if "from" in content.head:
            return content, True
        kept = [f"{name}: {value}" for name, value in outer.head.items() if not name.lower().startswith("content-")]
        head = "\r\n".join(kept).encode("utf-8", "surrogateescape")
        return read_entity(head + b"\r\n" + content.raw if head else content.raw), False
    except MimeError:
        refuse("unreadable")


def _sender(message: Entity) -> str:
    senders = getaddresses([str(line) for line in message.head.get_all("From", [])])
    # A second From is how one poses as another: readers differ in which one they show.
    if len(senders) != 1 or not MAIL_ADDRESS.fullmatch(senders[0][1]):
        refuse("no-sender")
    return senders[0][1]


async def _vouched(
    signature: Signature, sender: str, trust: Trust, at: int
) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """The first signer that may speak for the sender; of none, the first one's fault."""
    fault: NotAccepted | None = None
    for signer in signature.signers:
        try:
            chain = await trust.vouch(signer, sender, at, signing=True, enclosed=signature.enclosed)
        except NotAccepted as error:
            fault = fault or error
        else:
            return signer, chain
    raise fault or NotAccepted("not-signed")
