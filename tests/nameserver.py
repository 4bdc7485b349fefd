"""A name server for tests: answers from a table over UDP and TCP on one port of this machine."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset


@dataclass
class Zone:
    """Records as text by name and type: `zone.add("clinic.example", "A", "127.0.0.1")`."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    ttl: int = 300
    large: set[str] = field(default_factory=set)
    """Names whose answers are truncated over UDP."""
    silent: set[str] = field(default_factory=set)
    """Names that are never answered."""
    broken: set[str] = field(default_factory=set)
    """Names answered SERVFAIL."""
    asked: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, name: str, kind: str, *values: str) -> None:
        self.records.setdefault((name, kind), []).extend(values)

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked[name, kind, transport] += 1
        if name in self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        if name in self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response.to_wire()
        if name in self.large and transport == "udp":
            response.flags |= dns.flags.TC
            return response.to_wire()
        self._fill(response, name, kind)
        if not response.answer and not any(owner.endswith(name) for owner, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        alias = self.records.get((name, "CNAME"))
        if alias:
            response.answer.append(dns.rrset.from_text(name + ".", self.ttl, "IN", "CNAME", *alias))
            name = alias[0].rstrip(".")
        if values := self.records.get((name, kind)):
            response.answer.append(dns.rrset.from_text(name + ".", self.ttl, "IN", kind, *values))


@asynccontextmanager
async def nameserver(zone: Zone) -> AsyncIterator[int]:
    """Serves the zone until left; yields the port."""

    class Datagrams(asyncio.DatagramProtocol):
        def connection_made(self, transport) -> None:
            self.transport = transport

        def datagram_received(self, data, address) -> None:
            if answer := zone.answer(data, "udp"):
                self.transport.sendto(answer, address)

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        answer = zone.answer(await reader.readexactly(size), "tcp")
        if answer:
            writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
        writer.close()

    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(stream, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(Datagrams, ("127.0.0.1", port))
    try:
        yield port
    finally:
        transport.close()
        server.close()
        await server.wait_closed()
