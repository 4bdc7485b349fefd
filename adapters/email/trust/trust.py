"""Vouches for a certificate: a chain to an anchor, the use, the name, and that nothing in the chain is revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from adapters.email.certificates import require_bound, require_use
from adapters.email.reasons import NotAccepted
from adapters.email.trust.path import Path, find_path

_MOST_FETCHED = 4
"""Rounds of fetching missing issuers for one certificate."""


class IssuerSource(Protocol):
    """Finds the issuer of a certificate where the certificate says (authority information access)."""

    async def issuers_of(self, certificate: x509.Certificate) -> Sequence[x509.Certificate]:
        """Candidates, not yet verified; empty if there are none or they cannot be had. Never raises."""
        ...


class SignerSource(Protocol):
    """Finds the certificates of a signer that a mail leaves out."""

    async def published(self, address: str, trust: "Trust") -> Sequence[x509.Certificate]:
        """Those published for `address` that may sign for it; empty if there are none in time.

        Raises `Malformed` for what is no address.
        """
        ...

    async def close(self) -> None:
        """Ends what is being asked."""
        ...


class RevocationSource(Protocol):
    """Tells whether certificates of a chain are revoked."""

    async def require_not_revoked(self, path: Path, at: int) -> None:
        """Raises `NotAccepted` (`revoked`, `revocation-unknown`)."""
        ...


@dataclass(frozen=True, slots=True)
class Trust:
    """What one domain of ours believes in one direction; see `TrustStore.trust`.

    `intermediates` are issuers known here; `sources` and `revocation` may be left out, then nothing is fetched and
    nothing is looked up.
    """

    anchors: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()
    sources: IssuerSource | None = None
    revocation: RevocationSource | None = None
    required: bool = False
    """Whether nobody is believed when there are no anchors (left): a removal must never widen trust."""
    signers: SignerSource | None = None
    """Where to look for a signer whose certificate a mail leaves out; none: it must be at hand."""

    async def vouch(
        self, certificate: x509.Certificate, address: str, at: int, *, signing: bool,
        enclosed: Sequence[x509.Certificate] = (),
    ) -> Path:  # fmt: skip
        """The chain by which `certificate` speaks for `address` at `at` microseconds: as signer, or as recipient.

        `enclosed` are certificates that came along. Raises `NotAccepted`.
        """
        path = await self._path(certificate, enclosed, at)
        require_use(certificate, signing=signing)
        require_bound(certificate, address)
        if self.revocation is not None:
            await self.revocation.require_not_revoked(path, at)
        return path

    async def _path(self, certificate: x509.Certificate, enclosed: Sequence[x509.Certificate], at: int) -> Path:
        issuers = [*self.intermediates, *enclosed]
        frontier: Sequence[x509.Certificate] = (certificate, *enclosed)
        for _ in range(_MOST_FETCHED):
            try:
                return find_path(certificate, issuers, self.anchors, at)
            except NotAccepted as error:
                if error.detail_code != "untrusted" or self.sources is None:
                    raise
            frontier = [found for each in frontier[:4] for found in await self.sources.issuers_of(each)]
            issuers += frontier
        return find_path(certificate, issuers, self.anchors, at)
