"""Breaking the glass at the desk: the warning first, then one person's entries, until it is over."""

from dataclasses import replace

import pytest

from hub.ledger.sequencer import Sequencer
from hub.storage.tables import Glass, WorkItem
from tests.scenes import BORN, CIN, NAME, a_scene

WORDS = "Overdose at 02:10, unresponsive; which medications?"
FIELDS = {"cin": CIN, "reason": "medical_emergency", "words": WORDS, "understood": "yes"}


@pytest.fixture
async def scene(migrated_url):
    async with a_scene(migrated_url) as scene:
        scene.hub = replace(scene.hub, operator="county")
        await scene.consent()
        await scene.submit()
        await scene.dispatch_all()
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        yield scene


@pytest.fixture
async def night(desk):
    """The administrator on call, whose role opens no patient's data."""
    return await desk.somebody("night", "administrator")


async def opened(browser, **changes):
    await browser.get("/desk/glass")
    return await browser.post("/desk/glass", FIELDS | changes)


async def test_the_warning_comes_first_and_nothing_is_opened_before_it_is_read(scene, night):
    page = await night.get("/desk/glass")
    assert "This will be reviewed." in page.words
    refused = await opened(night, understood="")
    assert (refused.status, "Read the warning" in refused.words) == (400, True)
    assert WORDS in refused.words, "what was typed is kept"
    assert await scene.rows(Glass.id) == []


async def test_it_shows_the_person_their_entries_and_consents_and_each_whole(scene, night):
    assert (await night.get("/desk/log")).status == 403
    began = await opened(night)
    assert began.status == 303
    page = await night.get(began.location)
    assert f"{NAME[0]} {NAME[1]}" in page.words
    assert "Recorded, and due for review" in page.words
    assert "Harbor House may tell" in page.words
    assert NAME[1] not in page.text.split("<title>")[1].split("</title>")[0]
    link = page.text.split(f"{began.location}/entries/")[1].split('"')[0]
    entry = await night.get(f"{began.location}/entries/{link}")
    assert (entry.status, "Why" in entry.words) == (200, True)
    assert (await night.get(f"{began.location}/entries/999999")).status == 404
    assert (await night.post(f"{began.location}/end")).status == 303
    assert (await night.get(began.location)).status == 404


async def test_a_name_with_its_birth_date_finds_the_person_too(scene, night):
    began = await opened(night, cin="", given=NAME[0], family=NAME[1], born=BORN)
    assert NAME[1] in (await night.get(began.location)).words


async def test_nobody_found_is_answered_as_nothing_to_show(scene, night):
    began = await opened(night, cin="09999999Z")
    page = await night.get(began.location)
    assert (page.status, "Nothing is here that could be shown." in page.words) == (200, True)


async def test_who_may_not_finds_no_page_whoever_it_is_about(scene, desk):
    officer = await desk.somebody("officer", "privacy", organizations=("lantern",))
    await officer.get("/desk/me")
    pages = [await officer.get("/desk/glass")]
    pages += [await officer.post("/desk/glass", FIELDS | {"cin": cin}) for cin in (CIN, "09999999Z")]
    assert [page.status for page in pages] == [404, 404, 404]
    assert pages[1].words == pages[2].words
    assert "Emergency access" not in (await officer.get("/desk/me")).words


async def test_a_session_of_somebody_put_out_opens_nothing(scene, desk, night):
    from hub.people import accounts

    began = await opened(night)
    await accounts.disable(scene.hub, night.person, by="county")
    assert (await night.get(began.location)).status == 303


async def test_the_privacy_officer_reviews_it_from_the_queue(scene, desk, night):
    began = await opened(night)
    await night.get(began.location)
    officer = await desk.somebody("officer", "privacy", organizations=("harbor",))
    ((work,),) = await scene.rows(WorkItem.id)
    listed = await officer.get("/desk/work?queue=glass")
    assert "Emergency access" in listed.words
    page = await officer.get(f"/desk/work/{work}")
    assert WORDS in page.words
    assert "who the person is" in page.words
    looked = await officer.get(f"/desk/looked/{scene.member}")
    assert "in an emergency" in looked.words, "also by somebody of another organization"
    await officer.post(f"/desk/work/{work}/close", {"reason": "reviewed", "note": "The ED confirmed it by phone."})
    assert await scene.rows(WorkItem.state, WorkItem.resolution) == [("closed", "reviewed")]


async def test_the_pages_speak_spanish(scene, night):
    await night.post("/desk/language", {"to": "es", "back": "/desk/glass"})
    assert "Esto se va a revisar." in (await night.get("/desk/glass")).words
    began = await opened(night)
    assert "Registrado, y se va a revisar" in (await night.get(began.location)).words
