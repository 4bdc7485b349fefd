"""Signed requests to the hub (RFC 9421, Content-Digest), read and acknowledged in the form of `signature.py`."""

import hashlib
import hmac
from collections.abc import Mapping

from nacl.signing import SigningKey

from adapters.api.signature import content_digest, sign_acknowledgement, verify_delivery
from hub.errors import IntegrityFailed
from hub.ports import Stamp


class RequestSignatures:
    """See `hub.ports.SignatureReader`."""

    def read(
        self, headers: Mapping[str, str], authority: str, path: str, body: bytes, keys: Mapping[str, bytes]
    ) -> Stamp:
        """Who signed exactly this POST. Raises `IntegrityFailed`."""
        if "signature" not in headers:
            raise IntegrityFailed("The request is not signed.", code="signature-absent")
        digest = content_digest(hashlib.sha256(body).digest())
        if not hmac.compare_digest(headers.get("content-digest", "").encode(), digest.encode()):
            raise IntegrityFailed("The Content-Digest is not the body's.", code="signature-digest")
        signed = verify_delivery(headers, authority, path, digest, keys)
        return Stamp(key_id=signed.key_id, nonce=signed.delivery, created_s=signed.created, digest=digest)

    def acknowledge(
        self, key: bytes, key_id: str, stamp: Stamp, status: int, body: bytes, created_s: int
    ) -> tuple[tuple[str, str], ...]:
        """Content-Digest, Signature-Input and Signature of the answer."""
        own = content_digest(hashlib.sha256(body).digest())
        signature = sign_acknowledgement(
            SigningKey(key),
            key_id,
            status=status,
            digest=stamp.digest,
            delivery=stamp.nonce,
            created=created_s,
            own=own,
        )
        return ("Content-Digest", own), *signature
