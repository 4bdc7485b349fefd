"""X.509 certificates as secure mail uses them: whose address, how strong, for which use, still valid (Direct
Applicability Statement).

Rules kept: an address is bound by subjectAltName, as a mailbox or as its whole domain, and by the subject's e-mail
address only where there is neither; RSA below 2048 bits is refused; a certificate outside its validity neither seals
nor signs.
"""

import re
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.extensions import ExtensionTypeVar
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.email.reasons import refuse

MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_MIN_RSA_BITS = 2048
_MIN_EC_BITS = 256
_MAIL_USES = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


def names_of(certificate: x509.Certificate) -> tuple[frozenset[str], frozenset[str]]:
    """The mailboxes and the domains a certificate speaks for, in lower case."""
    names = extension(certificate, x509.SubjectAlternativeName)
    mailboxes = frozenset(map(str.lower, names.get_values_for_type(x509.RFC822Name))) if names else frozenset()
    domains = frozenset(map(str.lower, names.get_values_for_type(x509.DNSName))) if names else frozenset()
    if mailboxes or domains:
        return mailboxes, domains
    fallback = frozenset(
        str(each.value).lower() for each in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
    )
    return frozenset(each for each in fallback if "@" in each), frozenset(each for each in fallback if "@" not in each)


def bound_to(certificate: x509.Certificate, address: str) -> bool:
    """Whether the certificate names this mailbox or its domain; letter case ignored."""
    try:
        mailboxes, domains = names_of(certificate)
    except ValueError:
        return False
    return address.lower() in mailboxes or address.lower().rpartition("@")[2] in domains


def require_bound(certificate: x509.Certificate, address: str) -> None:
    """Raises `NotAccepted` (`wrong-domain`, `wrong-address`) unless `bound_to`."""
    if bound_to(certificate, address):
        return
    try:
        mailboxes, _ = names_of(certificate)
    except ValueError:
        mailboxes = frozenset()
    domain = address.lower().rpartition("@")[2]
    refuse("wrong-address" if any(each.rpartition("@")[2] == domain for each in mailboxes) else "wrong-domain")


def require_usable(certificate: x509.Certificate, at: int) -> None:
    """Raises `NotAccepted` (`expired`, `not-yet-valid`, `weak-key`) unless it may be used at `at` microseconds."""
    require_valid(certificate, at)
    require_strong(certificate)


def require_valid(certificate: x509.Certificate, at: int) -> None:
    """Raises `NotAccepted` (`expired`, `not-yet-valid`) outside the certificate's validity."""
    instant = datetime.fromtimestamp(at / 1_000_000, UTC)
    if instant > certificate.not_valid_after_utc:
        refuse("expired")
    if instant < certificate.not_valid_before_utc:
        refuse("not-yet-valid")


def require_strong(certificate: x509.Certificate) -> None:
    """Raises `NotAccepted` (`weak-key`) for RSA below 2048 bits, or a key of another kind."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not strong_key(key):
        refuse("weak-key")


def strong_key(key: object) -> bool:
    """RSA of 2048 bits or more, EC of 256 or more."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.key_size >= _MIN_EC_BITS
    return isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA_BITS


def require_use(certificate: x509.Certificate, *, signing: bool) -> None:
    """Raises `NotAccepted` (`wrong-usage`) unless the certificate may sign mail, or else receive it encrypted.

    A certificate for both uses and a split pair are equally good; one that states no use may be used for either.
    """
    try:
        usage = extension(certificate, x509.KeyUsage)
        extended = extension(certificate, x509.ExtendedKeyUsage)
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        refuse("wrong-usage")
    if extended is not None and not _MAIL_USES & set(extended):
        refuse("wrong-usage")
    if usage is None:
        return
    if signing:
        allowed = usage.digital_signature or usage.content_commitment
    else:
        allowed = usage.key_agreement if isinstance(key, ec.EllipticCurvePublicKey) else usage.key_encipherment
    if not allowed:
        refuse("wrong-usage")


def extension(certificate: x509.Certificate, kind: type[ExtensionTypeVar]) -> ExtensionTypeVar | None:
    """The extension's value, or none. Raises `ValueError` for extensions that do not parse."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ValueError(str(error)) from None
