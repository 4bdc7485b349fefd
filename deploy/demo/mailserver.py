"""A clinic's mail server, for the demonstration and for tests: aiosmtpd with required TLS and the clinic's
own key.

    python -m deploy.demo.mailserver KEYS FOLDER [PORT]

It opens each S/MIME mail, refuses (554) what does not decrypt or verify, and writes to its folder, named by
the delivery: NAME.p7m.eml as received, NAME.eml opened, NAME.txt to read, NAME-document-1.pdf and so on.
`fault` makes it misbehave.
"""

import asyncio
import re
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from enum import StrEnum
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.email.cms.opening import OpeningKey
from adapters.email.open import Opened, Refused, open_message
from adapters.email.trust.trust import Trust
from hub.model import now_us


class MailFault(StrEnum):
    """What the server can be told to do wrong; the first four before any content was sent to it."""

    NONE = "none"
    BUSY = "busy"  # 451 at RCPT
    NO_SUCH_MAILBOX = "no-such-mailbox"  # 550 at RCPT
    CLOSING = "closing"  # 421 at MAIL once, and the connection ends
    SILENT_AT_RCPT = "silent-at-rcpt"
    DROP_IN_CONTENT = "drop-in-content"  # the connection ends after the first bytes of content
    REFUSE_CONTENT = "refuse-content"  # 554 after the content
    BUSY_AFTER_CONTENT = "busy-after-content"  # 451 after the content
    SILENT_AFTER_CONTENT = "silent-after-content"
    NONSENSE_AFTER_CONTENT = "nonsense-after-content"


@dataclass
class ClinicMailbox:
    """Opens and files what arrives. `received` are the mails it took, `refused` the reasons of those it did
    not.
    """

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    authorities: tuple[x509.Certificate, ...]
    folder: Path
    fault: MailFault = MailFault.NONE
    port: int = 0
    received: list[Opened] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    contents_seen: int = 0
    connections: int = 0
    servers: list[SMTP] = field(default_factory=list)
    neighbours: dict[str, "ClinicMailbox"] = field(default_factory=dict)
    """Mailboxes of other domains, with keys and folders of their own, that this server also takes mail for.
    """

    def hang_up(self) -> None:
        """Ends every open connection, as a server does with idle ones."""
        for server in self.servers:
            if server.transport:
                server.transport.close()

    async def handle_MAIL(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.fault is MailFault.CLOSING:
            self.fault = MailFault.NONE
            asyncio.get_running_loop().call_soon(server.transport.close)
            return "421 4.3.2 closing"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        match self.fault:
            case MailFault.BUSY:
                return "451 4.3.0 try later"
            case MailFault.NO_SUCH_MAILBOX:
                return "550 5.1.1 no such mailbox"
            case MailFault.SILENT_AT_RCPT:
                await asyncio.sleep(60)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.contents_seen += 1
        match self.fault:
            case MailFault.REFUSE_CONTENT:
                return "554 5.7.1 refused"
            case MailFault.BUSY_AFTER_CONTENT:
                return "451 4.3.0 try later"
            case MailFault.SILENT_AFTER_CONTENT:
                await asyncio.sleep(60)
            case MailFault.NONSENSE_AFTER_CONTENT:
                server.transport.write(b"\x00hello\r\n" * 10_000)
                return "250 OK"
        addressed = self.neighbours.get(envelope.rcpt_tos[0].rpartition("@")[2].lower(), self)
        return await addressed.take(bytes(envelope.content or b""))

    async def take(self, raw: bytes) -> str:
        """Opens, files and answers with the SMTP reply. One reply for all refusals: it is no decryption
        oracle.
        """
        key = OpeningKey(self.key, self.certificate)
        opened = await open_message(raw, (key,), Trust(self.authorities), now_us())
        if isinstance(opened, Refused):
            self.refused.append(opened.code)
            return "554 5.7.5 the message does not open or verify"
        self.received.append(opened)
        return f"250 2.0.0 Ok: queued as {self._file(raw, opened)}"

    def _file(self, raw: bytes, opened: Opened) -> str:
        mail = message_from_bytes(opened.message, _class=EmailMessage, policy=SMTP_POLICY)
        name = re.sub(r"[^A-Za-z0-9]", "", str(mail["Message-ID"]).partition("@")[0])[:64] or "mail"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{name}.p7m.eml").write_bytes(raw)
        (self.folder / f"{name}.eml").write_bytes(opened.message)
        cover = mail.get_body(("plain",))
        heading = f"From {opened.sender}, signature verified\nSubject: {mail['Subject']}\n\n"
        (self.folder / f"{name}.txt").write_text(heading + (cover.get_content() if cover else ""), encoding="utf-8")
        for attachment in mail.iter_attachments():
            plain = re.sub(r"[^A-Za-z0-9.-]", "_", attachment.get_filename() or "attachment")
            (self.folder / f"{name}-{plain}").write_bytes(attachment.get_payload(decode=True))
        return name


class _DroppingServer(SMTP):
    """Ends the connection once content begins, if its mailbox says so."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  aiosmtpd's name
        if self.event_handler.fault is not MailFault.DROP_IN_CONTENT:
            await super().smtp_DATA(arg)
            return
        await self.push("354 go ahead")
        await self._reader.read(1)
        self.event_handler.contents_seen += 1
        self.transport.abort()


@asynccontextmanager
async def mail_server(
    mailbox: ClinicMailbox,
    tls: ssl.SSLContext | None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    implicit_tls: bool = False,
) -> AsyncIterator[int]:
    """Serves `mailbox` on `port` (0: any free one) until left; yields the port. STARTTLS is required, or
    implicit.
    """

    def protocol() -> SMTP:
        mailbox.connections += 1
        starttls = None if implicit_tls else tls  # a server without TLS exists to be refused
        server = _DroppingServer(
            mailbox,
            hostname="clinic.example",
            ident="ESMTP",
            tls_context=starttls,
            require_starttls=starttls is not None,
            data_size_limit=40 * 1024 * 1024,
            enable_SMTPUTF8=False,
        )
        mailbox.servers.append(server)
        return server

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, host, port, ssl=tls if implicit_tls else None)
    try:
        mailbox.port = server.sockets[0].getsockname()[1]
        yield mailbox.port
    finally:
        server.close()
        await server.wait_closed()


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server context from PEM files."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


def mailbox_from(keys: Path, folder: Path, name: str = "clinic-mail") -> ClinicMailbox:
    """The clinic's mailbox with the keys that `deploy.demo.authority` made."""
    key = load_pem_private_key((keys / f"{name}.key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    certificate = x509.load_pem_x509_certificate((keys / f"{name}.crt").read_bytes())
    authority = x509.load_pem_x509_certificate((keys / "ca.crt").read_bytes())
    return ClinicMailbox(key, certificate, (authority,), folder)


def county_mail(keys: Path, folder: Path) -> ClinicMailbox:
    """One server for the demonstration's two mail domains: clinic.example into FOLDER/clinic, mhp.example
    into FOLDER/mhp.
    """
    clinic = mailbox_from(keys, folder / "clinic")
    clinic.neighbours["mhp.example"] = mailbox_from(keys, folder / "mhp", "mhp-mail")
    return clinic


async def main(keys: Path, folder: Path, port: int) -> None:
    tls = server_tls(keys / "mail-tls.crt", keys / "mail-tls.key")
    async with mail_server(county_mail(keys, folder), tls, port=port) as listening:
        print(f"mail server of clinic.example and mhp.example on 127.0.0.1:{listening}, opened mail in {folder}")
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 2525))
