"""Accessibility by axe's rules (WCAG 2.2 A and AA): nothing serious on any page, in any state that is looked at."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe

from hub import choices
from tests.scenes import CIN

GRAVE = {"serious", "critical"}
READER = (
    "/desk/log",
    "/desk/log?outcome=withheld",
    "/desk/work",
    "/desk/registers",
    "/desk/emergencies/new",
    "/desk/charts",
    "/desk/audit",
    "/desk/policy",
    "/desk/me",
)


async def faults(page):
    found = await Axe().run(page, options={"resultTypes": ["violations"]})
    return [
        (fault["id"], node["target"]) for fault in found.response["violations"] if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]  # fmt: skip


@pytest.mark.parametrize("width", [1366, 360])
async def test_the_pages_of_readers(seat, width):
    ana = await seat("ana", "compliance", width=width)
    for path in READER:
        await ana.open(path)
        assert (path, await faults(ana.page)) == (path, [])


async def test_a_change_of_the_rules_that_waits_and_its_history(seat, scene):
    first = await choices.propose(scene.hub, "D2", "written", "guidance", by="county/omar")
    await choices.confirm(scene.hub, first, by="county/compliance")
    await choices.propose(scene.hub, "D1", "permit", "guidance", by="county/omar")
    ana = await seat("ana", "compliance")
    await ana.open("/desk/policy")
    await ana.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert await ana.page.get_by_role("button", name="Confirm the change D1").count() == 1
    assert await faults(ana.page) == []


async def test_an_entry_before_and_after_it_was_verified(seat):
    ana = await seat("ana", "compliance")
    await ana.page.locator("tbody a.when").last.click()
    await ana.page.wait_for_url(re.compile(r"/desk/log/\d+$"))
    assert await faults(ana.page) == []
    await ana.page.get_by_role("link", name="Verify now").click()
    await ana.page.locator("main").get_by_text("Nothing was changed").wait_for()
    assert await faults(ana.page) == []


async def test_a_work_item_and_the_forms_of_the_registers(seat):
    ana = await seat("ana", "compliance")
    await ana.open("/desk/work")
    await ana.page.get_by_role("link", name="Held packet").click()
    await ana.page.get_by_role("heading", name="Held packet").wait_for()
    assert await faults(ana.page) == []
    for kind in ("accounting", "complaint", "restriction", "suspension", "breach"):
        await ana.open(f"/desk/registers/new/{kind}")
        assert (kind, await faults(ana.page)) == (kind, [])


async def test_a_matter_with_its_deeds_open(seat):
    ana = await seat("ana", "privacy")
    await ana.open("/desk/registers/new/breach")
    await ana.page.get_by_label("Organization that answers for it").select_option("harbor")
    await ana.page.get_by_label("Discovered on").fill("2026-01-20")
    await ana.page.get_by_label("What happened").fill("A fax went astray")
    await ana.page.get_by_role("button", name="Enter it").click()
    await ana.page.get_by_role("heading", name="Breach").wait_for()
    await ana.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert await faults(ana.page) == []


async def test_the_pages_of_administrators_and_of_whoever_is_not_in(seat, chromium, desk):
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(desk.base + "/desk/sign-in")
    assert await faults(page) == []
    await page.goto(desk.base + "/desk/join?code=none")
    assert await faults(page) == []


WRONG = "for (const form of document.querySelectorAll('main form')) form.noValidate = true"
OPEN = "for (const each of document.querySelectorAll('main details')) each.open = true"


async def sent_empty(page, button):
    await page.evaluate(OPEN)
    await page.evaluate(WRONG)
    await button.click()
    await page.locator(".error").first.wait_for()


@pytest.mark.parametrize("width", [1366, 683, 360])
async def test_a_form_that_lacks_something_says_so_beside_the_field_and_stands_there(seat, width):
    ana = await seat("ana", "privacy", width=width)
    for kind in ("accounting", "complaint", "restriction", "suspension", "breach"):
        await ana.open(f"/desk/registers/new/{kind}")
        await sent_empty(ana.page, ana.page.get_by_role("button", name="Enter it"))
        assert (kind, await faults(ana.page)) == (kind, [])
        assert await ana.page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"
        said = await ana.page.evaluate("document.activeElement.getAttribute('aria-describedby')")
        assert await ana.page.locator(f"#{said}").inner_text()
        assert await ana.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1366, 683, 360])
async def test_a_breach_with_its_people_its_deeds_and_their_mistakes(seat, width):
    ana = await seat("ana", "privacy", width=width)
    await ana.open("/desk/registers/new/breach")
    await ana.page.get_by_label("Organization that answers for it").select_option("harbor")
    await ana.page.get_by_label("Discovered on").fill("2026-01-20")
    await ana.page.get_by_label("What happened").fill("A fax went astray")
    await ana.page.get_by_label("Whom it concerns").fill(CIN)
    await ana.page.get_by_role("button", name="Enter it").click()
    await ana.page.locator("main").get_by_text("0 of 1 told").wait_for()
    await ana.page.evaluate(OPEN)
    assert await faults(ana.page) == []
    for deed in ("assess", "people", "notice", "delay", "finish"):
        await sent_empty(ana.page, ana.page.locator(f"form[action$='/{deed}'] button"))
        assert (deed, await faults(ana.page)) == (deed, [])
        assert await ana.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1366, 360])
async def test_the_pages_of_administrators(seat, width):
    omar = await seat("omar", "administrator", width=width)
    for path in ("/desk/people", "/desk/addresses", "/desk/me"):
        await omar.open(path)
        assert (path, await faults(omar.page)) == (path, [])
        assert await omar.page.evaluate("document.documentElement.scrollWidth") <= width


async def test_on_paper_nothing_is_cut_off(seat):
    ana = await seat("ana", "compliance", width=720)
    await ana.page.emulate_media(media="print")
    for path in READER:
        await ana.open(path)
        assert await ana.page.evaluate("document.documentElement.scrollWidth") <= 720, path
        assert await ana.page.locator("nav, button:visible").locator("visible=true").count() == 0, path


async def test_charts_can_be_read_on_a_telephone_and_at_twice_the_size(seat):
    for width in (360, 683):
        ana = await seat(f"ana{width}", "compliance", width=width)
        await ana.open("/desk/charts")
        height = await ana.page.locator(".chart text").first.evaluate("text => text.getBoundingClientRect().height")
        assert height >= 11
