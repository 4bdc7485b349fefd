"""Certificates in DNS: CERT records (RFC 4398) at the address (`@` as `.`) and at the domain; SRV records for LDAP.

A truncated answer is asked for again over TCP; aliases are followed. If the resolver gives nothing, the domain's own
name servers are asked: some resolvers drop the large CERT answers.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.resolver

from adapters.email.discovery.found import Candidate, certificates_from
from adapters.guard import Guard

_WHOLE_SECONDS, _TRY_SECONDS = 10.0, 5.0
_PKIX = 1
_LONGEST_TTL = 86_400
_MOST_RECORDS = 20
_MOST_ADDRESSES = 4
"""Of one host. Attack stopped: a stranger's record names hundreds, and the hub knocks at each of them."""


class SourceFailed(Exception):
    """The source could not be asked, which is not the same as having nothing."""


@dataclass(frozen=True, slots=True)
class Service:
    """A server that an SRV record names."""

    host: str
    port: int


class DnsCertificates:
    """Asks the system's resolver, or the one `server` (address and port)."""

    def __init__(self, guard: Guard, server: tuple[str, int] | None = None) -> None:
        self._guard = guard
        self._resolver = dns.asyncresolver.Resolver(configure=server is None)
        if server is not None:
            self._resolver.nameservers = [server[0]]
            self._resolver.port = server[1]
        self._resolver.lifetime, self._resolver.timeout = _WHOLE_SECONDS, _TRY_SECONDS

    async def certificates(self, name: str, source: str) -> list[Candidate]:
        """The PKIX certificates at a name. Raises `SourceFailed`."""
        answer = await self._asked(name, dns.rdatatype.CERT)
        if answer is None:
            return []
        contents = [each.certificate for each in answer if each.certificate_type == _PKIX][:_MOST_RECORDS]
        seconds = max(60, min(int(answer.ttl), _LONGEST_TTL))
        return [Candidate(source, each, seconds) for each in certificates_from(contents)]

    async def ldap_servers(self, domain: str) -> list[Service]:
        """The domain's LDAP servers, by priority and weight. Raises `SourceFailed`."""
        answer = await self._asked(f"_ldap._tcp.{domain}", dns.rdatatype.SRV)
        records = sorted(answer or (), key=lambda each: (each.priority, -each.weight))
        servers = [Service(str(each.target).rstrip("."), int(each.port)) for each in records]
        return [each for each in servers if each.host][:5]

    async def addresses(self, host: str) -> list[str]:
        """A host's addresses, as this resolver sees them; those that the guard allows. Raises `SourceFailed`."""
        found = []
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            with contextlib.suppress(SourceFailed):
                found += [str(each) for each in await self._asked(host, kind) or ()]
        return [each for each in found if self._guard.allows(each)][:_MOST_ADDRESSES]

    async def _asked(self, name: str, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer | None:
        """The answer, or none where there surely is none."""
        try:
            return await self._resolver.resolve(name, kind, search=False)
        except dns.resolver.NXDOMAIN:
            return None
        except dns.resolver.NoAnswer:
            return await self._authoritative(name, kind) if kind is dns.rdatatype.CERT else None
        except (dns.exception.DNSException, OSError, ValueError):
            found = await self._authoritative(name, kind)
            if found is None:
                raise SourceFailed from None
            return found

    async def _authoritative(self, name: str, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer | None:
        """What the domain's own servers say; none if they say nothing or cannot be asked."""
        with contextlib.suppress(dns.exception.DNSException, OSError, ValueError, SourceFailed):
            question = dns.name.from_text(name)
            async for server in self._name_servers(question):
                query = dns.message.make_query(question, kind)
                response, _ = await dns.asyncquery.udp_with_fallback(query, server, timeout=_TRY_SECONDS)
                if isinstance(response, dns.message.QueryMessage) and response.answer:
                    return dns.resolver.Answer(question, kind, dns.rdataclass.IN, response)
        return None

    async def _name_servers(self, question: dns.name.Name) -> AsyncIterator[str]:
        zone = await dns.asyncresolver.zone_for_name(
            question, resolver=self._resolver, lifetime=self._resolver.lifetime
        )
        for each in list(await self._resolver.resolve(zone, dns.rdatatype.NS))[:3]:
            for address in await self.addresses(str(each.target)):
                yield address


def name_of(address: str) -> str:
    """The DNS name of a mailbox: `local@domain.tld` as `local.domain.tld` (Direct §5.1)."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local}.{domain}"
