"""A partner's v2 system behind TLS, made of the standard library and the `hl7` package: nothing of it is the hub's."""

import asyncio
import base64
import contextlib
import ssl
from dataclasses import dataclass, field
from enum import StrEnum

import hl7


class V2Fault(StrEnum):
    """What it can do wrong."""

    NONE = "none"
    HANGS_UP = "hangs-up"
    ASKS_ANOTHER_CERTIFICATE = "asks-another-certificate"
    NO_HANDSHAKE = "no-handshake"
    DROPS = "drops"
    REFUSES = "AR"
    BUSY = "AE"
    SILENT = "silent"
    NONSENSE = "nonsense"


@dataclass
class V2System:
    tls: ssl.SSLContext
    strict: ssl.SSLContext
    """Asks for a certificate from an authority that the hub's is not of."""
    fault: V2Fault = V2Fault.NONE
    contents_seen: int = 0
    received: list[hl7.Message] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.fault is V2Fault.HANGS_UP:
            return
        if self.fault is V2Fault.NO_HANDSHAKE:
            await reader.read()
            return
        if self.fault is V2Fault.ASKS_ANOTHER_CERTIFICATE:
            await self._refuse(reader, writer)
            return
        await writer.start_tls(self.tls)
        await reader.readexactly(1)
        self.contents_seen += 1
        if self.fault is V2Fault.DROPS:
            writer.transport.abort()
            return
        content = (await reader.readuntil(b"\x1c\r"))[:-2]
        if self.fault is V2Fault.SILENT:
            await reader.read()  # until the hub hangs up
            return
        if self.fault is V2Fault.NONSENSE:
            writer.write(b"\x0bnonsense\x1c\r" * 20)
            await writer.drain()
            return
        message = hl7.parse(content.decode())
        answer = message.create_ack(self.fault if self.fault in ("AR", "AE") else "AA")
        if self.fault is V2Fault.NONE:
            self.received.append(message)
        writer.write(b"\x0b" + str(answer).encode() + b"\x1c\r")
        await writer.drain()

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A handshake by hand: asyncio's own server hangs up without the alert that others send."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.strict.wrap_bio(incoming, outgoing, server_side=True)
        refused = False
        while not refused:
            try:
                session.do_handshake()
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65536))
            except ssl.SSLError:
                refused = True
        writer.write(outgoing.read())
        await writer.drain()

    def readable(self) -> str:
        """The texts of the last message, as a clerk's screen shows them."""
        last = self.received[-1]
        return last.unescape(str(last.segments("OBX")[0][5]), {".br": "\n"}).replace("\\.br\\", "\n")

    def documents(self) -> list[bytes]:
        enclosed = (str(obx[5]) for obx in self.received[-1].segments("OBX") if str(obx[2]) == "ED")
        return [base64.b64decode(each.split("^")[4]) for each in enclosed]
