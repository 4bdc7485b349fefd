"""Checks a Direct test message from a file, as `part2hub direct check` does: which keys, which anchors, what verdict.

Takes what the reference implementations' and testers' samples come as: .eml with any line ends, bare .p7m; keys as PEM,
DER or PKCS#12; anchors as PEM, DER, or a bundle.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from adapters.email.cms.opening import OpeningKey
from adapters.email.open import Opened, Refused
from adapters.email.trust.bundle import certificates_in
from adapters.email.trust.store import fingerprint
from hub.errors import Malformed


def read_keys(content: bytes, password: bytes | None, certificates: Iterable[x509.Certificate]) -> list[OpeningKey]:
    """The private keys of a file, each with its certificate if it is there or among `certificates`.

    Raises `Malformed` for a file that holds no RSA or EC key, or another password.
    """
    key, beside = _pem_or_der(content, password) or _pkcs12(content, password)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Malformed("The key file holds no RSA or EC private key, or the password is another one.")
    own = [each for each in (*beside, *certificates) if _same_key(each, key)]
    return [OpeningKey(key, each) for each in own] or [OpeningKey(key)]


def read_certificates(content: bytes) -> list[x509.Certificate]:
    """The certificates of a file. Raises `Malformed`."""
    try:
        return certificates_in(content)
    except ValueError:
        raise Malformed("The file holds no certificate in PEM, DER or PKCS#7.") from None


def report(found: Opened | Refused) -> dict[str, Any]:
    """The verdict for a program: nothing of the message but its sender."""
    if isinstance(found, Refused):
        return {"verdict": "refuse", "reason": found.code, "words": found.words}
    return {
        "verdict": "accept",
        "sender": found.sender,
        "encrypted": found.encrypted,
        "wrapped": found.wrapped,
        "digest": found.digest,
        "signed_at": _instant(found.signed_at),
        "signer": _described(found.signer),
        "anchor": _described(found.chain[-1]),
        "chain_length": len(found.chain),
    }


def _described(certificate: x509.Certificate) -> dict[str, Any]:
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": f"{certificate.serial_number:x}",
        "valid": [certificate.not_valid_before_utc.isoformat(), certificate.not_valid_after_utc.isoformat()],
        "sha256": fingerprint(certificate),
    }


def _instant(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at // 1_000_000, UTC).isoformat()


def _pem_or_der(content: bytes, password: bytes | None) -> tuple[object, list[x509.Certificate]] | None:
    for load in (load_pem_private_key, load_der_private_key):
        for secret in dict.fromkeys((password, None)):
            try:
                key = load(content, secret)
            except (ValueError, TypeError):
                continue
            beside = certificates_in(content) if b"-----BEGIN CERTIFICATE" in content else []
            return key, beside
    return None


def _pkcs12(content: bytes, password: bytes | None) -> tuple[object, list[x509.Certificate]]:
    for secret in dict.fromkeys((password, b"", None)):
        try:
            key, certificate, others = load_key_and_certificates(content, secret)
        except ValueError:
            continue
        return key, [*([certificate] if certificate else []), *others]
    return None, []


def _same_key(certificate: x509.Certificate, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bool:
    try:
        return certificate.public_key() == key.public_key()
    except ValueError:
        return False
