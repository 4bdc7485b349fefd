"""Which addresses a partner may send us to, by a certificate, a webhook, a key set or a directory: public ones only.

Attack stopped: server-side request forgery. A URL in a certificate, or a name in DNS, is written by a stranger; it
must not reach the county's inner network, this machine, or a cloud's metadata service. The name is looked up once and
the connection goes to the address that was checked (no second look-up that answers otherwise).
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass

from aiohttp.abc import AbstractResolver, ResolveResult

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")


class ForbiddenTarget(OSError):
    """An address that no stranger may send us to."""


@dataclass(frozen=True, slots=True)
class Guard:
    """`loopback` lets this machine's own addresses pass: for tests alone, by an explicit setting."""

    loopback: bool = False

    def allows(self, address: str) -> bool:
        """Whether an IP address may be connected to."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address):
            inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
            if inner is not None or found in _NAT64 or found in _SIX_TO_FOUR:
                return inner is not None and found not in _SIX_TO_FOUR and self.allows(str(inner))
        if found.is_loopback:
            return self.loopback
        return found.is_global and not found.is_multicast

    def allows_host(self, host: str) -> bool:
        """Whether a URL's host may be tried: a name is looked up later, aiohttp asks no resolver about a literal."""
        literal = ":" in host or host.replace(".", "").isdigit() or host.lower().startswith("0x")
        return self.allows(host) if literal else bool(host)

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host name or literal, all of them allowed. Raises `ForbiddenTarget`, `OSError`."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not addresses or not all(map(self.allows, addresses)):
            raise ForbiddenTarget(host)
        return addresses


class GuardedResolver(AbstractResolver):
    """aiohttp's look-up of a host name, through the guard."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Only addresses of which every one is allowed."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._guard.addresses(host, port)
            if family in {socket.AF_UNSPEC, socket.AF_INET6 if ":" in address else socket.AF_INET}
        ]

    async def close(self) -> None:
        """Nothing is held."""
