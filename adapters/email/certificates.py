"""X.509 certificates as secure mail uses them: whose address, how strong, still valid (Direct Applicability
Statement).

Rules kept: an address is bound by subjectAltName alone, as a mailbox or as its whole domain; RSA below 2048
bits is refused; a certificate outside its validity neither seals nor signs.
"""

import re
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID

from hub.errors import IntegrityFailed

MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_MIN_RSA_BITS = 2048
_MIN_EC_BITS = 256


def bound_to(certificate: x509.Certificate, address: str) -> bool:
    """Whether the certificate names this mailbox (rfc822Name) or its domain (dNSName); case of the domain
    ignored.
    """
    try:
        names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    assert isinstance(names, x509.SubjectAlternativeName)
    mailboxes = {name.lower() for name in names.get_values_for_type(x509.RFC822Name)}
    domains = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    return address.lower() in mailboxes or address.lower().rpartition("@")[2] in domains


def require_usable(certificate: x509.Certificate, at: int) -> None:
    """Raises `IntegrityFailed` (`certificate-expired`, `certificate-weak`) unless it may be used at `at`
    microseconds.
    """
    instant = datetime.fromtimestamp(at / 1_000_000, UTC)
    if not certificate.not_valid_before_utc <= instant <= certificate.not_valid_after_utc:
        raise IntegrityFailed("The certificate is not valid at this time.", code="certificate-expired")
    require_strong(certificate)


def require_strong(certificate: x509.Certificate) -> None:
    """Raises `IntegrityFailed` (`certificate-weak`) for RSA below 2048 bits, or a key of another kind."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= _MIN_EC_BITS:
        return
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA_BITS:
        return
    raise IntegrityFailed("The certificate's key is too weak.", code="certificate-weak")
