"""The sealed item, `part2hub/sealed-item/v1`: a document that the hub carries, decides on and cannot read.

    item    = "part2hub/sealed-item/v1" LF header LF sealed-box
    header  = canonical JSON of `Header`: for whom, under which key, of which class of information
    sealed  = crypto_box_seal (libsodium) of canonical JSON of `Signed`

The sender's own software seals each item to its recipient; the hub enforces consent on the header. The sealed content
repeats the header, so nobody on the way can call a counseling note a summary without its reader finding out.
SEALED_ITEM.md gives the format for other implementations; tests/vectors/sealed-item-v1.json its vectors.
"""

import hashlib

import msgspec
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.signing import SigningKey, VerifyKey

from hub.errors import IntegrityFailed, Malformed
from hub.model import Frozen

VERSION = "part2hub/sealed-item/v1"
MEDIA_TYPE = "application/vnd.part2hub.sealed-item.v1"
LABEL = VERSION.encode() + b"\n"
_MAX_HEADER = 1024
_BLOCK = 4096
"""The content is padded to a multiple of it: a length can tell one document from another."""


class Header(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the hub sees."""

    recipient: str
    """Organization id."""
    key: str
    """`key_name` of the recipient's X25519 key."""
    information: str
    """The class of information, which the decision rests on."""


class Plain(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the recipient reads."""

    version: str
    recipient: str
    information: str
    sender: str
    title: str
    media_type: str
    content: bytes
    padding: str = ""


class _Signed(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    plain: bytes
    """Canonical JSON of `Plain`."""
    signature: bytes
    """The sender's Ed25519 signature over `VERSION` NUL `plain`; empty: unsigned."""


class Opened(Frozen, frozen=True, kw_only=True):
    plain: Plain
    signed: bool
    """By the sender's key that the reader gave."""


_encode = msgspec.json.Encoder().encode


def seal_item(plain: Plain, recipient_key: bytes, signing_key: bytes | None = None) -> bytes:
    """The item for the holder of this X25519 key (32 bytes), signed by this Ed25519 seed (32 bytes) if given.

    Raises `Malformed` for a key that cannot be sealed to.
    """
    body = _padded(plain)
    signature = b"" if signing_key is None else SigningKey(signing_key).sign(_to_sign(body)).signature
    header = Header(recipient=plain.recipient, key=key_name(recipient_key), information=plain.information)
    try:
        sealed = SealedBox(PublicKey(recipient_key)).encrypt(_encode(_Signed(plain=body, signature=signature)))
    except (CryptoError, ValueError, TypeError):
        raise Malformed("This is no X25519 key to seal to.", code="seal-key", field="key") from None
    return LABEL + _encode(header) + b"\n" + sealed


def read_header(item: bytes) -> Header:
    """What the hub may know of it. Raises `Malformed` for anything that is not an item of this version."""
    end = item.find(b"\n", len(LABEL), len(LABEL) + _MAX_HEADER)
    try:
        if not item.startswith(LABEL) or end < 0:
            raise msgspec.ValidationError
        raw = item[len(LABEL) : end]
        header = msgspec.json.decode(raw, type=Header)
        if _encode(header) != raw:
            raise msgspec.ValidationError
    except (ValueError, RecursionError):
        raise Malformed("This is no sealed item of a version known here.", code="sealed-item") from None
    return header


def open_item(item: bytes, key: bytes, verify_key: bytes | None = None) -> Opened:
    """The content, opened with the recipient's X25519 key (32 bytes); with a sender's Ed25519 key it must be theirs.

    Raises `Malformed` as `read_header`, `IntegrityFailed` if it does not open, was relabelled, or is not theirs.
    """
    header = read_header(item)
    sealed = item[item.index(b"\n", len(LABEL)) + 1 :]
    try:
        secret = PrivateKey(key)
        signed = msgspec.json.decode(SealedBox(secret).decrypt(sealed), type=_Signed)
        plain = msgspec.json.decode(signed.plain, type=Plain)
    except (CryptoError, ValueError, TypeError, RecursionError):
        raise IntegrityFailed("The item does not open with this key.", code="sealed-item-key") from None
    own = key_name(bytes(secret.public_key))
    said = Header(recipient=plain.recipient, key=own, information=plain.information)
    if plain.version != VERSION or said != header:
        raise IntegrityFailed("The item was relabelled on the way.", code="sealed-item-label")
    if verify_key is not None:
        _verify(signed, verify_key)
    return Opened(plain=plain, signed=verify_key is not None)


def key_name(public_key: bytes) -> str:
    """How a header names an X25519 key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def _verify(signed: _Signed, verify_key: bytes) -> None:
    try:
        VerifyKey(verify_key).verify(_to_sign(signed.plain), signed.signature)
    except (BadSignatureError, ValueError, TypeError):
        raise IntegrityFailed("The item is not signed by this sender.", code="sealed-item-signature") from None


def _to_sign(body: bytes) -> bytes:
    return VERSION.encode() + b"\0" + body


def _padded(plain: Plain) -> bytes:
    bare = _encode(msgspec.structs.replace(plain, padding=""))
    return _encode(msgspec.structs.replace(plain, padding=" " * (-len(bare) % _BLOCK)))
