"""The API channel passes the contract of every channel, in every form, against a real HTTPS server."""

from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from adapters.api.channel import ApiChannel
from adapters.api.envelope import FORMS
from deploy.demo.authority import Authority
from deploy.demo.mailserver import server_tls
from deploy.demo.planapi import PlanApi, PlanFault, bundle_documents, plan_api
from hub.model import ChannelKind, Deferred, Delivered, Endpoint, Prepared, Refused, Unknown
from tests.contract.channel_contract import ChannelContract, Fault, deadline_s
from tests.contract.channel_parcel import sample_parcel
from tests.contract.channel_server import Server

FAULTS = {
    Fault.BUSY_BEFORE_CONTENT: PlanFault.BUSY,
    Fault.REFUSES_BEFORE_CONTENT: PlanFault.FORBIDDEN,
    Fault.SILENT_BEFORE_CONTENT: PlanFault.SILENT,
    Fault.DROPS_IN_CONTENT: PlanFault.DROP_IN_BODY,
    Fault.REFUSES_AFTER_CONTENT: PlanFault.ERROR,
    Fault.BUSY_AFTER_CONTENT: PlanFault.BUSY_AFTER_BODY,
    Fault.SILENT_AFTER_CONTENT: PlanFault.SILENT_AFTER_BODY,
    Fault.NONSENSE_AFTER_CONTENT: PlanFault.NONSENSE,
}
HUB_KEY = SigningKey.generate()


class PlanFarSide:
    def __init__(self, api: PlanApi, endpoint: Endpoint, server: Server) -> None:
        self.api = api
        self.endpoint = endpoint
        self._server = server

    async def misbehave(self, fault: Fault) -> None:
        if fault is Fault.UNREACHABLE:
            await self._server.stack.aclose()
        elif fault is Fault.UNTRUSTED:
            self._server.pose_as_a_stranger()
        else:
            self.api.fault = FAULTS[fault]

    def readable(self) -> str:
        last = self.api.received[-1]
        if isinstance(last, dict):
            return last["entry"][0]["resource"]["text"]["div"].replace("<br/>", "\n")
        return last.read_first

    def documents(self) -> list[bytes]:
        last = self.api.received[-1]
        documents = bundle_documents(last) if isinstance(last, dict) else last.documents
        return [document.content for document in documents]

    def contents_seen(self) -> int:
        return self.api.contents_seen

    def in_transit(self, prepared: Prepared) -> bytes:
        # A FHIR body is readable to the plan's own server alone: TLS ends there (tested below).
        clear = repr(prepared.headers).encode()
        return clear + prepared.body if self.endpoint.form in FORMS else clear


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(params=["fhir", *FORMS])
async def far_side(request, authority, tmp_path: Path):
    api = PlanApi(tmp_path / "plan", PrivateKey.generate(), SigningKey.generate(), {"hub-1": bytes(HUB_KEY.verify_key)})
    tls = server_tls(*authority.server("localhost", "127.0.0.1").write(tmp_path, "tls"))
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(plan_api(api, tls))
        path = "fhir" if request.param == "fhir" else "envelopes"
        endpoint = Endpoint(
            id="e-9",
            organization="org-plan",
            channel=ChannelKind.API,
            address=f"https://localhost:{port}/{path}",
            form=request.param,
            seal_key=bytes(api.opening_key.public_key),
            verify_key=bytes(api.signing_key.verify_key),
            tls_ca=authority.pem,
        )
        yield PlanFarSide(api, endpoint, Server(stack, tls, tmp_path))


@pytest.fixture
async def channel(request):
    channel = ApiChannel(HUB_KEY, "hub-1", deadline=deadline_s(request))
    yield channel
    await channel.close()


class TestApi(ChannelContract):
    async def test_the_receipt_is_the_plans_signed_acknowledgement(self, channel, far_side):
        outcome = await channel.deliver(await channel.prepare(sample_parcel(far_side.endpoint)))
        assert outcome.receipt.kind == "signed-ack"
        assert outcome.receipt.reference.startswith("plan-1:")

    async def test_a_warm_connection_carries_the_next_delivery(self, channel, far_side):
        await self.test_several_parcels_one_after_another_all_arrive(channel, far_side)
        assert len(far_side.api.connections) == 1

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (PlanFault.BUSY, Deferred(code="api-503", retry_after=7.0)),
            (PlanFault.FORBIDDEN, Refused(code="api-403")),
            (PlanFault.SIGNED_BUSY, Deferred(code="api-503")),
            (PlanFault.SIGNED_REFUSAL, Refused(code="api-403")),
            (PlanFault.ERROR, Unknown(code="api-500")),
            (PlanFault.NO_ACKNOWLEDGEMENT, Unknown(code="signature-absent")),
            (PlanFault.FALSE_ACKNOWLEDGEMENT, Unknown(code="signature-bad")),
            (PlanFault.DROP_IN_BODY, Unknown(code="api-lost")),
            (PlanFault.NONSENSE, Unknown(code="api-garbled")),
            (PlanFault.ENDLESS, Unknown(code="api-garbled")),
            (PlanFault.SILENT, Deferred(code="api-timeout")),
            (PlanFault.SILENT_AFTER_BODY, Unknown(code="api-timeout")),
        ],
    )
    async def test_each_answer_counts_for_what_it_proves(self, channel, far_side, fault, expected):
        far_side.api.fault = fault
        assert await channel.deliver(await channel.prepare(sample_parcel(far_side.endpoint))) == expected

    async def test_a_plan_without_a_verify_key_is_believed_on_its_status(self, channel, far_side):
        plain = msgspec.structs.replace(far_side.endpoint, verify_key=None)
        outcome = await channel.deliver(await channel.prepare(sample_parcel(plain)))
        assert isinstance(outcome, Delivered)
        assert outcome.receipt.kind == "http-2xx"

    async def test_a_busy_plan_on_a_warm_connection_has_already_read_the_content(self, channel, far_side):
        await self.test_what_was_prepared_is_delivered_with_a_receipt(channel, far_side)
        far_side.api.fault = PlanFault.BUSY
        outcome = await channel.deliver(await channel.prepare(sample_parcel(far_side.endpoint)))
        assert outcome == Unknown(code="api-503")

    async def test_a_repeated_delivery_is_acknowledged_and_taken_once(self, channel, far_side):
        prepared = await channel.prepare(sample_parcel(far_side.endpoint))
        assert isinstance(await channel.deliver(prepared), Delivered)
        assert isinstance(await channel.deliver(prepared), Delivered)
        assert len(far_side.api.received) == 1
        assert far_side.api.repeats == 1

    async def test_a_stranger_to_the_plan_gets_no_content_across(self, far_side):
        stranger = ApiChannel(SigningKey.generate(), "hub-1")
        outcome = await stranger.deliver(await stranger.prepare(sample_parcel(far_side.endpoint)))
        assert outcome == Refused(code="api-401")
        assert far_side.contents_seen() == 0
        assert far_side.api.refused == ["signature-bad"]

    async def test_an_old_signature_is_refused_before_the_content(self, far_side):
        late = ApiChannel(HUB_KEY, "hub-1", now=lambda: 1_700_000_000_000_000)
        outcome = await late.deliver(await late.prepare(sample_parcel(far_side.endpoint)))
        assert outcome == Refused(code="api-401")
        assert far_side.api.refused == ["stale"]

    async def test_a_server_with_a_certificate_for_another_name_gets_nothing(
        self, channel, authority, tmp_path, far_side
    ):
        tls = server_tls(*authority.server("elsewhere.example").write(tmp_path, "other"))
        async with plan_api(far_side.api, tls) as port:
            other = msgspec.structs.replace(far_side.endpoint, address=f"https://localhost:{port}/envelopes")
            assert await channel.deliver(await channel.prepare(sample_parcel(other))) == Deferred(code="api-tls")
