"""The sealed envelope, `part2hub/envelope/v1`: a parcel that only the holder of one X25519 key can read.

    envelope = "part2hub/envelope/v1" LF sealed-box
    sealed-box = crypto_box_seal (libsodium): ephemeral X25519 key, XSalsa20-Poly1305
    content  = canonical JSON, UTF-8: the fields of `Content` in that order, no white space, bytes in base64

`read_first` opens the content, so that whoever looks at the raw JSON meets the notice and the consent copy
before any record (§2.32). ENVELOPE.md gives the format for other implementations;
tests/vectors/envelope-v1.json its vectors.

Rules kept: the version label stands outside and inside; delivery, endpoint and signing key are named inside,
so that a sealed box cannot be moved to another delivery or passed off under another signature; parsing is
strict: content that does not re-encode to the same bytes is refused.
"""

import msgspec
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from adapters.accompaniment import cover_text
from hub.errors import IntegrityFailed, Unrenderable
from hub.model import (
    Accompaniment,
    Correspondent,
    Document,
    Event,
    Frozen,
    MemberIdentity,
    MessageKind,
    Parcel,
    Priority,
)

VERSION = "part2hub/envelope/v1"
MEDIA_TYPE = "application/vnd.part2hub.envelope.v1"
_LABEL = VERSION.encode() + b"\n"


class Content(Frozen, frozen=True):
    """What is sealed. Instants are microseconds since the epoch."""

    version: str
    read_first: str
    delivery: str
    disclosure: str
    endpoint: str
    signed_by: str
    """Key id of the HTTP signature that must cover this envelope."""
    kind: MessageKind
    priority: Priority
    created_at: int
    sender: Correspondent
    recipient: Correspondent
    accompaniment: Accompaniment
    member: MemberIdentity
    event: Event | None
    documents: tuple[Document, ...]


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Content)


def seal_parcel(parcel: Parcel, key_id: str) -> bytes:
    """The envelope for the parcel's endpoint; raises `Unrenderable` if that has no X25519 key."""
    try:
        recipient = PublicKey(parcel.endpoint.seal_key or b"")
        return _LABEL + SealedBox(recipient).encrypt(_ENCODER.encode(content_of(parcel, key_id)))
    except (CryptoError, ValueError, TypeError):  # no key, or a point of small order
        message = "The endpoint has no usable key to seal to."
        raise Unrenderable(message, code="endpoint-unusable") from None


def open_envelope(envelope: bytes, key: PrivateKey) -> Content:
    """Opens and checks; raises `IntegrityFailed` (`envelope-version`, `envelope-sealed`, `envelope-content`).

    The caller compares `delivery` and `signed_by` with the verified signature (`adapters.api.signature`).
    """
    if not envelope.startswith(_LABEL):
        raise IntegrityFailed("This is no envelope of a version known here.", code="envelope-version")
    try:
        plain = SealedBox(key).decrypt(envelope[len(_LABEL) :])
    except (CryptoError, ValueError, TypeError):
        raise IntegrityFailed("The envelope does not open with this key.", code="envelope-sealed") from None
    try:
        content = _DECODER.decode(plain)
    except (ValueError, RecursionError):
        content = None
    if content is None or content.version != VERSION or _ENCODER.encode(content) != plain:
        raise IntegrityFailed("The envelope's content is not in canonical form.", code="envelope-content")
    return content


def content_of(parcel: Parcel, key_id: str) -> Content:
    """What a parcel becomes inside its envelope."""
    return Content(
        version=VERSION,
        read_first=cover_text(parcel),
        delivery=parcel.delivery,
        disclosure=parcel.disclosure,
        endpoint=parcel.endpoint.id,
        signed_by=key_id,
        kind=parcel.kind,
        priority=parcel.priority,
        created_at=parcel.created_at,
        sender=parcel.sender,
        recipient=parcel.recipient,
        accompaniment=parcel.accompaniment,
        member=parcel.member,
        event=parcel.event,
        documents=parcel.documents,
    )
