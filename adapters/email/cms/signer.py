"""Signs mail: detached SignedData with signed attributes (RFC 5652 §5), ECDSA or RSA.

What depends on the key alone is encoded once, in base64 too; per message only digest, time and signature are new, and
stand in a form that is written once for each length of signature.
"""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from asn1crypto import algos, cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.email.cms.der import INTEGERS, KINDS, content_info, issuer_and_serial, octets, sequence, set_of, tlv
from adapters.email.transfer import LINE_BYTES, base64_lines

SignerKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class _Form(NamedTuple):
    """SignedData but for the attributes and the signature: whole lines of base64, what comes before and between."""

    lines: bytes
    before: bytes
    between: bytes


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
        self._rsa = key if isinstance(key, rsa.RSAPrivateKey) else None
        self._ec = key if isinstance(key, ec.EllipticCurvePrivateKey) else None
        self._digest = getattr(hashlib, digest)
        self._hash = _HASHES[digest]
        self._ecdsa = ec.ECDSA(self._hash)
        scheme = f"{digest}_{'ecdsa' if self._rsa is None else 'rsa'}"
        self._scheme = bytes(algos.SignedDigestAlgorithm({"algorithm": scheme}).dump())
        digest_der = bytes(algos.DigestAlgorithm({"algorithm": digest}).dump())
        enclosed = sorted(one.public_bytes(Encoding.DER) for one in (certificate, *issuers))
        self._before_signers = b"".join(
            (INTEGERS[1], set_of(digest_der), sequence(KINDS["data"]), tlv(0xA0, *enclosed))
        )
        self._before_attributes = b"".join((INTEGERS[1], issuer_and_serial(certificate), digest_der))
        self._attributes = _attributes_around(self._hash.digest_size)
        self._forms: dict[int, _Form] = {}
        """By the length of the signature; an elliptic one has four or five."""

    @property
    def is_slow(self) -> bool:
        """Whether a signature takes a millisecond rather than a tenth of one."""
        return self._rsa is not None

    def detached(self, content: bytes, at: int) -> bytes:
        """SignedData over `content` without it, in lines of base64; signing time `at` microseconds."""
        before, between = self._attributes
        attributes = b"".join((before, _time(at // 1_000_000), between, self._digest(content).digest()))
        signature = self._sign(attributes)
        form = self._forms.get(len(signature)) or self._form(len(attributes), len(signature))
        # Signed as a SET (tag 31), carried with an implicit tag A0 (RFC 5652 §5.4).
        return form.lines + base64_lines(b"".join((form.before, attributes[1:], form.between, signature)))

    def _form(self, attributes: int, signature: int) -> _Form:
        """SignedData for these sizes in bytes."""
        carried, signed = b"\xa0" + bytes(range(1, 256)).ljust(attributes)[: attributes - 1], b"\xff" * signature
        info = sequence(self._before_attributes, carried, self._scheme, octets(signed))
        whole = content_info("signed_data", sequence(self._before_signers, set_of(info)))
        before, between = whole.removesuffix(signed).split(carried[1:])
        in_lines = len(before) - len(before) % LINE_BYTES
        form = _Form(base64_lines(before[:in_lines]), before[in_lines:], between)
        self._forms[signature] = form
        return form

    def _sign(self, attributes: bytes) -> bytes:
        if self._ec is not None:
            return self._ec.sign(attributes, self._ecdsa)
        assert self._rsa is not None
        return self._rsa.sign(attributes, padding.PKCS1v15(), self._hash)


@lru_cache(maxsize=4)
def _time(second: int) -> bytes:
    return f"{datetime.fromtimestamp(second, UTC):%y%m%d%H%M%SZ}".encode()


def _attributes_around(digest_size: int) -> tuple[bytes, bytes]:
    """The signed attributes as DER, before the signing time and between it and the digest: the rest never changes.

    DER orders a SET OF by encoding, which here is by length: content type, time, digest.
    """
    time, digest = b"t" * 13, b"d" * digest_size
    kind = _attribute("content_type", KINDS["data"])
    signed_at = _attribute("signing_time", tlv(0x17, time))
    whole = set_of(kind, signed_at, _attribute("message_digest", octets(digest)))
    before, rest = whole.split(time)
    return before, rest.removesuffix(digest)


def _attribute(name: str, value: bytes) -> bytes:
    return sequence(bytes(cms.CMSAttributeType(name).dump()), set_of(value))
