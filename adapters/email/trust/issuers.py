"""Fetches a certificate's issuer from where the certificate says it is (authority information access, RFC 5280
§4.2.2.1).
"""

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from adapters.email.certificates import extension
from adapters.email.fetch import Fetcher, FetchFailed
from adapters.email.trust.bundle import certificates_in

_KEPT = 1_000


class FetchedIssuers:
    """Remembers what it fetched: an issuer's certificate at an address does not change. See `IssuerSource`."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._known: dict[str, tuple[x509.Certificate, ...]] = {}

    async def issuers_of(self, certificate: x509.Certificate) -> Sequence[x509.Certificate]:
        found: list[x509.Certificate] = []
        for url in access_urls(certificate, AuthorityInformationAccessOID.CA_ISSUERS)[:3]:
            if url not in self._known:
                try:
                    fetched = certificates_in(await self._fetcher.get(url))
                except (FetchFailed, ValueError):
                    continue
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[url] = tuple(fetched[:50])
            found += self._known[url]
        return found


def access_urls(certificate: x509.Certificate, method: x509.ObjectIdentifier) -> list[str]:
    """The http addresses that a certificate gives for a method; empty for an extension that does not parse."""
    try:
        access = extension(certificate, x509.AuthorityInformationAccess)
    except ValueError:
        return []
    locations = [each.access_location for each in access or () if each.access_method == method]
    urls = [each.value for each in locations if isinstance(each, x509.UniformResourceIdentifier)]
    return [url for url in urls if url.startswith(("http://", "https://"))]


def der(certificate: x509.Certificate) -> bytes:
    """Its encoding, to remember it by."""
    return certificate.public_bytes(Encoding.DER)
