"""Finds certificates for an address: each source in order, until one has a certificate that may be used.

Rules kept: a candidate that is invalid, expired, for another name or not to be trusted is passed over, and so is a
source that fails; neither stops the next. What was found is remembered for as long as its record lives, and for a
minute that there was nothing, or that a source could not be asked: of the address what was asked about the address, of
the domain what was asked about the domain, so that no address hides what a colleague has.
"""

import asyncio
from collections.abc import Awaitable, Callable

from cryptography import x509

from adapters.email.certificates import MAIL_ADDRESS, require_bound, require_strong, require_use, require_valid
from adapters.email.discovery.dns import DnsCertificates, SourceFailed, name_of
from adapters.email.discovery.found import Candidate, Discovered, Finding
from adapters.email.discovery.ldap import LdapCertificates
from adapters.email.reasons import NotAccepted
from adapters.email.trust.trust import Trust
from hub.errors import Malformed
from hub.model import now_us

_NOTHING_SECONDS = 60
_FAILED_SECONDS = 60
_MOST_KEPT = 2_000
_SECOND = 1_000_000
_Source = Callable[[], Awaitable[list[Candidate]]]


class Discovery:
    """Remembers per address. Trust is asked anew each time: an anchor that was removed counts at once."""

    def __init__(self, dns: DnsCertificates, ldap: LdapCertificates, now: Callable[[], int] = now_us) -> None:
        self._dns = dns
        self._ldap = ldap
        self._now = now
        self._kept: dict[tuple[str, str], tuple[list[Candidate] | None, int]] = {}
        """Until when, in the order in which it was kept; none: the source could not be asked."""

    def close(self) -> None:
        """Waits for nobody who is still being asked."""
        self._ldap.close()

    async def discover(self, address: str, trust: Trust | None, *, signing: bool = False) -> Discovered:
        """The certificates to encrypt to for `address`, or that sign for it; none if no source has a usable one.

        Without `trust` a certificate only has to be valid, strong, for this use and for this address. Raises
        `Malformed` for what is no mail address.
        """
        if not MAIL_ADDRESS.fullmatch(address):
            raise Malformed("This is not a mail address.")
        findings: list[Finding] = []
        for source, look in self._sources(address.lower()).items():
            try:
                candidates = await self._remembered(address.lower(), source, look)
            except SourceFailed:
                findings.append(Finding(source, "unreachable"))
                continue
            if not candidates:
                findings.append(Finding(source, "none"))
            usable = []
            for candidate in candidates:
                code = await self._judged(candidate.certificate, address, trust, signing=signing)
                findings.append(Finding(source, code, candidate.certificate))
                if code == "ok":
                    usable.append(candidate.certificate)
            if usable:
                return Discovered(tuple(usable), source, tuple(findings))
        return Discovered((), "", tuple(findings))

    def _sources(self, address: str) -> dict[str, _Source]:
        """In the order of the Direct Applicability Statement: the address before its domain, DNS before LDAP."""
        domain = address.rpartition("@")[2]
        return {
            "dns-address": lambda: self._dns.certificates(name_of(address), "dns-address"),
            "dns-domain": lambda: self._dns.certificates(domain, "dns-domain"),
            "ldap-address": lambda: self._ldap.certificates(address, domain, "ldap-address"),
            "ldap-domain": lambda: self._ldap.certificates(domain, domain, "ldap-domain"),
        }

    async def _remembered(self, address: str, source: str, look: _Source) -> list[Candidate]:
        of_address = source.endswith("address")
        about = (address if of_address else address.rpartition("@")[2], source)
        kept, until = self._kept.get(about, ([], 0))
        if self._now() < until:
            if kept is None:
                raise SourceFailed
            return kept
        try:
            candidates = await look()
        except SourceFailed:
            self._keep(about, None, _FAILED_SECONDS)
            raise
        except asyncio.CancelledError:
            # Nobody waited longer. It says nothing of a domain's source, which had the time that the address's left.
            if of_address:
                self._keep(about, None, _FAILED_SECONDS)
            raise
        self._keep(about, candidates, min((each.seconds for each in candidates), default=_NOTHING_SECONDS))
        return candidates

    def _keep(self, about: tuple[str, str], candidates: list[Candidate] | None, seconds: int) -> None:
        self._kept.pop(about, None)
        if len(self._kept) >= _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[about] = (candidates, self._now() + seconds * _SECOND)

    async def _judged(self, certificate: x509.Certificate, address: str, trust: Trust | None, *, signing: bool) -> str:
        at = self._now()
        try:
            if trust is not None:
                await trust.vouch(certificate, address, at, signing=signing)
            else:
                require_valid(certificate, at)
                require_strong(certificate)
                require_use(certificate, signing=signing)
                require_bound(certificate, address)
        except NotAccepted as error:
            return error.detail_code
        return "ok"
