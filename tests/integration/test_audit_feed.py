"""The feed to an audit repository: RFC 5425 frames over TLS, RFC 5424 headers, DICOM XML; none lost, nobody named."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from adapters.syslog import TlsSyslog, framed
from deploy.demo.authority import Authority
from hub.bootstrap.audit import audit_sink
from hub.compliance import audit_feed, viewing
from hub.errors import ConfigurationError, Unavailable
from hub.ledger.sequencer import Sequencer
from hub.model import Unknown
from hub.settings import read_settings
from tests.scenes import BORN, CIN, NAME, Scene, a_scene

HEADER = re.compile(
    rb"<85>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [!-~]{1,255} part2hub - DICOM\+RFC3881 - \xef\xbb\xbf(<\?xml.*)",
    re.DOTALL,
)


class Collector:
    """A syslog collector over TLS that reads octet-counted frames."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.more = asyncio.Condition()
        self.port = 0
        self.clients: list[Any] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clients.append(writer.get_extra_info("peercert"))
        try:
            while length := await reader.readuntil(b" "):
                self.messages.append(await reader.readexactly(int(length)))
                async with self.more:
                    self.more.notify_all()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def wait_for(self, count: int) -> list[bytes]:
        async with asyncio.timeout(20), self.more:
            await self.more.wait_for(lambda: len(self.messages) >= count)
        return self.messages


@asynccontextmanager
async def collecting(folder: Path, authority: Authority, port: int = 0) -> AsyncIterator[Collector]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server("localhost", "127.0.0.1").write(folder, "collector"))
    context.load_verify_locations(cadata=authority.pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    collector = Collector()
    server = await asyncio.start_server(collector.take, "127.0.0.1", port, ssl=context)
    collector.port = server.sockets[0].getsockname()[1]
    try:
        yield collector
    finally:
        server.close()


@pytest.fixture
def authority() -> Authority:
    return Authority()


def sink(folder: Path, authority: Authority, port: int, *, trusted: bool = True) -> TlsSyslog:
    other = authority if trusted else Authority("somebody else")
    (folder / "ca.pem").write_bytes(other.pem)
    certificate, key = authority.client("hub.example").write(folder, "hub")
    environment = {
        "HUB_ATNA": f"127.0.0.1:{port}", "HUB_ATNA_CA": str(folder / "ca.pem"), "HUB_ATNA_CERT": str(certificate),
        "HUB_ATNA_KEY": str(key),
    }  # fmt: skip
    made = audit_sink(read_settings(environment))
    assert isinstance(made, TlsSyslog)
    return made


async def story(scene: Scene) -> None:
    """A disclosure, one whose end nobody saw, a view; all of it in the tree."""
    await scene.consent()
    await scene.submit("k1")
    await scene.dispatch_all()
    scene.channel.answers.append(Unknown(code="timeout"))
    await scene.submit("k2")
    await scene.dispatch_all()
    await viewing.note(scene.hub, "county/auditor", "member", scene.member, scene.member)
    await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()


def xml(message: bytes) -> Any:
    parts = HEADER.fullmatch(message)
    assert parts, message
    return ElementTree.fromstring(parts[1])


async def test_a_repository_gets_every_disclosure_and_view_in_order(
    migrated_url: str, tmp_path: Path, authority: Authority
) -> None:
    async with a_scene(migrated_url) as scene, collecting(tmp_path, authority) as collector:
        await story(scene)
        feed = sink(tmp_path, authority, collector.port)
        while await audit_feed.feed(scene.hub, feed):
            pass
        messages = [xml(each) for each in await collector.wait_for(4)]
        told = [
            (each.find(".//EventID").get("csd-code"), each.find("EventIdentification").get("EventOutcomeIndicator"))
            for each in messages
        ]
        assert told == [("110106", "0"), ("110106", "0"), ("110106", "4"), ("110110", "0")]
        export = messages[0]
        assert [each.tag for each in export] == [
            "EventIdentification", "ActiveParticipant", "ActiveParticipant", "AuditSourceIdentification",
            "ParticipantObjectIdentification", "ParticipantObjectIdentification",
        ]  # fmt: skip
        users = {
            each.get("UserID"): each.find("RoleIDCode").get("csd-code") for each in export.iter("ActiveParticipant")
        }
        assert users == {"harbor": "110153", "lantern": "110152"}
        assert export.find("ParticipantObjectIdentification").get("ParticipantObjectID") == scene.member
        assert messages[3].find("ActiveParticipant").get("UserID") == "county/auditor"
        whole = b"".join(collector.messages)
        assert all(secret.encode() not in whole for secret in (*NAME, BORN, CIN))
        assert await audit_feed.feed(scene.hub, feed) == 0, "nothing is sent twice"
        await feed.close()


async def test_a_repository_that_was_away_gets_it_afterwards(
    migrated_url: str, tmp_path: Path, authority: Authority
) -> None:
    async with a_scene(migrated_url) as scene:
        async with collecting(tmp_path, authority) as collector:
            port = collector.port
        await story(scene)
        feed = sink(tmp_path, authority, port)
        with pytest.raises(Unavailable):
            await audit_feed.feed(scene.hub, feed)
        async with collecting(tmp_path, authority, port) as collector:
            await audit_feed.feed(scene.hub, feed)
            assert len(await collector.wait_for(4)) == 4
            await feed.close()


async def test_a_collector_of_another_authority_is_told_nothing(tmp_path: Path, authority: Authority) -> None:
    async with collecting(tmp_path, authority) as collector:
        feed = sink(tmp_path, authority, collector.port, trusted=False)
        with pytest.raises(Unavailable):
            await feed.send([b"x"])
        assert collector.messages == []


async def test_the_hub_shows_its_certificate(tmp_path: Path, authority: Authority) -> None:
    async with collecting(tmp_path, authority) as collector:
        feed = sink(tmp_path, authority, collector.port)
        await feed.send([b"one", b"two"])
        assert await collector.wait_for(2) == [b"one", b"two"]
        assert collector.clients[0]
        await feed.close()


def test_a_frame_is_the_length_in_octets_a_space_and_the_message() -> None:
    assert framed("<85>1 Ñ".encode()) == b"8 <85>1 \xc3\x91"


@pytest.mark.parametrize("port", ["x", ""])
def test_an_address_without_a_port_stops_the_start(port: str) -> None:
    with pytest.raises(ConfigurationError, match="HUB_ATNA"):
        read_settings({"HUB_ATNA": f"host:{port}"})


def test_a_certificate_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    settings = read_settings({"HUB_ATNA": "localhost:6514", "HUB_ATNA_CA": str(tmp_path / "none")})
    with pytest.raises(ConfigurationError, match="HUB_ATNA_CA"):
        audit_sink(settings)


def test_no_repository_unless_one_is_set() -> None:
    assert audit_sink(read_settings({})) is None
