"""The signatures of a webhook (Standard Webhooks): HMAC-SHA256 with shared secrets, Ed25519 with a key.

    webhook-id  webhook-timestamp  webhook-signature: v1,<HMAC> [v1,<HMAC of the earlier secret>] v1a,<Ed25519>

over `id.timestamp.body`. While a secret is being changed, both sign, so that the receiver may change over in its time.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence

from nacl.signing import SigningKey

_SECRET, _PUBLIC = "whsec_", "whpk_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """A shared secret in its written form."""
    return _SECRET + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()


def public_key(key: SigningKey) -> str:
    """The written form of the key that verifies `v1a`."""
    return _PUBLIC + base64.b64encode(key.verify_key.encode()).decode()


def headers(call: str, seconds: int, body: bytes, secrets: Sequence[str], key: SigningKey) -> dict[str, str]:
    """What goes with the body; `seconds` since the epoch."""
    signed = f"{call}.{seconds}.".encode() + body
    marks = [f"v1,{_base64(_hmac(secret, signed))}" for secret in secrets]
    return {
        "webhook-id": call,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join([*marks, f"v1a,{_base64(key.sign(signed).signature)}"]),
        "content-type": "application/json",
    }


def _hmac(secret: str, signed: bytes) -> bytes:
    return hmac.digest(base64.b64decode(secret.removeprefix(_SECRET)), signed, hashlib.sha256)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
