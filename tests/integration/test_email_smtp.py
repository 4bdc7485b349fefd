"""The SMTP conversation itself, against a real server."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from adapters.email.smtp import Relay, SmtpSessions
from deploy.demo.authority import Authority
from deploy.demo.mailserver import ClinicMailbox, MailFault, mail_server, server_tls
from hub.model import Deferred, Delivered


class Postbox(ClinicMailbox):
    """Keeps what arrives as it is, opened by nobody."""

    async def take(self, raw: bytes) -> str:
        self.refused.append(raw.decode())
        return "250 2.0.0 Ok: queued as 4XyZ12"


@asynccontextmanager
async def conversation(tmp_path, **limits):
    authority = Authority()
    clinic = authority.mail("clinic.example")
    postbox = Postbox(clinic.key, clinic.certificate, (), tmp_path)
    tls = server_tls(*authority.server("127.0.0.1").write(tmp_path, "tls"))
    async with mail_server(postbox, tls) as port:
        sessions = SmtpSessions(Relay("127.0.0.1", port, "hub.example"), **{"limit": 4, "deadline": 5, **limits})

        async def hand_over(mail: bytes):
            return await sessions.hand_over("a@hub.example", "b@clinic.example", mail, authority.pem)

        yield postbox, hand_over
        await sessions.close()


@pytest.mark.parametrize("mail", [b"A: b\r\n\r\n.\r\n..hidden\r\nend\r\n", b"A: b\r\n\r\nno line end"])
async def test_a_line_of_one_dot_does_not_end_the_mail(tmp_path, mail):
    async with conversation(tmp_path) as (postbox, hand_over):
        outcome = await hand_over(mail)
        assert isinstance(outcome, Delivered)
        assert outcome.receipt.reference == "4XyZ12"
        assert postbox.refused == [mail.decode().removesuffix("\r\n") + "\r\n"]


async def test_waiting_for_a_free_session_ends_at_the_deadline_with_nothing_sent(tmp_path):
    async with conversation(tmp_path, limit=1, deadline=0.5) as (postbox, hand_over):
        postbox.fault = MailFault.SILENT_AT_RCPT
        assert await hand_over(b"A: b\r\n\r\n") == Deferred(code="smtp-timeout")
        assert postbox.contents_seen == 0


@asynccontextmanager
async def a_deaf_relay(tls):
    """So busy that it does not hear how a session over TLS says goodbye; its port."""
    talks = []

    async def talk(reader, writer):
        talks.append(writer.transport)
        writer.write(b"220 relay.example\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 Go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
            if line.startswith(b"QUIT"):
                writer.write(b"221 2.0.0 Bye\r\n")
                writer.transport.pause_reading()
                return
            writer.write(b"250 2.0.0 Ok\r\n")

    async with await asyncio.start_server(talk, "127.0.0.1", ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]
        for each in talks:
            each.abort()


async def test_no_connection_outlives_the_sessions_whatever_the_relay_does(tmp_path):
    authority = Authority()
    tls = server_tls(*authority.server("127.0.0.1").write(tmp_path, "tls"))
    async with a_deaf_relay(tls) as port:
        sessions = SmtpSessions(Relay("127.0.0.1", port, "hub.example", implicit_tls=True), limit=1, deadline=5)
        outcome = await sessions.hand_over("a@hub.example", "b@clinic.example", b"A: b\r\n\r\n", authority.pem)
        assert isinstance(outcome, Delivered)
        ((session,),) = sessions._idle.values()
        line = session.transport.get_extra_info("socket")
        await sessions.close()
        assert line.fileno() == -1
