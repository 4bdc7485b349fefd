"""The token of a link: which attempt it belongs to, and that this hub made it. Nothing is stored."""

import base64
import binascii
import hashlib
import hmac

from hub.crypto.keyring import KeyKind, KeyRing

_MAC = 24


def token_of(ring: KeyRing, delivery: str) -> str:
    """The token of a delivery id: unguessable, and good for this delivery alone."""
    return f"{delivery}.{base64.urlsafe_b64encode(_mac(ring, delivery)).decode()}"


def delivery_of(ring: KeyRing, token: str) -> str | None:
    """The delivery id that a token was made for; none if it was not made here."""
    delivery, _, given = token.partition(".")
    try:
        mac = base64.b64decode(given.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return delivery if hmac.compare_digest(mac, _mac(ring, delivery)) else None


def _mac(ring: KeyRing, delivery: str) -> bytes:
    key = ring.active(KeyKind.TOKEN).secret
    text = delivery.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, key=key, digest_size=_MAC, person=b"p2h:pickup").digest()
