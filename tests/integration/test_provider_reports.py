"""A provider's reports: lost, repeated, out of order, forged or played again, beside what it says when asked."""

import asyncio
import base64
import dataclasses
from collections.abc import AsyncIterator

import pytest
from sqlmodel import select

from adapters.fax.channel import FaxChannel
from adapters.fax.cloud.inbox import SinchInbox, TelnyxInbox
from adapters.fax.cloud.reports import SinchReports, TelnyxReports
from adapters.fax.cloud.sinch import Sinch, SinchAccount
from adapters.fax.cloud.telnyx import Telnyx, TelnyxAccount
from adapters.fax.intake import FaxIntake
from deploy.demo.faxcloud import PAGES, CloudFax
from hub import reports
from hub.errors import ConfigurationError, Malformed
from hub.inbound import paper
from hub.inbound.keep import keep, read
from hub.model import ChannelKind, Deferred, Delivered, Document, Doubt, Endpoint, Unknown
from hub.reports import MAX_BYTES, TOPIC, ReportLog
from hub.storage.tables import Inbound, ProviderReport
from tests.api import Api, an_api
from tests.contract.channel_parcel import sample_parcel
from tests.scenes import Scene, a_scene
from tests.unit.adapters.fax.packets import pdf

_EVENTS = select(ProviderReport.event)
NUMBER = "+17075550121"
NOTE = Document(id="d", title="Note", information="summary", media_type="text/plain", content=b"seen")


@pytest.fixture
async def scene(migrated_url: str) -> AsyncIterator[Scene]:
    async with a_scene(migrated_url) as scene:
        yield scene


@pytest.fixture(params=["telnyx", "sinch"])
async def cloud(request, scene) -> AsyncIterator[CloudFax]:
    async with CloudFax(request.param) as cloud:
        readers = {"telnyx": TelnyxReports(public_key(cloud))}
        readers["sinch"] = SinchReports(*cloud.report_login)
        cloud.hub = dataclasses.replace(scene.hub, report_readers={request.param: readers[request.param]})
        yield cloud


@pytest.fixture
async def api(cloud) -> AsyncIterator[Api]:
    async with an_api(cloud.hub) as api:
        cloud.report_to = f"http://127.0.0.1:{api.port}/v1/reports/{cloud.shape}"
        yield api


def public_key(cloud: CloudFax) -> str:
    return base64.b64encode(bytes(cloud.key.verify_key)).decode()


async def faxed(cloud: CloudFax, *, grace: float = 5.0, deadline: float = 10.0):
    """The channel's answer for a fax through this provider."""
    transport = account_of(cloud, grace)
    endpoint = Endpoint(id="e", organization="o", channel=ChannelKind.FAX, address=NUMBER)
    channel = FaxChannel(transport, poll=0.02, deadline=deadline)
    try:
        return await channel.deliver(await channel.prepare(sample_parcel(endpoint, documents=(NOTE,))))
    finally:
        await channel.close()


def account_of(cloud: CloudFax, grace: float = 5.0):
    log = ReportLog(cloud.hub.database)
    if cloud.shape == "telnyx":
        return Telnyx(
            TelnyxAccount(key="key", connection="c", sender="+17075550100", base=cloud.base, grace=grace), log
        )
    account = SinchAccount(
        project="project", key="key", secret="secret", sender="+17075550100", base=cloud.base, grace=grace
    )
    return Sinch(account, log)


async def test_a_fax_is_delivered_when_the_provider_says_so_in_its_report_and_when_asked(cloud, api):
    outcome = await faxed(cloud)

    assert isinstance(outcome, Delivered)
    assert outcome.receipt.kind == "fax-cloud"
    detail = dict(outcome.receipt.detail)
    assert (detail["pages-confirmed"], detail["error-corrected"]) == (str(PAGES), "not known")
    assert outcome.receipt.doubts == ()
    assert cloud.faxes["fax-1"].deleted


async def test_reports_repeated_and_in_the_wrong_order_change_nothing(cloud, api):
    cloud.faults.repeats_reports, cloud.faults.wrong_order = 3, True

    assert isinstance(await faxed(cloud), Delivered)
    async with asyncio.timeout(10):
        while await count(cloud) < 3:  # noqa: ASYNC110 - nobody is told of the last repetition
            await asyncio.sleep(0.02)
    events = [event for (event,) in await cloud.hub.database.query(_EVENTS)]
    assert len(events) == len(set(events)) == 3


async def test_a_report_that_never_comes_leaves_the_receipt_in_doubt(cloud, api):
    cloud.faults.loses_reports = True

    outcome = await faxed(cloud, grace=0.1)

    assert isinstance(outcome, Delivered)
    assert outcome.receipt.doubts == (Doubt.NO_CALLBACK,)


async def test_a_report_alone_is_no_end(cloud, api):
    cloud.line[NUMBER] = "waits"

    outcome = await faxed(cloud, deadline=0.5)

    # one shape calls the fax off and does not say whether a page had gone, the other one cannot
    assert isinstance(outcome, Unknown)
    assert outcome.code in {"fax-pages-uncounted", "fax-no-answer-from-server"}


async def test_a_failure_is_told_when_both_say_so(cloud, api):
    cloud.line[NUMBER] = "busy"

    assert await faxed(cloud) == Deferred(code="fax-busy")


async def test_pages_that_went_out_before_the_line_broke_make_it_unknown(cloud, api):
    cloud.line[NUMBER] = "drops on page 2"

    outcome = await faxed(cloud)

    assert isinstance(outcome, Unknown)
    # one shape counts the page, the other one does not say
    assert outcome.code == {"sinch": "fax-page-partial", "telnyx": "fax-pages-uncounted"}[cloud.shape]


async def test_a_fax_that_came_in_is_fetched_at_once_when_it_is_reported_kept_and_deleted_at_the_provider(cloud, api):
    content = pdf(2) if cloud.shape == "sinch" else b"II*\0" + bytes(8)
    account = account_of(cloud)
    inbox = SinchInbox(account) if cloud.shape == "sinch" else TelnyxInbox(account)
    intake = FaxIntake(inbox, poll=60, wait=lambda seconds: cloud.hub.signals.wait(TOPIC, seconds))
    listening = asyncio.create_task(intake.run(lambda arrival: keep(cloud.hub, arrival)))
    await asyncio.sleep(0.1)

    cloud.arrived["in-1"] = content
    await cloud.report("in-1", "received")
    async with asyncio.timeout(10):
        while cloud.arrived:  # noqa: ASYNC110 - what happens at a provider tells nobody here
            await asyncio.sleep(0.02)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)  # the inbox's connections end with it, or are warned of

    ((inbound,),) = await cloud.hub.database.query(select(Inbound.id))
    arrival = (await read(cloud.hub, inbound)).arrival
    assert (arrival.raw, arrival.claimed, arrival.address) == (content, "+17075551234", "")
    if cloud.shape == "sinch":
        assert await paper.pages_in(arrival) == 2
        assert (await paper.picture(arrival, 1)).startswith(b"\x89PNG")


async def post(api: Api, cloud: CloudFax, headers, body, provider=None) -> int:
    answer = await api.nobody("POST", f"/v1/reports/{provider or cloud.shape}", data=body, headers=headers)
    return answer.status


async def count(cloud: CloudFax) -> int:
    return len(await cloud.hub.database.query(_EVENTS))


async def test_every_authentic_report_gets_the_same_answer_known_or_not_new_or_not(cloud, api):
    headers, body = cloud.signed("a job nobody has", "ended")
    assert [await post(api, cloud, headers, body) for _ in range(2)] == [204, 204]
    assert await count(cloud) == 1


async def test_a_forged_report_and_one_of_an_unknown_provider_look_the_same_and_leave_nothing(cloud, api):
    headers, body = cloud.signed("fax-1", "ended")
    forged = dict(headers)
    name = "telnyx-signature-ed25519" if cloud.shape == "telnyx" else "Authorization"
    forged[name] = forged[name][:-6] + "AAAAA="
    first = await api.nobody("POST", f"/v1/reports/{cloud.shape}", data=body, headers=forged)
    second = await api.nobody("POST", "/v1/reports/nobody", data=body, headers=headers)
    assert (first.status, second.status) == (401, 401)
    assert {**first.json, "id": ""} == {**second.json, "id": ""}
    assert await count(cloud) == 0


async def test_a_flood_of_forged_reports_does_not_shut_the_provider_out(cloud, api, monkeypatch):
    monkeypatch.setattr(reports, "RATE", 1)
    headers, body = cloud.signed("fax-1", "ended")
    assert [await post(api, cloud, {}, body) for _ in range(3)] == [401] * 3
    assert await post(api, cloud, headers, body) == 204
    assert await post(api, cloud, headers, body) == 429


async def test_a_report_too_large_or_of_no_shape_is_refused(cloud, api):
    headers, _ = cloud.signed("fax-1", "ended")
    assert await post(api, cloud, headers, b"x" * (MAX_BYTES + 1)) == 413
    if cloud.shape == "sinch":
        assert await post(api, cloud, headers, b"[1]") == 400


async def test_a_changed_byte_or_an_old_signature_is_no_report():
    async with CloudFax("telnyx") as cloud:
        reader = TelnyxReports(public_key(cloud))
        headers, body = cloud.signed("fax-1", "ended", at=1_000_000)
        assert reader.read(headers, body, 1_000_000 * 1_000_000).job == "fax-1"
        for when in (1_000_301, 999_699):
            with pytest.raises(Exception, match="not authentic"):
                reader.read(headers, body, when * 1_000_000)
        with pytest.raises(Exception, match="not authentic"):
            reader.read(headers, body.replace(b"fax-1", b"fax-2"), 1_000_000 * 1_000_000)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"fax": 1}', b'{"fax": {"id": 7}}', b'{"fax": {"id": ""}}'])
def test_a_report_without_the_ids_of_one_is_malformed(body):
    reader = SinchReports("hub", "an invented password")
    login = base64.b64encode(b"hub:an invented password").decode()
    with pytest.raises(Malformed):
        reader.read({"Authorization": f"Basic {login}"}, body, 0)


def test_a_short_password_or_a_key_that_is_none_is_refused_at_the_start():
    with pytest.raises(ConfigurationError):
        SinchReports("hub", "short")
    with pytest.raises(ConfigurationError):
        TelnyxReports("not a key")
