"""The MLLP channel passes the contract of every channel, against a v2 system that is not ours."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import hl7
import msgspec
import pytest

from adapters.mllp.channel import MllpChannel
from deploy.demo.authority import Authority
from deploy.demo.mailserver import server_tls
from hub.errors import Unrenderable
from hub.model import (
    ChannelKind,
    Deferred,
    Delivered,
    Document,
    Endpoint,
    Event,
    MessageKind,
    Prepared,
    Refused,
    Unknown,
)
from tests.contract.channel_contract import ChannelContract, Fault, deadline_s
from tests.contract.channel_parcel import NOTICE_SHORT, admission, sample_parcel
from tests.contract.channel_server import Server
from tests.contract.v2_system import V2Fault, V2System

FAULTS = {
    Fault.BUSY_BEFORE_CONTENT: V2Fault.HANGS_UP,
    Fault.REFUSES_BEFORE_CONTENT: V2Fault.ASKS_ANOTHER_CERTIFICATE,
    Fault.SILENT_BEFORE_CONTENT: V2Fault.NO_HANDSHAKE,
    Fault.DROPS_IN_CONTENT: V2Fault.DROPS,
    Fault.REFUSES_AFTER_CONTENT: V2Fault.REFUSES,
    Fault.BUSY_AFTER_CONTENT: V2Fault.BUSY,
    Fault.SILENT_AFTER_CONTENT: V2Fault.SILENT,
    Fault.NONSENSE_AFTER_CONTENT: V2Fault.NONSENSE,
}


class V2FarSide:
    def __init__(self, system: V2System, endpoint: Endpoint, server: Server) -> None:
        self.system = system
        self.endpoint = endpoint
        self._server = server

    async def misbehave(self, fault: Fault) -> None:
        if fault is Fault.UNREACHABLE:
            await self._server.stack.aclose()
        elif fault is Fault.UNTRUSTED:
            self._server.pose_as_a_stranger()
        else:
            self.system.fault = FAULTS[fault]

    def readable(self) -> str:
        return self.system.readable()

    def documents(self) -> list[bytes]:
        return self.system.documents()

    def contents_seen(self) -> int:
        return self.system.contents_seen

    def in_transit(self, prepared: Prepared) -> bytes:
        # The message is readable to the partner's own system alone: TLS ends there.
        return repr((prepared.headers, self.endpoint.address)).encode()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def far_side(authority, tmp_path: Path):
    certificate, key = authority.server("localhost", "127.0.0.1").write(tmp_path, "tls")
    tls, strict = server_tls(certificate, key), server_tls(certificate, key)
    for context, trusted in ((tls, authority), (strict, Authority("another"))):
        context.load_verify_locations(cadata=trusted.pem.decode())
        context.verify_mode = 2
    system = V2System(tls, strict)
    async with AsyncExitStack() as stack:
        server = await asyncio.start_server(system.talk, "127.0.0.1", 0, limit=2**26)
        stack.callback(server.close)
        port = server.sockets[0].getsockname()[1]
        endpoint = Endpoint(
            id="e-4",
            organization="org-plan",
            channel=ChannelKind.MLLP,
            address=f"mllps://localhost:{port}",
            tls_ca=authority.pem,
        )
        yield V2FarSide(system, endpoint, Server(stack, tls, tmp_path))


@pytest.fixture
async def channel(request, authority, tmp_path):
    channel = MllpChannel(*authority.client("hub.example").write(tmp_path, "hub"), deadline=deadline_s(request))
    yield channel
    await channel.close()


class TestMllp(ChannelContract):
    async def test_the_receipt_is_the_partners_acknowledgement_of_this_message(self, channel, far_side):
        outcome = await channel.deliver(await channel.prepare(sample_parcel(far_side.endpoint)))
        assert outcome.receipt.kind == "mllp-aa"
        assert outcome.receipt.reference

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (V2Fault.ASKS_ANOTHER_CERTIFICATE, Refused(code="mllp-not-admitted")),
            (V2Fault.REFUSES, Unknown(code="mllp-ar")),
            (V2Fault.BUSY, Unknown(code="mllp-ae")),
            (V2Fault.NO_HANDSHAKE, Deferred(code="mllp-timeout")),
            (V2Fault.SILENT, Unknown(code="mllp-timeout")),
            (V2Fault.NONSENSE, Unknown(code="mllp-garbled")),
        ],
    )
    async def test_each_answer_counts_for_what_it_proves(self, channel, far_side, fault, expected):
        far_side.system.fault = fault
        assert await channel.deliver(await channel.prepare(sample_parcel(far_side.endpoint))) == expected

    async def test_one_partner_that_hangs_does_not_hold_up_another(self, channel, far_side):
        far_side.system.fault = V2Fault.SILENT
        hanging = [
            asyncio.create_task(channel.deliver(await channel.prepare(sample_parcel(far_side.endpoint))))
            for _ in range(8)
        ]
        while far_side.contents_seen() < 4:  # noqa: ASYNC110 - the system tells nobody
            await asyncio.sleep(0.01)
        far_side.system.fault = V2Fault.NONE
        other = msgspec.structs.replace(far_side.endpoint, id="e-5")
        assert isinstance(await channel.deliver(await channel.prepare(sample_parcel(other))), Delivered)
        await asyncio.gather(*hanging)

    async def test_an_admission_is_an_adt_a01_that_marks_itself_protected(self, channel, far_side):
        parcel = sample_parcel(far_side.endpoint, **admission())
        assert isinstance(await channel.deliver(await channel.prepare(parcel)), Delivered)
        (message,) = far_side.system.received
        assert str(message.segment("MSH")[9]) == "ADT^A01^ADT_A01"
        assert str(message.segment("PID")[3]) == "01234567A^^^MEDI-CAL^MA"
        assert str(message.segment("PD1")[12]) == "Y"
        assert str(message.segment("PV2")[22]) == "Y"
        assert str(message.segment("PV1")[44]) == "20261026073320+0000"
        assert str(message.segment("MSH")[28]) == NOTICE_SHORT

    @pytest.mark.parametrize(
        ("kind", "event", "expected"),
        [
            (MessageKind.ADMIT_NOTICE, "transfer", "ADT^A02^ADT_A02"),
            (MessageKind.ADMIT_NOTICE, "visit", "ADT^A04^ADT_A01"),
            (MessageKind.ADMIT_NOTICE, "admit_cancelled", "ADT^A11^ADT_A09"),
            (MessageKind.ADMIT_NOTICE, "transfer_cancelled", "ADT^A12^ADT_A12"),
            (MessageKind.DISCHARGE_NOTICE, "discharge", "ADT^A03^ADT_A03"),
            (MessageKind.DISCHARGE_NOTICE, "discharge_cancelled", "ADT^A13^ADT_A01"),
            (MessageKind.REFERRAL_PACKET, None, "REF^I12^REF_I12"),
            (MessageKind.STATUS_REPORT, "accepted", "OSU^O51^OSU_O51"),
        ],
    )
    async def test_each_kind_has_its_message(self, channel, far_side, kind, event, expected):
        text = Document(
            id="d",
            title="Note",
            information="attendance",
            media_type="text/plain",
            content=b"Visit: V-7\nReferral: R-9\n",
        )
        happened = Event(kind=event, at=1_793_000_000_000_000) if event else None
        parcel = sample_parcel(far_side.endpoint, kind=kind, event=happened, documents=(text,))
        message = hl7.parse((await channel.prepare(parcel)).body.decode())
        assert str(message.segment("MSH")[9]) == expected
        if expected.startswith("ADT"):
            assert str(message.segment("PV1")[19]) == "V-7"
        if expected.startswith("OSU"):
            assert [str(message.segment("ORC")[n]) for n in (1, 2, 5)] == ["OK", "R-9", "IP"]

    async def test_a_crisis_has_no_v2_message(self, channel, far_side):
        with pytest.raises(Unrenderable):
            await channel.prepare(sample_parcel(far_side.endpoint, kind=MessageKind.CRISIS_FOLLOWUP))


@pytest.mark.parametrize("address", ["mllp://localhost:2575", "https://localhost", "mllps://", "mllps://h:99999"])
async def test_an_address_without_tls_is_never_used(address):
    endpoint = Endpoint(id="e", organization="o", channel=ChannelKind.MLLP, address=address)
    with pytest.raises(Unrenderable):
        await MllpChannel().prepare(sample_parcel(endpoint))
