"""The sealed envelope: a parcel that only the holder of one X25519 key can read.

    envelope   = version LF sealed-box
    sealed-box = crypto_box_seal (libsodium): ephemeral X25519 key, XSalsa20-Poly1305

What is in the box is `adapters.api.content`'s. ENVELOPE.md gives the format for other implementations;
tests/vectors/envelope-v1.json and envelope-v2.json its vectors.

Rules kept: the version stands outside and inside; delivery, endpoint and signing key are named inside, so that a
sealed box cannot be moved to another delivery or passed off under another signature. What the partner registered says
which version it gets; whoever opens reads both.
"""

from nacl.bindings import crypto_box_seal
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from adapters.api.content import V1, V2, Content
from hub.errors import IntegrityFailed, Unrenderable
from hub.model import Parcel

FORMS = {"sealed": V1, "sealed-v2": V2}
"""An endpoint's form, and the version of its envelopes."""


def seal_parcel(parcel: Parcel, key_id: str) -> bytes:
    """The envelope for the parcel's endpoint; raises `Unrenderable` if that has no X25519 key."""
    version = FORMS[parcel.endpoint.form]
    try:
        sealed: bytes = crypto_box_seal(version.write(parcel, key_id), parcel.endpoint.seal_key or b"")
    except (CryptoError, ValueError, TypeError):  # no key, or a point of small order
        message = "The endpoint has no usable key to seal to."
        raise Unrenderable(message, code="endpoint-unusable") from None
    return version.label + sealed


def open_envelope(envelope: bytes, key: PrivateKey) -> Content:
    """Opens and checks; raises `IntegrityFailed` (`envelope-version`, `envelope-sealed`, `envelope-content`).

    The caller compares `delivery` and `signed_by` with the verified signature (`adapters.api.signature`).
    """
    version = next((known for known in FORMS.values() if envelope.startswith(known.label)), None)
    if version is None:
        raise IntegrityFailed("This is no envelope of a version known here.", code="envelope-version")
    try:
        plain = SealedBox(key).decrypt(envelope[len(version.label) :])
    except (CryptoError, ValueError, TypeError):
        raise IntegrityFailed("The envelope does not open with this key.", code="envelope-sealed") from None
    try:
        content = version.read(plain)
    except (ValueError, RecursionError):
        content = None
    if content is None or content.version != version.name:
        raise IntegrityFailed("The envelope's content is not in canonical form.", code="envelope-content")
    return content
