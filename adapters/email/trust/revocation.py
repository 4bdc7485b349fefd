"""Whether anything in a chain is revoked: OCSP first, then the CRL; a revocation always blocks.

`when_unknown` decides only about the answer that cannot be had (no server reached, none that verifies): refuse, or
accept. It never turns "revoked" into anything else. A certificate that names no source of revocation has nothing to be
looked up, and passes.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from adapters.email.fetch import Fetcher
from adapters.email.reasons import refuse
from adapters.email.trust.crl import CrlReader, names_revocation, points_of
from adapters.email.trust.ocsp import OcspAsker, responders_of
from adapters.email.trust.path import Path

WhenUnknown = Literal["refuse", "accept"]


class Revocation:
    """See `RevocationSource`. `crls` are lists at hand (the operator's own files); `fetcher` asks the network."""

    def __init__(
        self,
        fetcher: Fetcher | None,
        when_unknown: WhenUnknown = "refuse",
        crls: Sequence[x509.CertificateRevocationList] = (),
    ) -> None:
        self._when_unknown = when_unknown
        self._crls = CrlReader(fetcher, crls)
        self._ocsp = OcspAsker(fetcher) if fetcher else None
        self._known_revoked: set[bytes] = set()

    async def require_not_revoked(self, path: Path, at: int) -> None:
        """Raises `NotAccepted` (`revoked`, `revocation-unknown`). The anchor is believed for being in the list."""
        for certificate, issuer in pairwise(path):
            fingerprint = certificate.fingerprint(hashes.SHA256())
            # Once revoked stays revoked: a list that can no longer be had must not let it pass.
            revoked = fingerprint in self._known_revoked or await self._revoked(certificate, issuer, at)
            if revoked:
                self._known_revoked.add(fingerprint)
                refuse("revoked")
            if revoked is None and self._when_unknown == "refuse":
                refuse("revocation-unknown")

    async def _revoked(self, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> bool | None:
        """Whether it is revoked; none if that was asked and not answered."""
        at_hand = self._crls.at_hand(certificate, issuer, at)
        if at_hand:
            return True
        asked = at_hand is not None
        if self._ocsp is not None:
            for url in responders_of(certificate):
                answer = await self._ocsp.revoked(url, certificate, issuer, at)
                if answer is not None:
                    return answer
        for url in points_of(certificate):
            answer = await self._crls.revoked(url, certificate, issuer, at)
            if answer is not None:
                return answer
        return False if asked or not names_revocation(certificate) else None
