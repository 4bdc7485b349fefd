"""What is tried against the desk: every page without a session, with the wrong role, with hostile words."""

import re

import pytest
from sqlmodel import select

from hub.desk import projection
from hub.ledger.sequencer import Sequencer
from hub.people import accounts
from hub.storage.tables import LedgerEntry
from hub.web.desk.routes import PAGES
from hub.web.pages.visit import MAX_FORM
from tests.scenes import CIN, NAME, a_scene

SCRIPT = '"><img src=x onerror=alert(1)>'
SECRETS = (*NAME, CIN, "Harbor House", "Lantern")
BEHIND = [each for each in PAGES if each.roles]
ADMINISTER = [each for each in BEHIND if each.roles == ("administrator",)]
READERS = [each for each in BEHIND if "auditor" in each.roles and "administrator" not in each.roles]
ACTS = [each for each in BEHIND if each.roles == ("compliance", "privacy")]


@pytest.fixture
async def scene(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        await scene.dispatch_all()
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        await projection.catch_up(scene.hub)
        yield scene


def address(page):
    """A page's address with something in place of its parts."""
    return re.sub(r"{\w+(:\\d\+)?}", lambda part: "0" if part[1] else "csv" if "form" in part[0] else "x", page.path)


async def visited(browser, page):
    return await (browser.get(address(page)) if page.method == "GET" else browser.post(address(page)))


def test_pages_of_every_kind_are_among_those_that_are_attacked():
    assert len(BEHIND) > 40
    assert all((ADMINISTER, READERS, ACTS))


async def test_without_a_session_no_page_opens_and_nothing_is_shown(desk):
    browser = desk.browser()
    for page in BEHIND:
        seen = await visited(browser, page)
        assert seen.status == 303, page.path
        assert seen.location.startswith("/desk/sign-in"), page.path
        assert not any(secret in seen.text for secret in SECRETS)


async def test_with_the_password_alone_no_page_opens_but_the_second_step(desk):
    ana = await desk.somebody("ana", "compliance")
    await ana.post("/desk/sign-out")
    await ana.post("/desk/sign-in", {"email": "ana@desk.test", "password": "a quiet river at noon"})
    await ana.get("/desk/second")
    for page in [each for each in BEHIND if each.stage == "full"]:
        assert (await visited(ana, page)).status == 303, page.path


async def test_an_administrator_opens_no_page_with_a_patients_data(desk):
    boss = await desk.somebody("boss", "administrator")
    for page in (*READERS, *ACTS):
        assert (await visited(boss, page)).status == 403, page.path


async def test_a_reader_administers_nothing_and_an_auditor_acts_on_nothing(desk):
    ana, priya = await desk.somebody("ana", "compliance"), await desk.somebody("priya", "auditor")
    for page in ADMINISTER:
        assert (await visited(ana, page)).status == 403, page.path
    for page in ACTS:
        assert (await visited(priya, page)).status == 403, page.path


async def test_no_form_is_taken_without_its_sessions_token(desk):
    ana = await desk.somebody("ana", "compliance", "administrator")
    ana.form_token = "0" * 64
    before = await desk.hub.database.query(select(LedgerEntry.id))
    for page in [each for each in BEHIND if each.method == "POST" and each.stage == "full"]:
        assert (await visited(ana, page)).status == 403, page.path
    assert await desk.hub.database.query(select(LedgerEntry.id)) == before


async def test_a_name_is_shown_as_it_was_typed_wherever_it_stands(desk):
    boss = await desk.somebody("boss", "administrator")
    fields = {"email": "eve@desk.test", "name": SCRIPT, "role": "auditor", "organization": "county"}
    seen = await boss.post("/desk/people", fields)
    assert SCRIPT in seen.words.replace(" %", "%") or "onerror" in seen.text
    assert "<img" not in seen.text.replace('<img src="/desk/static', "")
    for person in await accounts.list_all(desk.hub):
        assert (await boss.get("/desk/people")).text.count("<img src=x") == 0, person.id


@pytest.mark.parametrize("what", [SCRIPT, "' OR 1=1 --", "%", "\x00", "../../etc/passwd", "a" * 200])
async def test_whatever_is_searched_for_finds_nothing_and_breaks_nothing(desk, what):
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.post("/desk/find", {"what": what})
    assert seen.status in (400, 404)
    assert "<img src=x" not in seen.text


@pytest.mark.parametrize("path", ["work/%00", "log?member=%00", "registers/%00", "looked/%00", "join?code=%00"])
async def test_an_address_with_a_character_that_nobody_writes_is_none(desk, path):
    ana = await desk.somebody("ana", "compliance")
    assert (await ana.get(f"/desk/{path}")).status == 404


async def test_a_form_that_is_too_large_or_no_form_is_refused(desk):
    ana = await desk.somebody("ana", "compliance")
    assert (await ana.post("/desk/find", {"what": "x" * (MAX_FORM + 1)})).status == 413
    many = {f"f{number}": "x" for number in range(300)}
    assert (await ana.post("/desk/find", many)).status == 400
    async with ana.session.post(ana.base + "/desk/find", json={}, headers={"Sec-Fetch-Site": "same-origin"}) as answer:
        assert answer.status == 415


async def test_pages_are_served_to_no_other_sites_frame_script_or_cache(desk):
    ana = await desk.somebody("ana", "compliance")
    for path in ("/desk/log", "/desk/work", "/desk/registers", "/desk/charts", "/desk/audit"):
        headers = (await ana.get(path)).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "'unsafe" not in headers["Content-Security-Policy"]


async def test_no_page_names_a_person_in_its_title_or_address(scene, desk):
    ana = await desk.somebody("ana", "compliance")
    listed = await ana.get("/desk/log")
    entry = await ana.get(re.search(r'href="(/desk/log/\d+)"', listed.text)[1])
    for seen in (listed, entry):
        title = re.search(r"<title>(.*?)</title>", seen.text)[1]
        assert not any(secret in title for secret in SECRETS)
        assert not any(CIN in link or NAME[1] in link for link in re.findall(r'(?:href|action)="([^"]*)"', seen.text))


async def test_an_address_of_the_desk_that_is_none_is_a_page_that_says_so(desk):
    ana = await desk.somebody("ana", "compliance")
    seen = await ana.get("/desk/nothing/here")
    assert (seen.status, seen.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
