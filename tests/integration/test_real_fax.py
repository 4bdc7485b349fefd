"""Real faxes: our pages through a real HylaFAX and its modem over a telephone line to a machine that is not ours.

The line is simulated in sound (T.30 at both ends, libspandsp); what arrives is compared dot by dot below the rows that
HylaFAX prints its own line over.
"""

import asyncio
import base64
import io
import json
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageSequence

from adapters.fax.channel import FaxChannel
from adapters.fax.hylafax import HylaFax, HylaFaxServer
from adapters.fax.inbox import HylaFaxInbox
from adapters.fax.intake import FaxIntake
from adapters.fax.spool import SpoolFax
from adapters.fax.transport import JobState
from hub.model import ChannelKind, Deferred, Delivered, Document, Doubt, Endpoint, Prepared, Unknown
from hub.storage.tables import Attempt, Disclosure, WorkItem
from tests.contract.channel_parcel import sample_parcel
from tests.scenes import a_scene
from tests.telephone.codes import MH, V27, V29
from tests.telephone.hylafax import ADMIN, PASSWORD, USER
from tests.telephone.rig import RECEIVER, Rig

pytestmark = pytest.mark.slow

TAG_LINE = 31
"""Rows that HylaFAX prints over at 196 lines to the inch."""
ONE_TRY = {"max_dials": 1, "max_tries": 1}
NOTE = Document(
    id="doc-1",
    title="Progress note",
    information="summary",
    media_type="text/plain",
    content="\n".join(f"{hour:02}:00 seen, calm, ate and slept." for hour in range(24)).encode(),
)


def server(rig: Rig, **settings) -> HylaFax:
    return HylaFax(HylaFaxServer(port=rig.sender.port, user=USER, password=PASSWORD, **{"admin": ADMIN, **settings}))


def receiving(rig: Rig) -> HylaFaxServer:
    return HylaFaxServer(port=rig.receiver.port, user=USER, password=PASSWORD, admin=ADMIN)


async def asked_until(hylafax: HylaFax, job: str, condition) -> None:
    """Ask after a job, as the channel does (a scheduler that has forgotten it is woken), until the condition holds."""
    async with asyncio.timeout(30):
        while not condition(await hylafax.status(job)):  # noqa: ASYNC110 - a server that tells nobody
            await asyncio.sleep(0.1)


async def waiting(inbox: HylaFaxInbox):
    deadline = time.monotonic() + 30
    while not (found := await inbox.waiting()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    return found


async def prepared_for(number: str, station: str | None = None, documents: tuple[Document, ...] = (NOTE,)) -> Prepared:
    endpoint = Endpoint(id="e", organization="o", channel=ChannelKind.FAX, address=f"+{number}", station=station)
    channel = FaxChannel(SpoolFax(Path("unused")))
    return await channel.prepare(sample_parcel(endpoint, documents=documents))


async def sent(rig: Rig, number: str, station: str | None = None, **settings):
    """The channel's answer, and the fax that was to arrive."""
    prepared = await prepared_for(number, station)
    channel = FaxChannel(server(rig, **settings), poll=0.1, deadline=60)
    return await channel.deliver(prepared), prepared


def pages(tiff: Path | bytes) -> list[Image.Image]:
    with Image.open(tiff if isinstance(tiff, Path) else io.BytesIO(tiff)) as fax:
        return [page.convert("1").copy() for page in ImageSequence.Iterator(fax)]


def differing(sent_: list[Image.Image], received: list[Image.Image]) -> list[int]:
    """The numbers of pages that are not the same dots; a missing last row is blank and is forgiven."""
    assert len(sent_) == len(received)
    found = []
    for number, (ours, theirs) in enumerate(zip(sent_, received, strict=True), 1):
        assert ours.width == theirs.width == 1728
        box = (0, TAG_LINE, ours.width, min(ours.height, theirs.height))
        short = not 0 <= ours.height - theirs.height <= 1
        if short or ImageChops.logical_xor(ours.crop(box), theirs.crop(box)).getbbox():
            found.append(number)
    return found


def arrived(rig: Rig) -> list[Image.Image]:
    """All pages of all calls that the far machine has had since the test began."""
    return [page for call in rig.calls() if call["file"] for page in pages(Path(call["file"]))]


@pytest.fixture(autouse=True)
def _history(fax_rig: Rig) -> None:
    fax_rig.tell("clear")


async def test_a_packet_arrives_dot_by_dot_and_the_receipt_says_what_the_far_machine_confirmed(fax_rig):
    fax_rig.number("17075551000", station="+1 707 555 1000")

    outcome, prepared = await sent(fax_rig, "17075551000", station="7075551000")

    assert isinstance(outcome, Delivered)
    detail = dict(outcome.receipt.detail)
    assert detail["pages-confirmed"] == detail["pages"] == str(prepared.pages)
    assert (detail["signal-rate"], detail["data-format"]) == ("14400 bit/s", "2-D MMR")
    assert (detail["error-corrected"], detail["station-as-expected"]) == ("yes", "yes")
    assert outcome.receipt.doubts == ()
    assert differing(pages(prepared.body), arrived(fax_rig)) == []
    (call,) = fax_rig.calls()
    assert call["result"]["error_correcting_mode"] == 1


async def test_a_long_packet_with_a_document_inside_a_fhir_document_arrives_whole(fax_rig):
    fax_rig.number("17075551006", station="+1 707 555 1006")
    report = "\n".join(f"Line {row}: slept, ate, no complaints." for row in range(1, 99)).encode()
    inside = {"contentType": "text/plain", "data": base64.b64encode(report).decode(), "title": "Report"}
    fhir = {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": inside}]}
    letter = Document(
        id="doc-1", title="Letter", information="summary", media_type="application/fhir+json",
        content=json.dumps(fhir).encode(),
    )  # fmt: skip
    prepared = await prepared_for("17075551006", documents=(letter, NOTE))
    assert prepared.pages >= 5
    outcome = await FaxChannel(server(fax_rig), poll=0.1, deadline=90).deliver(prepared)
    assert isinstance(outcome, Delivered)
    assert dict(outcome.receipt.detail)["pages-confirmed"] == str(prepared.pages)
    assert differing(pages(prepared.body), arrived(fax_rig)) == []


async def test_a_packet_from_the_hub_at_another_machine_is_a_disclosure_to_that_machine_and_an_incident(
    fax_rig, sqlite_template, tmp_path
):
    fax_rig.number("17075551001", station="17075559999")
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'hub.sqlite')}"
    async with a_scene(url, recipients=()) as scene:
        scene.hub.channels[ChannelKind.FAX] = FaxChannel(server(fax_rig), poll=0.1, deadline=60)
        endpoint = Endpoint(
            id="e",
            organization="lantern",
            channel=ChannelKind.FAX,
            address="+17075551001",
            station="17075551001",
            verified_at=1,
        )
        await scene.hub.directory.put_endpoint(endpoint, verified_by="a b", by="county", at=scene.hub.clock.now())
        await scene.consent()
        await scene.submit()

        assert await scene.dispatch_all() == ["delivered"]

        assert await scene.rows(Disclosure.state, Disclosure.address) == [("disclosed", "+17075551001 [17075559999]")]
        assert [kind for (kind,) in await scene.rows(WorkItem.kind)] == ["fax_station", "incident"]
        ((proof,),) = await scene.rows(Attempt.receipt)
        assert '"station-as-expected","no"' in proof
        assert len(arrived(fax_rig)) >= 3


async def test_noise_without_error_correction_damages_a_page_that_the_machine_confirms_and_the_receipt_says_so(fax_rig):
    fax_rig.number("17075551002", ecm=False, modems=V27 | V29, compressions=MH, noise_after_pages=1, noise_seconds=1.0)

    outcome, prepared = await sent(fax_rig, "17075551002")

    assert isinstance(outcome, Delivered)
    assert dict(outcome.receipt.detail)["error-corrected"] == "no"
    assert outcome.receipt.doubts == (Doubt.NOT_CORRECTED,)
    assert differing(pages(prepared.body), arrived(fax_rig)) == [2]


async def test_noise_with_error_correction_damages_nothing(fax_rig):
    fax_rig.number("17075551003", noise_after_pages=1, noise_delay=4.0)

    outcome, prepared = await sent(fax_rig, "17075551003")

    assert isinstance(outcome, Delivered)
    assert outcome.receipt.doubts == ()
    assert differing(pages(prepared.body), arrived(fax_rig)) == []
    # the far machine asked for the damaged frames again (partial page request)
    assert "PPR" in fax_rig.sender.log(dict(outcome.receipt.detail)["communication"])


@pytest.mark.parametrize(
    ("kind", "code"), [("busy", "fax-busy"), ("no answer", "fax-no-answer"), ("person", "fax-not-fax")]
)
async def test_a_call_that_no_machine_answers_disclosed_nothing(fax_rig, kind, code):
    fax_rig.number("17075552000", kind=kind)

    outcome, _ = await sent(fax_rig, "17075552000", **ONE_TRY)

    assert outcome == Deferred(code=code)


async def test_a_busy_number_is_dialled_again_and_gets_the_fax_when_it_is_free(fax_rig):
    fax_rig.number("17075552001", kind="busy")
    prepared = await prepared_for("17075552001")
    hylafax = server(fax_rig)
    job = await hylafax.submit("+17075552001", prepared.body, "06busy")
    await asked_until(hylafax, job, lambda _: any(each.get("ended") == "busy" for each in fax_rig.tell("history")))
    assert (await hylafax.status(job)).state in {JobState.QUEUED, JobState.CALLING}

    fax_rig.number("17075552001")
    status = await ended(hylafax, job)

    assert (status.state, dict(status.detail)["dials"]) == (JobState.DONE, "2")
    assert differing(pages(prepared.body), arrived(fax_rig)) == []


async def test_a_line_that_drops_on_page_2_is_dialled_again_and_only_the_missing_pages_go(fax_rig):
    fax_rig.number("17075553000", drop_after_pages=1, drop_times=1)

    outcome, prepared = await sent(fax_rig, "17075553000")

    assert isinstance(outcome, Delivered)
    detail = dict(outcome.receipt.detail)
    assert (detail["dials"], detail["pages-confirmed"], detail["error-corrected"]) == ("2", str(prepared.pages), "yes")
    first, second = fax_rig.calls()
    assert (first["result"]["pages_rx"], second["result"]["pages_rx"]) == (1, prepared.pages - 1)
    assert differing(pages(prepared.body), arrived(fax_rig)) == []


async def test_a_line_that_drops_for_good_is_unknown_because_a_page_went_out(fax_rig):
    fax_rig.number("17075553001", drop_after_pages=2)

    outcome, prepared = await sent(fax_rig, "17075553001", **ONE_TRY)

    assert isinstance(outcome, Unknown)
    assert outcome.code == "fax-page-partial"
    assert dict(outcome.receipt.detail)["pages-confirmed"] == "2"
    assert differing(pages(prepared.body)[:2], arrived(fax_rig)[:2]) == []


async def test_a_fax_called_off_during_the_second_page_counts_the_first(fax_rig):
    fax_rig.number("17075553002")
    prepared, hylafax = await prepared_for("17075553002"), server(fax_rig)
    job = await hylafax.submit("+17075553002", prepared.body, "06kill")
    await asked_until(hylafax, job, lambda status: status.state is JobState.CALLING)
    await asyncio.to_thread(fax_rig.until_up, "17075553002", 30)
    await hylafax.cancel(job)

    status = await ended(hylafax, job)

    assert (status.state, status.reason) == (JobState.FAILED, "cancelled")
    # what the far machine printed is never more than one page ahead of what is counted
    assert status.pages >= len(arrived(fax_rig)) - 1
    assert status.pages >= 1


async def test_a_job_that_is_due_and_never_begins_is_stalled_and_goes_on_when_the_scheduler_does(fax_rig):
    fax_rig.number("17075553003")
    prepared, hylafax = await prepared_for("17075553003"), server(fax_rig, stalled_after=1.0)
    job = await hylafax.submit("+17075553003", prepared.body, "06stall")
    with fax_rig.sender.scheduler_stopped():
        deadline = time.monotonic() + 15
        while not (await hylafax.status(job)).stalled:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)

    assert (await ended(hylafax, job)).state is JobState.DONE


async def test_a_fax_that_the_scheduler_has_forgotten_goes_out_all_the_same(fax_rig):
    fax_rig.number("17075553005")
    prepared, hylafax = await prepared_for("17075553005"), server(fax_rig, woken_after=1.0)
    # Asked twice within a second, faxq puts its second look off to the next one, and forgets what comes after it.
    await asyncio.sleep(2.05 - time.time() % 1)
    fax_rig.sender.announce_modem()
    fax_rig.sender.announce_modem()
    await asyncio.sleep(1.2)
    job = await hylafax.submit("+17075553005", prepared.body, "06forgotten")

    assert (await ended(hylafax, job)).state is JobState.DONE
    assert len(fax_rig.calls()) == 1


async def test_a_scheduler_that_hangs_at_the_submission_takes_no_job_and_sends_nothing_later(fax_rig):
    fax_rig.number("17075553004")
    prepared, hylafax = await prepared_for("17075553004"), server(fax_rig, timeout=2.0)
    with fax_rig.sender.scheduler_stopped():
        answer = await hylafax.submit("+17075553004", prepared.body, "06hang")
    await asyncio.sleep(3)

    if isinstance(answer, Deferred):
        assert not fax_rig.calls()
        assert not fax_rig.tell("calls")
    else:
        assert isinstance(answer, Unknown)


async def test_a_fax_from_one_hylafax_to_another_lies_in_its_receive_queue_until_it_is_removed(fax_rig):
    outcome, prepared = await sent(fax_rig, RECEIVER)
    assert isinstance(outcome, Delivered)

    inbox = HylaFaxInbox(receiving(fax_rig))
    (fax,) = await waiting(inbox)

    assert differing(pages(prepared.body), pages(await inbox.fetch(fax.reference))) == []
    await inbox.remove(fax.reference)
    assert await inbox.waiting() == []


async def ended(hylafax: HylaFax, job: str):
    deadline = time.monotonic() + 30
    while not (status := await hylafax.status(job)).state.final:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    return status


async def test_a_fax_that_a_machine_sends_in_is_given_to_the_hub_whole_and_then_removed(fax_rig):
    prepared = await prepared_for("17075550000")
    file = fax_rig.folder / "in.tif"
    file.write_bytes(prepared.body)
    inbox = HylaFaxInbox(receiving(fax_rig))
    kept = []

    async def take(arrival):
        # what is not durable yet is still at the server
        assert len(await inbox.waiting()) == 1
        kept.append(arrival)

    fax_rig.receiver.until_idle()
    fax_rig.tell("call", number="17075551234", to=RECEIVER, spec={"file": str(file)})
    deadline = time.monotonic() + 30
    while not await FaxIntake(inbox).collect(take):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)

    (arrival,) = kept
    assert (arrival.channel, arrival.claimed, arrival.address) == ("fax", "17075551234", "")
    assert differing(pages(prepared.body), pages(arrival.raw)) == []
    assert await inbox.waiting() == []
