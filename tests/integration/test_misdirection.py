"""A fax that may have gone astray: seen, recorded as what it is, asked back; and a new number that two people know."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pypdfium2
import pytest

from adapters.loopback import LoopbackChannel
from hub.compliance.letters.recall import recall
from hub.errors import Conflict, Malformed, NotAvailable
from hub.model import (
    ChannelKind,
    Deferred,
    Delivered,
    Doubt,
    Endpoint,
    Receipt,
    Unknown,
)
from hub.storage.tables import Disclosure, LedgerEntry, WorkItem
from hub.waiting import numbers
from tests.api import Api, an_api
from tests.scenes import NAME, Scene, a_scene

NUMBER = "+17075550121"


def fax_of(organization: str = "lantern", **changes) -> Endpoint:
    return Endpoint(
        **{
            "id": f"{organization}-fax",
            "organization": organization,
            "channel": ChannelKind.FAX,
            "address": NUMBER,
            "station": "7075550121",
            "verified_at": 1,
            **changes,
        }
    )


@asynccontextmanager
async def a_fax_scene(url: str) -> AsyncIterator[Scene]:
    """Lantern is reached by fax alone."""
    async with a_scene(url, recipients=()) as scene:
        fax = LoopbackChannel(ChannelKind.FAX)
        scene.hub.channels[ChannelKind.FAX] = fax
        scene.channel = fax
        await scene.hub.directory.put_endpoint(fax_of(), verified_by="a b", by="county", at=scene.hub.clock.now())
        await scene.consent()
        yield scene


@pytest.fixture
async def scene(migrated_url: str) -> AsyncIterator[Scene]:
    async with a_fax_scene(migrated_url) as scene:
        yield scene


@pytest.fixture
async def api(scene: Scene) -> AsyncIterator[Api]:
    async with an_api(scene.hub) as api:
        yield api


def receipt(*doubts: Doubt, station: str = "7075550121") -> Receipt:
    detail = (("number", NUMBER), ("pages", "3"), ("station", station))
    return Receipt(kind="fax-confirmed", reference="job 7", at=1, detail=detail, doubts=doubts)


async def faxed(scene: Scene, outcome) -> list[tuple[str, str]]:
    """Kinds and codes of the work items that a fax with this outcome opens."""
    scene.channel.answers.append(outcome)
    await scene.submit()
    await scene.dispatch_all()
    return sorted(tuple(row) for row in await scene.rows(WorkItem.kind, WorkItem.code))


async def test_a_fax_that_its_own_machine_confirmed_leaves_nothing_to_do(scene):
    assert await faxed(scene, Delivered(receipt=receipt())) == []


async def test_a_fax_handed_to_a_folder_is_told_as_that_and_is_nobodys_work(scene):
    assert await faxed(scene, Delivered(receipt=receipt(Doubt.HANDED_OVER))) == []


async def test_a_fax_that_another_machine_took_is_an_incident_and_recorded_as_a_disclosure_to_that_station(scene):
    work = await faxed(scene, Delivered(receipt=receipt(Doubt.OTHER_STATION, station="7075559999")))

    assert work == [("fax_station", "other-station"), ("incident", "2.16(b) other-station")]
    assert await scene.rows(Disclosure.state, Disclosure.address) == [("disclosed", "+17075550121 [7075559999]")]
    assert ("disclosure.elsewhere",) in [tuple(row) for row in await scene.rows(LedgerEntry.kind)]


async def test_pages_that_went_out_to_another_machine_before_the_line_broke_are_one_too(scene):
    partly = Unknown(code="fax-page-partial", receipt=receipt(Doubt.OTHER_STATION, Doubt.PAGES, station="7075559999"))

    kinds = {kind for kind, _ in await faxed(scene, partly)}

    assert kinds == {"fax_station", "fax_quality", "incident", "unknown_outcome"}
    assert await scene.rows(Disclosure.state) == [("unknown",)]


async def test_pages_that_may_be_damaged_are_a_persons_to_ask_about(scene):
    assert await faxed(scene, Delivered(receipt=receipt(Doubt.NOT_CORRECTED))) == [
        ("fax_quality", "not-error-corrected")
    ]


async def test_a_machine_that_did_not_say_who_it_is_is_looked_at_and_is_no_incident(scene):
    assert await faxed(scene, Delivered(receipt=receipt(Doubt.NO_STATION))) == [("fax_station", "no-station")]


async def test_a_stuck_fax_server_is_one_alarm_however_many_faxes_wait(scene):
    scene.channel.answers.extend([Deferred(code="fax-server-stalled")] * 2)
    for key in ("k1", "k2"):
        await scene.submit(key)
    await scene.dispatch_all()

    assert await scene.rows(WorkItem.kind, WorkItem.code) == [("channel_alarm", "fax-server-stalled")]


async def used(scene: Scene) -> list[str]:
    return [endpoint.address for endpoint in (await scene.hub.directory.current()).endpoints.get("lantern", ())]


async def test_a_new_fax_number_is_used_only_when_a_second_person_has_typed_it_again(scene, api):
    first, second = await api.caller("county", "admin"), await api.caller("county", "admin")
    endpoint = {"organization": "valley-clinic", "channel": "fax", "address": "+17075550130"}

    entered = await first("PUT", "/v1/endpoints/valley-fax", {"endpoint": endpoint, "verified_by": "K. Clerk"})
    assert (entered.status, entered.json) == (202, {"waits_for": "second person"})
    assert "valley-clinic" not in (await scene.hub.directory.current()).endpoints

    word = "/v1/endpoints/valley-fax/confirm"
    assert (await first("POST", word, {"address": "+17075550130"})).status == 409
    assert (await second("POST", word, {"address": "+17075550131"})).status == 400
    assert "valley-clinic" not in (await scene.hub.directory.current()).endpoints
    assert (await second("POST", word, {"address": "+17075550130"})).status == 204

    (usable,) = (await scene.hub.directory.current()).endpoints["valley-clinic"]
    assert usable.address == "+17075550130"
    assert [tuple(row) for row in await scene.rows(WorkItem.kind, WorkItem.state)] == [("fax_number", "closed")]
    assert (await second("POST", word, {"address": "+17075550130"})).status == 404


@pytest.mark.parametrize("change", [{"address": "+17075550122"}, {"station": "7075550122"}])
async def test_a_changed_number_or_station_waits_and_the_old_one_is_used_no_more(scene, change):
    endpoint = fax_of(**change)

    assert await numbers.enter(scene.hub, endpoint, verified_by="K.", by="county/ana", active=True)

    assert await used(scene) == []
    await numbers.confirm(scene.hub, "lantern-fax", endpoint.address, by="county/omar")
    assert await used(scene) == [endpoint.address]


async def test_the_same_number_entered_again_needs_nobody_else(scene):
    assert not await numbers.enter(scene.hub, fax_of(rank=3), verified_by="K.", by="county/ana", active=True)
    assert await used(scene) == [NUMBER]


async def test_whoever_corrects_a_waiting_number_is_its_first_person_and_does_not_confirm_it(scene):
    await numbers.enter(scene.hub, fax_of(address="+17075550122"), verified_by="K.", by="county/ana", active=True)
    await numbers.enter(scene.hub, fax_of(address="+17075550123"), verified_by="K.", by="county/omar", active=True)

    with pytest.raises(Conflict):
        await numbers.confirm(scene.hub, "lantern-fax", "+17075550123", by="county/omar")
    with pytest.raises(Malformed):
        await numbers.confirm(scene.hub, "lantern-fax", "+17075550122", by="county/ana")
    await numbers.confirm(scene.hub, "lantern-fax", "+17075550123", by="county/ana")


async def misdirected(scene: Scene) -> str:
    await faxed(scene, Delivered(receipt=receipt(Doubt.OTHER_STATION, station="7075559999")))
    (work,) = [row[0] for row in await scene.rows(WorkItem.id, WorkItem.kind) if row[1] == "fax_station"]
    return work


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("Harbor House", "707-555-0121", "shred")), ("es", ("Harbor House", "triture"))]
)
async def test_the_recall_letter_is_one_page_that_names_no_person_and_no_kind_of_care(scene, language, words):
    work = await misdirected(scene)

    made = await recall(scene.hub, work, language, organization="harbor", by="harbor/staff")

    with pypdfium2.PdfDocument(io.BytesIO(made.pdf)) as pdf:
        assert len(pdf) == 1
        text = " ".join(pdf[0].get_textpage().get_text_bounded().split())
    for word in words:
        assert word in text
    for hidden in (*NAME, "part 2", "substance", "treatment", "tratamiento", "7075559999"):
        assert hidden.lower() not in text.lower()
    assert ("recall.made",) in [tuple(row) for row in await scene.rows(LedgerEntry.kind)]


async def test_the_recall_letter_of_somebody_elses_fax_looks_like_none(scene):
    work = await misdirected(scene)
    with pytest.raises(NotAvailable):
        await recall(scene.hub, work, "en", organization="lantern", by="lantern/staff")


async def test_a_work_item_about_no_fax_has_no_recall_letter(scene):
    await numbers.enter(scene.hub, fax_of(address="+17075550122"), verified_by="K.", by="county/ana", active=True)
    ((work, _),) = await scene.rows(WorkItem.id, WorkItem.kind)
    with pytest.raises(Conflict):
        await recall(scene.hub, work, "en", organization=None, by="county/omar")


async def test_the_recall_letter_over_http_is_a_pdf_without_a_telling_name(scene, api):
    work = await misdirected(scene)
    staff = await api.caller("harbor", "staff")

    answer = await staff("GET", f"/v1/work/{work}/recall?language=es")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="letter.pdf"'
