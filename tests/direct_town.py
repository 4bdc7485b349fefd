"""A small Direct community behind one Postfix: hubs with their own domains, and a clinic whose tool is openssl."""

import asyncio
import datetime as dt
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiosmtplib
from aiosmtpd.smtp import SMTP
from sqlmodel import select

from adapters.email.trust.store import TrustFolder
from hub import bootstrap
from hub.bootstrap.opening import open_hub
from hub.context import Hub
from hub.crypto.keyring import KeyRing
from hub.model import ChannelKind, Endpoint
from hub.settings import read_settings
from hub.storage import consents, members
from hub.storage.member_facts import MemberFacts
from hub.storage.tables import Token
from tests import people
from tests.conftest import missing
from tests.direct import DAY, SHARED_RSA, Holder, certificate
from tests.hubs import ORGANIZATIONS
from tests.postfix import Postfix, postfix
from tests.scenes import BORN, CIN, FORM, NAME
from tests.servers import MissingServerError, free_port

HUB, CLINIC = "hub.example", "clinic.example"
NURSE = f"nurse@{CLINIC}"
SECONDS = 60.0


def living(**options: Any) -> dict[str, Any]:
    """Validity around the real present, since real servers and openssl have no other clock."""
    now = dt.datetime.now(dt.UTC)
    return {"start": now - DAY, "end": now + 30 * DAY, **options}


class Community:
    """One authority and its members' keys."""

    def __init__(self) -> None:
        self.root = certificate("Direct root", ca=True, **living())
        self.hub = self.root.issue(HUB, key=SHARED_RSA[0], **living())
        self.clinic = self.root.issue(CLINIC, key=SHARED_RSA[1], **living())

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, holder in {"root": self.root, "hub": self.hub, "clinic": self.clinic}.items():
            write(folder, name, holder)


def write(folder: Path, name: str, holder: Holder) -> None:
    (folder / f"{name}.crt").write_bytes(holder.pem)
    key = folder / f"{name}.key"
    key.write_bytes(holder.key_pem)
    key.chmod(0o600)


def environment(
    folder: Path, relay: Postfix, lmtp: int, *, domain: str = HUB, key: str = "hub", keys: Path | None = None
) -> dict[str, str]:
    """The settings of a hub of this community in `folder`; its mail keys in `keys`."""
    keys = keys or folder.parent / "keys"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "keys.json").exists():
        KeyRing.create(folder / "keys.json")
    (folder / "relay-ca.pem").write_bytes(relay.authority.pem)
    values = {
        "HUB_DATA": folder,
        "HUB_SMTP_HOST": "localhost",
        "HUB_SMTP_PORT": relay.port,
        "HUB_SMTP_CA": folder / "relay-ca.pem",
        "HUB_SMTP_FROM": f"exchange@{domain}",
        "HUB_SMIME_KEY": keys / f"{key}.key",
        "HUB_SMIME_CERT": keys / f"{key}.crt",
        "HUB_MAIL_LISTEN": f"127.0.0.1:{lmtp}",
        "HUB_DIRECT_REVOCATION": "accept",
        "HUB_DEMO": "1",
    }
    return {name: str(value) for name, value in values.items()}


@asynccontextmanager
async def a_mail_hub(
    environ: dict[str, str], community: Community, roles: tuple[str, ...] = ("worker", "intake")
) -> AsyncIterator[Hub]:
    """A running hub, wired as in service."""
    settings = read_settings(environ)
    domain = environ["HUB_SMTP_FROM"].rpartition("@")[2]
    TrustFolder(settings.direct.trust).add_anchor(community.root.certificate, domain, "both", by="test")
    await asyncio.to_thread(bootstrap.migrate, settings)
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(open_hub(settings))
        for role in roles:
            await stack.enter_async_context(bootstrap.running(hub, settings, role))
        yield hub


async def settle_in(hub: Hub, sender: tuple[str, str, bytes], recipient: tuple[str, str, bytes]) -> str:
    """The county of `tests.hubs`, a member with a consent, and the mail entries of a sender and a recipient."""
    for organization in ORGANIZATIONS:
        await hub.directory.put_organization(organization, by="county", at=hub.clock.now())
    for name, address, pem in (sender, recipient):
        await put_mail_entry(hub, name, address, pem)
    if not await rows(hub, Token):
        await people.enlist(hub, *people.STAFF)
    facts = MemberFacts(given=NAME[0], family=NAME[1], born=BORN, cin=CIN, medi_cal=True)
    member = await members.register(hub, facts, [("harbor", "program"), ("sunrise", "plan")], by="harbor")
    consent = await consents.record(hub, member, FORM, by="harbor")
    await consents.verify(hub, consent, by="harbor/second")
    return member


async def put_mail_entry(hub: Hub, organization: str, address: str, pem: bytes, form: str = "") -> None:
    endpoint = Endpoint(
        id=f"{organization}-mail", organization=organization, channel=ChannelKind.EMAIL, address=address,
        certificate=pem, form=form, verified_at=hub.clock.now(),
    )  # fmt: skip
    await hub.directory.put_endpoint(endpoint, verified_by="county", by="county", at=hub.clock.now())


class Inbox:
    """The clinic's mail server: keeps every mail as it came."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(envelope.original_content)
        return "250 2.0.0 Ok"


@asynccontextmanager
async def an_inbox() -> AsyncIterator[Inbox]:

    inbox = Inbox(free_port())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, hostname="localhost", loop=loop), "127.0.0.1", inbox.port)
    try:
        yield inbox
    finally:
        server.close()
        await server.wait_closed()


def cda(given: str = NAME[0], family: str = NAME[1], born: str = BORN) -> bytes:
    return (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><code code="34133-9"/><title>Summary of care</title><recordTarget>'
        f"<patientRole><patient><name><given>{given}</given><family>{family}</family></name>"
        f'<birthTime value="{born.replace("-", "")}"/></patient></patientRole></recordTarget></ClinicalDocument>'
    ).encode()


def packet(number: str = "m1", to: str = f"lantern@{HUB}", sender: str = NURSE, extra: str = "") -> bytes:
    """A referral as a Direct message before it is sealed: context, and a C-CDA document."""
    context = (
        f"version: 1.1\r\nid: {number}\r\ntype: referral/order\r\npurpose: treatment\r\n"
        f"patient: givenName={NAME[0]}; surname={NAME[1]}; dateOfBirth={BORN}\r\n"
    )
    lines = [
        f"From: <{sender}>", f"To: <{to}>", "Subject: Referral", f"Message-ID: <{number}@{CLINIC}>",
        f"X-Direct-Context: <c-{number}@{CLINIC}>",
        *([extra] if extra else []),
        "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b1"', "",
        "--b1", "Content-Type: text/plain", "", "Please see the attached.",
        "--b1", "Content-Type: text/plain; charset=utf-8", f"Content-ID: <c-{number}@{CLINIC}>",
        'Content-Disposition: attachment; filename="metadata.txt"', "", context,
        "--b1", "Content-Type: text/xml", 'Content-Disposition: attachment; filename="ccd.xml"', "",
        cda().decode(), "--b1--", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


class Openssl:
    """What the clinic's side does with the openssl command line alone."""

    def __init__(self, keys: Path, folder: Path) -> None:
        self.keys, self.folder = keys, folder

    def sealed(self, message: bytes, *more: str, signer: str = "clinic", to: str = "hub", sender: str = NURSE) -> bytes:
        """The complete message, wrapped; `more` is told to whoever signs."""
        entity = b"Content-Type: message/rfc822\r\n\r\n" + message
        return self.unwrapped(entity, *more, signer=signer, to=to, sender=sender)

    def unwrapped(
        self, entity: bytes, *more: str, signer: str = "clinic", to: str = "hub", sender: str = NURSE
    ) -> bytes:
        """A content alone, as most mail software seals it: what is said in headers stands outside."""
        plain, signed, sealed = (self.folder / name for name in ("plain", "signed", "sealed"))
        plain.write_bytes(entity)
        self._run("-sign", "-in", plain, "-out", signed, "-signer", self.keys / f"{signer}.crt",
                  "-inkey", self.keys / f"{signer}.key", "-md", "sha256", "-crlfeol", *more)  # fmt: skip
        # As Direct asks: the registered name.
        signed.write_bytes(
            signed.read_bytes().replace(b"application/x-pkcs7-signature", b"application/pkcs7-signature")
        )
        self._run("-encrypt", "-aes256", "-in", signed, "-out", sealed, "-from", sender, "-to", f"lantern@{HUB}",
                  "-subject", "Secure message", "-binary", "-outform", "SMIME", self.keys / f"{to}.crt")  # fmt: skip
        return sealed.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    def opened(self, mail: bytes) -> bytes:
        """What is in a mail to the clinic. Raises `subprocess.CalledProcessError` if it does not open or verify."""
        sealed, signed, plain = (self.folder / name for name in ("in", "in.signed", "in.plain"))
        sealed.write_bytes(mail)
        self._run("-decrypt", "-in", sealed, "-out", signed, "-recip", self.keys / "clinic.crt",
                  "-inkey", self.keys / "clinic.key")  # fmt: skip
        self._run("-verify", "-in", signed, "-out", plain, "-CAfile", self.keys / "root.crt", "-purpose", "any")
        return plain.read_bytes()

    def _run(self, *arguments: object) -> None:
        subprocess.run(["openssl", "cms", *map(str, arguments)], check=True, capture_output=True, timeout=60)


async def post(relay: Postfix, mail: bytes, to: str = f"lantern@{HUB}", sender: str = NURSE) -> None:
    """As the clinic's mail system does."""
    await aiosmtplib.send(
        mail,
        sender=sender,
        recipients=[to],
        hostname="127.0.0.1",
        port=relay.port,
        start_tls=False,
        timeout=30,
        local_hostname="localhost",
    )


async def until(what: Callable[[], Awaitable[Any]]) -> Any:
    """What comes true in the end. Raises `TimeoutError`."""

    deadline = time.monotonic() + SECONDS
    while True:
        found = await what()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.05)


async def rows(hub: Hub, table: type[Any]) -> list[dict[str, Any]]:
    names = [column.name for column in table.__table__.columns]
    return [dict(zip(names, row, strict=True)) for row in await hub.database.query(select(table.__table__))]


class Town:
    """Everything of a test, by name."""

    def __init__(self, folder: Path, relay: Postfix, inbox: Inbox, lmtp: int, community: Community) -> None:
        self.folder, self.relay, self.inbox, self.lmtp, self.community = folder, relay, inbox, lmtp, community
        self.keys = folder / "keys"
        community.write(self.keys)
        self.openssl = Openssl(self.keys, folder)

    def environment(self) -> dict[str, str]:
        return environment(self.folder / "hub", self.relay, self.lmtp)

    async def settle_in(self, hub: Hub) -> str:
        pem = self.community.clinic.pem
        return await settle_in(hub, ("harbor", NURSE, pem), ("lantern", f"lantern@{CLINIC}", pem))

    async def opened(self) -> list[bytes]:
        """What came to the clinic, as openssl opens it."""
        return [self.openssl.opened(mail) for mail in self.inbox.mails]


@asynccontextmanager
async def a_town(folder: Path, community: Community) -> AsyncIterator[Town]:
    """A Postfix between the hub's domain and the clinic's inbox; the test is skipped where there is none."""
    lmtp = free_port()
    async with an_inbox() as inbox:
        to = {HUB: f"lmtp:inet:127.0.0.1:{lmtp}", CLINIC: f"smtp:[127.0.0.1]:{inbox.port}"}
        try:
            with postfix(to) as relay:
                yield Town(folder, relay, inbox, lmtp, community)
        except MissingServerError as error:
            missing(error)
