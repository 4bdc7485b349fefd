"""Certificate revocation lists (RFC 5280 §5): fetched, verified, kept until their next update.

A list counts only if the issuer itself signed it, it covers the instant, and it is complete: a delta list, an indirect
one, or one about other kinds of certificates answers nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from adapters.email.certificates import extension
from adapters.email.fetch import Fetcher, FetchFailed
from adapters.email.trust.ocsp import responders_of

_SKEW = timedelta(minutes=5)
_KEPT_SECONDS = 3_600
_FAILED_SECONDS = 60
"""How long an unreachable list is not asked for again: a dead server must not cost ten seconds a mail."""
_MOST_KEPT = 500


class CrlReader:
    """Lists by their address, and those that were given."""

    def __init__(self, fetcher: Fetcher | None, given: Sequence[x509.CertificateRevocationList]) -> None:
        self._fetcher = fetcher
        self._given = tuple(given)
        self._kept: dict[str, tuple[x509.CertificateRevocationList | None, int]] = {}

    def at_hand(self, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> bool | None:
        """Whether a given list revokes the certificate; none if no given list is about it."""
        verdicts = [_revoked(crl, certificate, issuer, at) for crl in self._given]
        known = [each for each in verdicts if each is not None]
        return any(known) if known else None

    async def revoked(self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> bool | None:
        """Whether the list at `url` revokes the certificate; none if it cannot be had or does not count."""
        kept, until = self._kept.get(url, (None, 0))
        if at >= until:
            kept, until = await self._fetched(url, at)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[url] = (kept, until)
        return None if kept is None else _revoked(kept, certificate, issuer, at)

    async def _fetched(self, url: str, at: int) -> tuple[x509.CertificateRevocationList | None, int]:
        if self._fetcher is None:
            return None, at
        try:
            crl = read_crl(await self._fetcher.get(url))
        except (FetchFailed, ValueError):
            return None, at + _FAILED_SECONDS * 1_000_000
        until = at + _KEPT_SECONDS * 1_000_000
        ends = crl.next_update_utc
        return crl, min(until, int(ends.timestamp()) * 1_000_000) if ends else until


def read_crl(content: bytes) -> x509.CertificateRevocationList:
    """A list in DER or PEM. Raises `ValueError`."""
    if content.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_crl(content)
    return x509.load_der_x509_crl(content)


def points_of(certificate: x509.Certificate) -> list[str]:
    """Where the certificate says its complete list is, http only."""
    try:
        points = extension(certificate, x509.CRLDistributionPoints)
    except ValueError:
        return []
    names = [
        name for point in points or () if not point.reasons and not point.crl_issuer for name in point.full_name or ()
    ]
    urls = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return [url for url in urls if url.startswith(("http://", "https://"))][:3]


def names_revocation(certificate: x509.Certificate) -> bool:
    """Whether the certificate names any source, even one that is not asked (LDAP) or does not parse."""
    try:
        return bool(responders_of(certificate)) or extension(certificate, x509.CRLDistributionPoints) is not None
    except ValueError:
        return True


def _revoked(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate, at: int
) -> bool | None:
    if crl.issuer != issuer.subject or not _counts(crl, issuer, datetime.fromtimestamp(at / 1_000_000, UTC)):
        return None
    return crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None


def _counts(crl: x509.CertificateRevocationList, issuer: x509.Certificate, instant: datetime) -> bool:
    try:
        usage = extension(issuer, x509.KeyUsage)
        strong = isinstance(crl.signature_hash_algorithm, hashes.SHA256 | hashes.SHA384 | hashes.SHA512)
        signed = crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
        plain = not any(each.critical for each in crl.extensions)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    ends = crl.next_update_utc
    current = ends is None or instant <= ends + _SKEW
    return signed and strong and plain and current and (usage is None or usage.crl_sign)
