"""The settings of HL7 v2 and of the drops: refused with the variable's name, or a listener and folders that work."""

import asyncio
import ssl
from pathlib import Path

import asyncssh
import pytest
import yaml

from adapters.mllp.frames import frame
from adapters.mllp.message import Message
from deploy.demo.authority import Authority
from hub.arrivals import Arrival, Taken
from hub.bootstrap.channels import channels
from hub.bootstrap.intakes import intakes
from hub.crypto.keyring import KeyRing
from hub.entries import EndpointEntry, endpoint
from hub.errors import ConfigurationError, Malformed
from hub.model import ChannelKind
from hub.settings import read_settings
from hub.storage.sqlite import SqliteDatabase
from tests.unit.adapters.mllp.messages import adt

RING = KeyRing.generate()
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJi+wmwuOoI2pS0TylaYDNSKbZU1gE6Zpy8WWh8RNz6e"


def environment(folder: Path, port: int = 0, **more: str) -> dict[str, str]:
    authority = Authority()
    (folder / "ca.crt").write_bytes(authority.pem)
    certificate, key = authority.server("localhost", "127.0.0.1").write(folder, "hub")
    peers = {"peers": [{"organization": "harbor", "certificate": "ehr.harbor.example"}]}
    (folder / "peers.yaml").write_text(yaml.safe_dump(peers))
    authority.client("ehr.harbor.example").write(folder, "client")
    return {
        "HUB_DATA": str(folder),
        "HUB_MLLP_LISTEN": f"127.0.0.1:{port}",
        "HUB_MLLP_CERT": str(certificate),
        "HUB_MLLP_KEY": str(key),
        "HUB_MLLP_CLIENT_CA": str(folder / "ca.crt"),
        "HUB_MLLP_PEERS": str(folder / "peers.yaml"),
    } | more


async def test_the_listener_that_is_set_takes_a_message_over_tls_from_a_peer_of_its_file(tmp_path, unused_tcp_port):
    environ = environment(tmp_path, unused_tcp_port)
    (intake,) = intakes(read_settings(environ), RING)
    kept: list[Arrival] = []

    async def take(arrival: Arrival) -> Taken:
        kept.append(arrival)
        return Taken(id="1")

    task = asyncio.create_task(intake.run(take))
    await asyncio.sleep(0)
    context = ssl.create_default_context(cafile=environ["HUB_MLLP_CLIENT_CA"])
    context.load_cert_chain(tmp_path / "client.crt", tmp_path / "client.key")
    reader, writer = await _connected(unused_tcp_port, context)
    writer.write(frame(adt()))
    answer = Message.read((await reader.readuntil(b"\x1c\r"))[1:-2])
    assert answer.first("MSA").get(1) == "AA"
    assert [each.organization for each in kept] == ["harbor"]
    writer.close()
    await writer.wait_closed()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _connected(port: int, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection("localhost", port, ssl=context)
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"HUB_MLLP_LISTEN": "0.0.0.0:2575", "HUB_MLLP_TLS": "off"}, "HUB_MLLP_TLS"),
        ({"HUB_MLLP_TLS": "optional"}, "HUB_MLLP_TLS"),
        ({"HUB_MLLP_LISTEN": "127.0.0.1:mllp"}, "HUB_MLLP_LISTEN"),
        ({"HUB_MLLP_MAX_MB": "21"}, "HUB_MLLP_MAX_MB"),
        ({"HUB_MLLP_CLIENT_CA": ""}, "HUB_MLLP_CLIENT_CA"),
        ({"HUB_MLLP_CERT": "/nowhere.crt"}, "HUB_MLLP_CERT"),
        ({"HUB_MLLP_PEERS": "/nowhere.yaml"}, "HUB_MLLP_PEERS"),
        ({"HUB_DROPS": "/nowhere.yaml"}, "HUB_DROPS"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path, change, named):
    environ = {name: value for name, value in (environment(tmp_path) | change).items() if value}
    with pytest.raises(ConfigurationError) as refusal:
        intakes(read_settings(environ), RING)
    assert named in refusal.value.message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("HUB_MLLP_PEERS", {"peers": [{"organization": "harbor"}]}),
        ("HUB_MLLP_PEERS", {"peers": [{"organization": "harbor", "certificate": "x", "surname": "y"}]}),
        ("HUB_MLLP_PEERS", ["harbor"]),
        ("HUB_DROPS", {"drops": [{"organization": "harbor"}]}),
        ("HUB_DROPS", {"drops": [{"organization": "harbor", "folder": "/nowhere"}]}),
        ("HUB_DROPS", {"drops": [{"organization": "harbor", "sftp": "sftp://u@h/f", "host_key": HOST_KEY}]}),
        ("HUB_DROPS", {"drops": "harbor"}),
    ],
)
def test_a_file_of_peers_or_drops_that_cannot_be_meant_is_refused(tmp_path, name, content):
    path = tmp_path / "given.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError) as refusal:
        intakes(read_settings(environment(tmp_path, **{name: str(path)})), RING)
    assert name in refusal.value.message


async def test_keys_that_others_may_read_are_refused(tmp_path, sqlite_template):
    database = SqliteDatabase(sqlite_template)
    environ = environment(tmp_path)
    Path(environ["HUB_MLLP_KEY"]).chmod(0o644)
    with pytest.raises(ConfigurationError):
        intakes(read_settings(environ), RING)
    key = tmp_path / "sftp"
    key.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    key.chmod(0o644)
    with pytest.raises(ConfigurationError):
        channels(read_settings(environ | {"HUB_SFTP_KEY": str(key)}), RING, database)
    key.chmod(0o600)
    Path(environ["HUB_MLLP_KEY"]).chmod(0o600)
    wired = channels(read_settings(environ | {"HUB_SFTP_KEY": str(key)}), RING, database)
    assert {ChannelKind.MLLP, ChannelKind.FILE} <= set(wired)
    await database.close()


@pytest.mark.parametrize(
    ("channel", "address", "station", "field"),
    [
        ("mllp", "mllps://x.example:2575", None, None),
        ("mllp", "mllp://x.example:2575", None, "address"),
        ("mllp", "mllps://x.example/path", None, "address"),
        ("file", "sftp://hub@x.example/in", HOST_KEY, None),
        ("file", "sftp://hub@x.example/in", None, "station"),
        ("file", "sftp://hub:secret@x.example/in", HOST_KEY, "address"),
        ("file", "ftp://hub@x.example/in", HOST_KEY, "address"),
        ("mllp", "mllps://[x", None, "address"),
        ("mllp", "mllps://x.example:99999", None, "address"),
        ("file", "sftp://hub@x.example:port/in", HOST_KEY, "address"),
    ],
)
def test_the_directory_takes_an_address_only_if_it_could_be_used(channel, address, station, field):
    entry = EndpointEntry(organization="lantern", channel=ChannelKind(channel), address=address, station=station)
    if field is None:
        assert endpoint("lantern-x", entry, 1).address == address
        return
    with pytest.raises(Malformed) as refusal:
        endpoint("lantern-x", entry, 1)
    assert refusal.value.field == field
