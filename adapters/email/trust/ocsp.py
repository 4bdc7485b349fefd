"""Asks an OCSP responder about one certificate (RFC 6960), and believes only an answer that is signed for it.

The issuer itself must have signed, or a certificate of the issuer's made for it (id-kp-OCSPSigning); the answer must be
about this certificate and cover the instant.
"""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from adapters.email.certificates import extension, strong_key
from adapters.email.fetch import Fetcher, FetchFailed
from adapters.email.trust.issuers import access_urls, der

_SKEW = timedelta(minutes=5)
_KEPT_SECONDS = 600
_FAILED_SECONDS = 60
_MOST_KEPT = 5_000


class OcspAsker:
    """Asks, and remembers answers for ten minutes at most: a revocation must show soon."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._kept: dict[tuple[str, bytes], tuple[bool | None, int]] = {}

    async def revoked(self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> bool | None:
        """Whether the responder says revoked; none if it does not answer so that it may be believed."""
        about = (url, der(certificate))
        kept, until = self._kept.get(about, (None, 0))
        if at < until:
            return kept
        answer = await self._ask(url, certificate, issuer, at)
        seconds = _FAILED_SECONDS if answer is None else _KEPT_SECONDS
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[about] = (answer, at + seconds * 1_000_000)
        return answer

    async def _ask(self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> bool | None:
        # SHA-1 names the issuer here, as every responder expects (RFC 5019 §2.1.1); nothing is signed with it.
        builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303 - a name
        request = builder.build().public_bytes(Encoding.DER)
        try:
            content = await self._fetcher.post(url, request, "application/ocsp-request")
            answer = ocsp.load_der_ocsp_response(content)
            if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                return None
            return _verdict(answer, certificate, issuer, datetime.fromtimestamp(at / 1_000_000, UTC))
        except (FetchFailed, ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature):
            return None


def responders_of(certificate: x509.Certificate) -> list[str]:
    """Where the certificate says an OCSP responder is."""
    return access_urls(certificate, AuthorityInformationAccessOID.OCSP)[:2]


def _verdict(
    answer: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate, instant: datetime
) -> bool | None:
    _verify(answer, issuer, instant)
    wanted = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build()  # noqa: S303 - a name
    for each in answer.responses:
        about = (each.serial_number, each.issuer_key_hash, each.issuer_name_hash)
        if about != (wanted.serial_number, wanted.issuer_key_hash, wanted.issuer_name_hash):
            continue
        ends = each.next_update_utc
        # Without an end a good answer is only worth the moment in which it was given.
        if instant > (ends or each.this_update_utc + timedelta(hours=1)) + _SKEW:
            return None
        if each.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
            return None
        return each.certificate_status is ocsp.OCSPCertStatus.REVOKED
    return None


def _verify(answer: ocsp.OCSPResponse, issuer: x509.Certificate, instant: datetime) -> None:
    """Raises `InvalidSignature` or `ValueError` unless issuer or its delegate signed."""
    signer = next((each for each in answer.certificates if _is_delegate(each, issuer, instant)), issuer)
    digest = answer.signature_hash_algorithm
    if digest is None or isinstance(digest, hashes.SHA1 | hashes.MD5):
        raise ValueError("digest")
    key = signer.public_key()
    if not strong_key(key):
        raise ValueError("key")
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(digest))


def _is_delegate(certificate: x509.Certificate, issuer: x509.Certificate, instant: datetime) -> bool:
    uses = extension(certificate, x509.ExtendedKeyUsage)
    if uses is None or ExtendedKeyUsageOID.OCSP_SIGNING not in uses:
        return False
    if not certificate.not_valid_before_utc <= instant <= certificate.not_valid_after_utc:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
