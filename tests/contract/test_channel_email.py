"""The email channel passes the contract of every channel, against a real SMTP server (STARTTLS, implicit
TLS).
"""

from contextlib import AsyncExitStack
from email import message_from_bytes
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path

import pytest

from adapters.email.channel import EmailChannel
from deploy.demo.authority import Authority
from deploy.demo.mailserver import ClinicMailbox, MailFault, mail_server, server_tls
from hub.model import ChannelKind, Deferred, Endpoint, Prepared
from tests.contract.channel_contract import ChannelContract, Fault, deadline_s
from tests.contract.channel_parcel import sample_parcel
from tests.contract.channel_server import Server

FAULTS = {
    Fault.BUSY_BEFORE_CONTENT: MailFault.BUSY,
    Fault.REFUSES_BEFORE_CONTENT: MailFault.NO_SUCH_MAILBOX,
    Fault.SILENT_BEFORE_CONTENT: MailFault.SILENT_AT_RCPT,
    Fault.DROPS_IN_CONTENT: MailFault.DROP_IN_CONTENT,
    Fault.REFUSES_AFTER_CONTENT: MailFault.REFUSE_CONTENT,
    Fault.BUSY_AFTER_CONTENT: MailFault.BUSY_AFTER_CONTENT,
    Fault.SILENT_AFTER_CONTENT: MailFault.SILENT_AFTER_CONTENT,
    Fault.NONSENSE_AFTER_CONTENT: MailFault.NONSENSE_AFTER_CONTENT,
}


class MailFarSide:
    def __init__(self, mailbox: ClinicMailbox, endpoint: Endpoint, channel: EmailChannel, server: Server) -> None:
        self.mailbox = mailbox
        self.endpoint = endpoint
        self._channel = channel
        self._server = server

    async def misbehave(self, fault: Fault) -> None:
        if fault is Fault.UNREACHABLE:
            await self._server.stack.aclose()
        elif fault is Fault.UNTRUSTED:
            self._server.pose_as_a_stranger()
        else:
            self.mailbox.fault = FAULTS[fault]

    def readable(self) -> str:
        return self._last().get_body(("plain",)).get_content()

    def documents(self) -> list[bytes]:
        return [part.get_payload(decode=True) for part in self._last().iter_attachments()]

    def contents_seen(self) -> int:
        return self.mailbox.contents_seen

    def in_transit(self, prepared: Prepared) -> bytes:
        return prepared.body

    def _last(self):
        return message_from_bytes(self.mailbox.received[-1].message, policy=SMTP_POLICY)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def clinic(authority):
    return authority.mail("clinic.example")


@pytest.fixture(params=["starttls", "implicit"])
async def far_side(request, authority, clinic, tmp_path: Path):
    tls = server_tls(*authority.server("localhost", "127.0.0.1").write(tmp_path, "tls"))
    mailbox = ClinicMailbox(clinic.key, clinic.certificate, (authority.identity.certificate,), tmp_path / "mail")
    implicit = request.param == "implicit"
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(mail_server(mailbox, tls, implicit_tls=implicit))
        channel = _channel(authority, port, deadline_s(request), implicit_tls=implicit)
        yield MailFarSide(mailbox, _endpoint(clinic), channel, Server(stack, tls, tmp_path))
        await channel.close()


@pytest.fixture
def channel(far_side: MailFarSide) -> EmailChannel:
    return far_side._channel


class TestEmail(ChannelContract):
    async def test_one_session_carries_several_mails(self, channel, far_side):
        await self.test_several_parcels_one_after_another_all_arrive(channel, far_side)
        assert far_side.mailbox.connections == 1
        assert len(far_side.mailbox.received) == 3

    async def test_a_relay_that_closed_an_idle_session_costs_no_doubt(self, channel, far_side):
        await self.test_what_was_prepared_is_delivered_with_a_receipt(channel, far_side)
        far_side.mailbox.hang_up()
        await self.test_what_was_prepared_is_delivered_with_a_receipt(channel, far_side)
        assert far_side.mailbox.connections == 2

    async def test_a_relay_that_says_goodbye_at_the_next_mail_costs_no_doubt(self, channel, far_side):
        await self.test_what_was_prepared_is_delivered_with_a_receipt(channel, far_side)
        far_side.mailbox.fault = MailFault.CLOSING
        await self.test_what_was_prepared_is_delivered_with_a_receipt(channel, far_side)
        assert far_side.mailbox.connections == 2


async def test_a_relay_that_offers_no_tls_gets_nothing(authority, clinic, tmp_path):
    mailbox = ClinicMailbox(clinic.key, clinic.certificate, (), tmp_path)
    async with mail_server(mailbox, None) as port:
        channel = _channel(authority, port)
        prepared = await channel.prepare(sample_parcel(_endpoint(clinic)))
        assert await channel.deliver(prepared) == Deferred(code="smtp-tls")
        assert mailbox.contents_seen == 0
        await channel.close()


def _endpoint(clinic) -> Endpoint:
    return Endpoint(
        id="e-1",
        organization="org-valley",
        channel=ChannelKind.EMAIL,
        address="intake@clinic.example",
        certificate=clinic.certificate_pem,
    )


def _channel(authority: Authority, port: int, deadline: float = 10.0, *, implicit_tls: bool = False) -> EmailChannel:
    hub = authority.mail_signer("hub.example")
    return EmailChannel(
        hub.key_pem,
        hub.certificate_pem,
        "relay@hub.example",
        "127.0.0.1",
        port,
        implicit_tls=implicit_tls,
        tls_ca=authority.pem,
        deadline=deadline,
    )
