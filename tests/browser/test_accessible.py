"""Accessibility by axe's rules (WCAG 2.2 A and AA): nothing serious on any page, in any state that is looked at."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe

from hub import choices

GRAVE = {"serious", "critical"}
READER = (
    "/desk/log",
    "/desk/log?outcome=withheld",
    "/desk/work",
    "/desk/registers",
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
    await ana.page.get_by_text("Nothing was changed").wait_for()
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
    await ana.page.get_by_label("Whose").select_option("harbor")
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
