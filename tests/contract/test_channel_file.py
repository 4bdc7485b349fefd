"""The file channel passes the contract of every channel, against a real SFTP server."""

import io
import zipfile
from contextlib import AsyncExitStack
from pathlib import Path

import asyncssh
import msgspec
import pytest
from nacl.public import PrivateKey

from adapters.api.envelope import FORMS, open_envelope
from adapters.file.channel import FileChannel
from hub.errors import Unrenderable
from hub.model import ChannelKind, Delivered, Endpoint, Prepared
from tests.contract.channel_contract import ChannelContract, Fault, deadline_s
from tests.contract.channel_parcel import admission, sample_parcel
from tests.contract.sftp_system import SftpFault, SftpSystem, sftp_server

FAULTS = {
    Fault.UNTRUSTED: SftpFault.STRANGER,
    Fault.BUSY_BEFORE_CONTENT: SftpFault.HANGS_UP,
    Fault.REFUSES_BEFORE_CONTENT: SftpFault.DENIES,
    Fault.SILENT_BEFORE_CONTENT: SftpFault.NO_BANNER,
    Fault.DROPS_IN_CONTENT: SftpFault.DROPS,
    Fault.REFUSES_AFTER_CONTENT: SftpFault.NO_RENAME,
    Fault.BUSY_AFTER_CONTENT: SftpFault.DISK_FULL,
    Fault.SILENT_AFTER_CONTENT: SftpFault.SILENT,
    Fault.NONSENSE_AFTER_CONTENT: SftpFault.SHORT,
}
KEY = asyncssh.generate_private_key("ssh-ed25519")
OPENING = PrivateKey.generate()


class SftpFarSide:
    def __init__(self, system: SftpSystem, endpoint: Endpoint, stack: AsyncExitStack) -> None:
        self.system = system
        self.endpoint = endpoint
        self._stack = stack

    async def misbehave(self, fault: Fault) -> None:
        if fault is Fault.UNREACHABLE:
            await self._stack.aclose()
        else:
            self.system.fault = FAULTS[fault]

    def readable(self) -> str:
        if self.endpoint.form in FORMS:
            return open_envelope(self._last(), OPENING).read_first
        return zipfile.ZipFile(io.BytesIO(self._last())).read("READ-FIRST.txt").decode()

    def documents(self) -> list[bytes]:
        if self.endpoint.form in FORMS:
            return [document.content for document in open_envelope(self._last(), OPENING).documents]
        archive = zipfile.ZipFile(io.BytesIO(self._last()))
        return [archive.read(name) for name in archive.namelist() if name.startswith("document-")]

    def contents_seen(self) -> int:
        return self.system.contents_seen

    def in_transit(self, prepared: Prepared) -> bytes:
        # SSH encrypts the session; a sealed file is unreadable on the partner's disk as well.
        clear = repr((prepared.headers, prepared.parcel.delivery, self.endpoint.address)).encode()
        return clear + prepared.body if self.endpoint.form in FORMS else clear

    def _last(self) -> bytes:
        return self.system.delivered()[-1].read_bytes()


@pytest.fixture(params=["", *FORMS], ids=["zip", *FORMS])
async def far_side(request, tmp_path: Path):
    (tmp_path / "in").mkdir()
    system = SftpSystem(tmp_path, KEY)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(sftp_server(system))
        endpoint = Endpoint(
            id="e-6",
            organization="org-valley",
            channel=ChannelKind.FILE,
            address=f"sftp://hub@127.0.0.1:{port}/in",
            form=request.param,
            seal_key=bytes(OPENING.public_key),
            station=system.host_key,
        )
        yield SftpFarSide(system, endpoint, stack)


@pytest.fixture
async def channel(request):
    return FileChannel(KEY, deadline=deadline_s(request))


class TestFile(ChannelContract):
    async def test_the_file_appears_whole_with_its_checksum_under_a_name_that_says_nothing(self, channel, far_side):
        parcel = sample_parcel(far_side.endpoint, **admission())
        outcome = await channel.deliver(await channel.prepare(parcel))
        assert outcome.receipt.kind == "sftp-stored"
        names = sorted(path.name for path in (far_side.system.folder / "in").iterdir())
        ending = "sealed" if far_side.endpoint.form in FORMS else "zip"
        assert names == [f"{parcel.delivery}.{ending}", f"{parcel.delivery}.{ending}.sha256"]


async def test_a_server_without_the_extensions_of_openssh_is_written_to_all_the_same(far_side, channel):
    far_side.system.fault = SftpFault.NO_EXTENSIONS
    prepared = await channel.prepare(sample_parcel(far_side.endpoint))
    for _ in range(2):
        assert isinstance(await channel.deliver(prepared), Delivered)
    (file,) = far_side.system.delivered()
    assert file.read_bytes() == prepared.body


async def test_the_same_parcel_is_the_same_file(far_side, channel):
    parcel = sample_parcel(msgspec.structs.replace(far_side.endpoint, form=""))
    assert (await channel.prepare(parcel)).digest == (await channel.prepare(parcel)).digest


async def test_a_cell_that_a_spreadsheet_would_calculate_is_defused(far_side, channel):
    parcel = sample_parcel(msgspec.structs.replace(far_side.endpoint, form=""))
    member = msgspec.structs.replace(parcel.member, family="=HYPERLINK(A1)")
    prepared = await channel.prepare(msgspec.structs.replace(parcel, member=member))
    row = zipfile.ZipFile(io.BytesIO(prepared.body)).read("notice.csv").decode()
    assert "'=HYPERLINK" in row


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "https://x.example"},
        {"address": "sftp://x.example/in"},
        {"station": None},
        {"station": "not a key"},
        {"form": "csv"},
    ],
)
async def test_an_endpoint_that_cannot_be_trusted_or_reached_is_refused_before_anything(far_side, channel, changes):
    with pytest.raises(Unrenderable):
        await channel.prepare(sample_parcel(msgspec.structs.replace(far_side.endpoint, **changes)))
