"""Reads the signature of a request that was sent to the hub (RFC 9421, Content-Digest), in the hub's own form."""

import hashlib
import hmac
from collections.abc import Mapping

from adapters.api.signature import content_digest, verify_delivery
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
        return Stamp(key_id=signed.key_id, nonce=signed.delivery, created_s=signed.created)
