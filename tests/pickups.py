"""Pick-up for tests: a real mail server for its notices and codes, and somebody who reads them and comes."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_string
from pathlib import Path

from adapters.email.smtp import Relay
from adapters.pickup.channel import Mailbox, PickupDesk, PickupNotice
from deploy.demo.authority import Authority
from deploy.demo.mailserver import ClinicMailbox, mail_server, server_tls
from hub.context import Hub
from hub.model import ChannelKind, Endpoint
from hub.pickup.links import token_of
from tests.api import Answer, Api


class Postbox(ClinicMailbox):
    """Keeps every mail as text, with whom it went to left to the mail itself."""

    async def take(self, raw: bytes) -> str:
        self.refused.append(raw.decode())
        return "250 2.0.0 Ok: queued as 4XyZ12"


class Visitor:
    """Reads the mails and opens what is in them, as a person without any account does."""

    def __init__(self, api: Api, postbox: Postbox) -> None:
        self.api, self.postbox = api, postbox

    @property
    def mails(self) -> list[str]:
        return [message_from_string(raw).get_payload(decode=True).decode() for raw in self.postbox.refused]

    def path(self) -> str:
        """Of the link in the newest notice."""
        return re.findall(r"https://hub\.example(/pickup/\S+)", "\n".join(self.mails))[-1]

    async def code(self, path: str) -> str:
        """Ask for one, and read it in the mail."""
        assert (await self.post(f"{path}/code")).status == 200
        return re.findall(r"Your code: (\d{8})", self.mails[-1])[-1]

    async def get(self, path: str) -> Answer:
        return await self.api.nobody("GET", path)

    async def post(self, path: str, **fields: str) -> Answer:
        return await self.api.nobody("POST", path, data=fields)


@asynccontextmanager
async def a_postbox(folder: Path) -> AsyncIterator[tuple[Mailbox, Postbox]]:
    """The hub's mailbox, and where its mails arrive."""
    authority = Authority()
    clinic = authority.mail("clinic.example")
    postbox = Postbox(clinic.key, clinic.certificate, (), folder)
    tls = server_tls(*authority.server("127.0.0.1").write(folder, "tls"))
    async with mail_server(postbox, tls) as port:
        mailbox = Mailbox("exchange@hub.example", Relay("127.0.0.1", port, "hub.example"), authority.pem)
        try:
            yield mailbox, postbox
        finally:
            await mailbox.close()


def with_pickup(hub: Hub, mailbox: Mailbox) -> Hub:
    """The hub with pick-up beside its other channels; a link opens for seven days."""
    notice = PickupNotice(mailbox, lambda d: f"https://hub.example/pickup/{token_of(hub.ring, d)}", 7)
    return replace(hub, channels={**hub.channels, ChannelKind.PICKUP: notice}, pickup=PickupDesk(mailbox))


async def told_by_mail(hub: Hub, organization: str) -> None:
    """The organization's verified endpoint for pick-up, records@ORGANIZATION.example."""
    now = hub.clock.now()
    endpoint = Endpoint(
        id=f"{organization}-mail", organization=organization, channel=ChannelKind.PICKUP,
        address=f"records@{organization}.example", verified_at=now,
    )  # fmt: skip
    await hub.directory.put_endpoint(endpoint, verified_by="county", by="county", at=now)
