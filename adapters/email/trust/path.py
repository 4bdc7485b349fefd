"""Builds and checks certificate chains up to an anchor (RFC 5280 §6, as far as Direct uses it).

Several chains may exist (cross certificates, an old anchor and its successor); the first without a fault is taken. If
all have faults, the fault of the first is told; if there is none, the certificate is untrusted.
"""

from collections.abc import Iterator, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID

from adapters.email.certificates import extension, require_strong, require_valid
from adapters.email.reasons import NotAccepted, refuse
from adapters.email.trust.constraints import require_permitted

Path = tuple[x509.Certificate, ...]
"""From the certificate itself to its anchor, both included."""

_LONGEST = 8
_MOST_CHECKED = 64
"""Signatures verified for one certificate: attack stopped, a bag of a thousand issuers with one name."""
_UNDERSTOOD = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.NAME_CONSTRAINTS,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
}


def find_path(leaf: x509.Certificate, issuers: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate],
              at: int) -> Path:  # fmt: skip
    """A chain from `leaf` over any of `issuers` to one of `anchors`, good at `at` microseconds.

    Raises `NotAccepted`: `no-anchors`, `untrusted`, or the chain's fault.
    """
    if not anchors:
        refuse("no-anchors")
    fault: NotAccepted | None = None
    for path in _paths(leaf, issuers, anchors):
        try:
            _require_good(path, at)
        except NotAccepted as error:
            fault = fault or error
        else:
            return path
    raise fault or NotAccepted("untrusted")


def _paths(
    leaf: x509.Certificate, issuers: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]
) -> Iterator[Path]:
    left = [_MOST_CHECKED]

    def grow(path: Path) -> Iterator[Path]:
        if path[-1] in anchors:
            yield path
            return
        if len(path) >= _LONGEST:
            return
        for issuer in (*anchors, *issuers):
            if issuer.subject == path[-1].issuer and issuer not in path and left[0] > 0:
                left[0] -= 1
                if _issued(path[-1], issuer):
                    yield from grow((*path, issuer))

    yield from grow((leaf,))


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if weakly_signed(certificate):
        # Taken as issued: only a chain can be faulted for its digest, and it will be.
        return True
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def weakly_signed(certificate: x509.Certificate) -> bool:
    """Whether the certificate's own signature uses SHA-1 or MD5, so that another could have been made to match it."""
    try:
        digest = certificate.signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return True
    return digest is not None and not isinstance(digest, hashes.SHA256 | hashes.SHA384 | hashes.SHA512)


def _require_good(path: Path, at: int) -> None:
    for certificate in path:
        require_valid(certificate, at)
        require_strong(certificate)
        # An anchor is believed for being in the list, not for its signature on itself.
        if certificate is not path[-1] and weakly_signed(certificate):
            refuse("weak-digest")
    try:
        for below, issuer in enumerate(path[1:]):
            _require_authority(issuer, below, is_anchor=issuer is path[-1])
        for certificate in path:
            _require_understood(certificate)
        require_permitted(path)
    except ValueError:
        refuse("bad-chain")


def _require_authority(issuer: x509.Certificate, below: int, *, is_anchor: bool) -> None:
    """`below`: authorities between this one and the certificate at the chain's end."""
    basic = extension(issuer, x509.BasicConstraints)
    if basic is None and is_anchor and issuer.version is x509.Version.v1:
        return  # an old anchor, from before certificates could say that they are authorities
    if basic is None or not basic.ca or (basic.path_length is not None and below > basic.path_length):
        refuse("bad-chain")
    usage = extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        refuse("bad-chain")


def _require_understood(certificate: x509.Certificate) -> None:
    if any(each.critical and each.oid not in _UNDERSTOOD for each in certificate.extensions):
        refuse("bad-chain")
