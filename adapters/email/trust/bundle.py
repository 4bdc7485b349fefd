"""Reads trust bundles: anchors of a community as degenerate PKCS#7 (.p7b, DER or PEM), or signed (.p7m).

A signed bundle is believed only under a signer that the operator named. The metadata that some bundles carry beside an
anchor is passed over: it is the community's description, and this hub decides by certificate.
"""

import binascii
import re

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.email.cms.ber import normal
from adapters.email.cms.signed import verify
from adapters.email.reasons import NotAccepted, refuse

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_MOST = 5_000


def certificates_in(content: bytes) -> list[x509.Certificate]:
    """The certificates of a file: one or more in PEM, one in DER, or PKCS#7 of certificates, each once, in order.

    Raises `ValueError` if it is none of these; whether any of it may be believed is the caller's question.
    """
    found = list(dict.fromkeys(_certificates(content)))
    if not found or len(found) > _MOST:
        raise ValueError(len(found))
    return found


def anchors_in(content: bytes, signer: x509.Certificate | None) -> list[x509.Certificate]:
    """The anchors of a bundle. With a `signer` the bundle must be signed by that very certificate.

    Raises `ValueError` for what is no bundle, `NotAccepted` for a signature that is missing or not the signer's.
    """
    if signer is None:
        return certificates_in(_signed_content(content) or content)
    info = cms.ContentInfo.load(normal(_unarmoured(content)))
    if info["content_type"].native != "signed_data":
        refuse("not-signed")
    signature = verify(_with_certificate(info, signer), None)
    if signer not in signature.signers:
        refuse("untrusted")
    return certificates_in(signature.content)


def _with_certificate(info: cms.ContentInfo, signer: x509.Certificate) -> cms.ContentInfo:
    """A bundle may leave out its signer's certificate: the operator named it."""
    if not info["content"]["certificates"]:
        choice = cms.CertificateChoices.load(signer.public_bytes(Encoding.DER))
        info["content"]["certificates"] = [choice]
    return info


def _signed_content(content: bytes) -> bytes | None:
    """What a signed bundle holds, its signature not looked at; none if it is not signed."""
    try:
        info = cms.ContentInfo.load(normal(_unarmoured(content)))
        held = info["content"]["encap_content_info"]["content"].native
    except (ValueError, TypeError, KeyError, NotAccepted):
        return None
    return held if isinstance(held, bytes) and held else None


def _certificates(content: bytes) -> list[x509.Certificate]:
    blocks = [(found[1], found[0]) for found in _PEM.finditer(content)]
    if any(name == b"CERTIFICATE" for name, _ in blocks):
        return [x509.load_pem_x509_certificate(block) for name, block in blocks if name == b"CERTIFICATE"]
    raw = _unarmoured(content)
    try:
        return [x509.load_der_x509_certificate(raw)]
    except ValueError:
        return _of_pkcs7(raw)


def _of_pkcs7(raw: bytes) -> list[x509.Certificate]:
    try:
        data = cms.ContentInfo.load(normal(raw))["content"]
        enclosed = [each.chosen.dump() for each in data["certificates"] if each.name == "certificate"]
    except (NotAccepted, TypeError, KeyError):
        raise ValueError("not a bundle") from None
    return [x509.load_der_x509_certificate(each) for each in enclosed]


def _unarmoured(content: bytes) -> bytes:
    """DER out of PEM (`PKCS7`, `CMS`) or bare base64."""
    if content[:1] == b"\x30":
        return content
    block = _PEM.search(content)
    try:
        return binascii.a2b_base64(block[2] if block else content)
    except binascii.Error:
        raise ValueError("not base64") from None
