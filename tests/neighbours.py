"""One hub and four partners, each behind another channel, with a will of its own: mail, fax, FHIR, sealed envelope."""

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from email import message_from_bytes
from pathlib import Path

import msgspec
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from adapters.api.channel import ApiChannel
from adapters.email.channel import EmailChannel
from adapters.fax.channel import FaxChannel
from adapters.fax.spool import SpoolFax
from deploy.demo.authority import Authority
from deploy.demo.faxmachine import FaxMachine
from deploy.demo.mailserver import ClinicMailbox, MailFault, mail_server, server_tls
from deploy.demo.planapi import PlanApi, PlanFault, plan_api
from hub.context import Hub
from hub.model import ChannelKind, Endpoint
from hub.storage import consents, members
from hub.storage.directory import Organization
from hub.storage.member_facts import MemberFacts
from tests.hubs import PROGRAM, a_hub
from tests.scenes import BORN, CIN, FORM, NAME

FAX = "+17075550188"
EVERYBODY = ("lantern", "valley-clinic", "sunrise", "moon")
MAIL_FAULTS = [fault for fault in MailFault if fault is not MailFault.NO_SUCH_MAILBOX]
PLAN_FAULTS = [fault for fault in PlanFault if fault is not PlanFault.FORBIDDEN]
"""All ways to misbehave but a final refusal, and to behave."""
DEADLINE_S = 2.0


@dataclass
class Neighbours:
    """The hub, and what the partners say for themselves."""

    hub: Hub
    member: str
    lantern: ClinicMailbox
    clinic: FaxMachine
    sunrise: PlanApi
    moon: PlanApi

    def received(self) -> dict[str, list[str]]:
        """Delivery ids by partner, as often as each says that it received them."""
        mails = [message_from_bytes(opened.message)["Message-ID"] for opened in self.lantern.received]
        return {
            "lantern": [mail.strip("<>").partition("@")[0] for mail in mails],
            "valley-clinic": list(self.clinic.received),
            "sunrise": [bundle["id"] for bundle in self.sunrise.received],
            "moon": [content.delivery for content in self.moon.received],
        }

    def misbehave(self, dice: random.Random) -> None:
        """Each does something else from now on, perhaps what it should."""
        self.lantern.fault = dice.choice(MAIL_FAULTS)
        for plan in (self.sunrise, self.moon):
            plan.fault = dice.choice(PLAN_FAULTS)

    def behave(self) -> None:
        self.lantern.fault = MailFault.NONE
        self.sunrise.fault = self.moon.fault = PlanFault.NONE


@asynccontextmanager
async def neighbours(url: str, folder: Path) -> AsyncIterator[Neighbours]:
    """Everybody there, a member of Harbor's whose consent names all four."""
    authority, signing = Authority(), SigningKey.generate()
    lantern = authority.mail("clinic.example")
    async with AsyncExitStack() as stack:
        tls = server_tls(*authority.server("localhost", "127.0.0.1").write(folder, "tls"))
        mailbox = ClinicMailbox(lantern.key, lantern.certificate, (authority.identity.certificate,), folder / "mail")
        mail_port = await stack.enter_async_context(mail_server(mailbox, tls))
        plans = {}
        endpoints = [
            Endpoint(
                id="e-lantern", organization="lantern", channel=ChannelKind.EMAIL, address="intake@clinic.example",
                certificate=lantern.certificate_pem,
            ),
            Endpoint(id="e-clinic", organization="valley-clinic", channel=ChannelKind.FAX, address=FAX, station=FAX),
        ]  # fmt: skip
        for name, form, path in (("sunrise", "fhir", "fhir"), ("moon", "sealed", "envelopes")):
            plan = PlanApi(
                folder / name, PrivateKey.generate(), SigningKey.generate(), {"hub-1": bytes(signing.verify_key)}
            )
            port = await stack.enter_async_context(plan_api(plan, tls))
            plans[name] = plan
            endpoints.append(
                Endpoint(
                    id=f"e-{name}",
                    organization=name,
                    channel=ChannelKind.API,
                    address=f"https://localhost:{port}/{path}",
                    form=form,
                    tls_ca=authority.pem,
                    seal_key=bytes(plan.opening_key.public_key),
                    verify_key=bytes(plan.signing_key.verify_key),
                )
            )
        machine = await stack.enter_async_context(FaxMachine(folder / "spool", folder / "tray", FAX))
        channels = {
            ChannelKind.EMAIL: _email(authority, mail_port),
            ChannelKind.FAX: FaxChannel(SpoolFax(folder / "spool")),
            ChannelKind.API: ApiChannel(signing, "hub-1", deadline=DEADLINE_S),
        }
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        # The clock leaps in plays, and a leap must not end the lease of a worker that is alive.
        hub = replace(await stack.enter_async_context(a_hub(url)), channels=channels, lease_us=10**15)
        member = await _county(hub, endpoints)
        yield Neighbours(hub, member, mailbox, machine, plans["sunrise"], plans["moon"])


async def _county(hub: Hub, endpoints: list[Endpoint]) -> str:
    now = hub.clock.now()
    moon = Organization(id="moon", name="Moon Street Recovery", roles=PROGRAM, sud_program="holds_out", sud_only=True)
    await hub.directory.put_organization(moon, by="county", at=now)
    for endpoint in endpoints:
        verified = msgspec.structs.replace(endpoint, verified_at=now)
        await hub.directory.put_endpoint(verified, verified_by="county", by="county", at=now)
    facts = MemberFacts(given=NAME[0], family=NAME[1], born=BORN, cin=CIN, medi_cal=True)
    member = await members.register(hub, facts, [("harbor", "program"), ("sunrise", "plan")], by="harbor")
    consent = await consents.record(hub, member, msgspec.structs.replace(FORM, recipients=EVERYBODY), by="harbor")
    await consents.verify(hub, consent, by="harbor/second")
    return member


def _email(authority: Authority, port: int) -> EmailChannel:
    signer = authority.mail_signer("hub.example")
    return EmailChannel(
        signer.key_pem, signer.certificate_pem, "relay@hub.example", "127.0.0.1", port, tls_ca=authority.pem,
        deadline=DEADLINE_S,
    )  # fmt: skip
