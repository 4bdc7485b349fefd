"""Signs mail: detached SignedData with signed attributes (RFC 5652 §5), ECDSA or RSA.

What depends on the key alone is encoded once; per message only digest, time and signature are new.
"""

import hashlib
from datetime import UTC, datetime

from asn1crypto import algos, cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.email.cms.der import INTEGERS, KINDS, content_info, issuer_and_serial, octets, sequence, set_of, tlv

SignerKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class Signer:
    """A signing key with its certificate and those of its issuers, which go along for the reader's path building.

    `digest` is `sha256`, `sha384` or `sha512`, and the micalg of the mail. ECDSA P-256 is three times faster than RSA.
    """

    def __init__(
        self,
        key: SignerKey,
        certificate: x509.Certificate,
        issuers: tuple[x509.Certificate, ...] = (),
        digest: str = "sha256",
    ) -> None:
        self.certificate = certificate
        self.micalg = digest
        self._key = key
        self._hash = _HASHES[digest]
        scheme = f"{digest}_{'rsa' if isinstance(key, rsa.RSAPrivateKey) else 'ecdsa'}"
        self._scheme = bytes(algos.SignedDigestAlgorithm({"algorithm": scheme}).dump())
        self._digest = bytes(algos.DigestAlgorithm({"algorithm": digest}).dump())
        self._who = issuer_and_serial(certificate)
        enclosed = sorted(one.public_bytes(Encoding.DER) for one in (certificate, *issuers))
        self._certificates = tlv(0xA0, *enclosed)

    def detached(self, content: bytes, at: int) -> bytes:
        """SignedData over `content` without it, signing time `at` microseconds."""
        signed_at = tlv(0x17, f"{datetime.fromtimestamp(at // 1_000_000, UTC):%y%m%d%H%M%SZ}".encode())
        attributes = set_of(
            _TYPE_IS_DATA,
            _attribute("message_digest", octets(hashlib.new(self.micalg, content).digest())),
            _attribute("signing_time", signed_at),
        )
        # Signed as a SET (tag 31), carried with an implicit tag A0 (RFC 5652 §5.4).
        carried = b"\xa0" + attributes[1:]
        signature = octets(self._sign(attributes))
        info = sequence(INTEGERS[1], self._who, self._digest, carried, self._scheme, signature)
        parts = (INTEGERS[1], set_of(self._digest), sequence(KINDS["data"]), self._certificates, set_of(info))
        return content_info("signed_data", sequence(*parts))

    def _sign(self, attributes: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(attributes, padding.PKCS1v15(), self._hash)
        return self._key.sign(attributes, ec.ECDSA(self._hash))


def _attribute(name: str, value: bytes) -> bytes:
    return sequence(_ATTRIBUTES[name], set_of(value))


_ATTRIBUTES = {
    name: bytes(cms.CMSAttributeType(name).dump()) for name in ("content_type", "message_digest", "signing_time")
}
_TYPE_IS_DATA = _attribute("content_type", KINDS["data"])
