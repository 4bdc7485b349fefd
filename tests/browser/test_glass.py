"""An emergency at night, in a browser: the warning, one person's entries, and the review on the next day."""

import re
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.browser.test_accessible import faults
from tests.scenes import CIN

WORDS = "Overdose at 02:10, unresponsive; which medications?"


@pytest_asyncio.fixture(loop_scope="session")
async def scene(scene):
    """The county runs the hub."""
    scene.hub = replace(scene.hub, operator="county")
    return scene


async def opened(night):
    await night.page.locator("details.me summary").click()
    await night.page.get_by_role("link", name="Emergency access").click()
    await night.page.locator("main").get_by_text("This will be reviewed.", exact=True).wait_for()
    await night.page.get_by_label("CIN", exact=True).fill(CIN)
    await night.page.get_by_label("A medical emergency").check()
    await night.page.get_by_label("In your words").fill(WORDS)
    await night.page.get_by_label("I have read this").check()
    await night.page.get_by_role("button", name="Open it").click()
    await night.page.get_by_role("heading", name="Opened in an emergency").wait_for()


@pytest.mark.parametrize("width", [1366, 360])
async def test_who_reads_in_an_emergency_is_warned_first_and_sees_one_person_until_it_is_closed(seat, width, tmp_path):
    night = await seat("night", "compliance", width=width)
    await night.open("/desk/glass")
    assert await faults(night.page) == []
    await night.page.screenshot(path=tmp_path / "warning.png", full_page=True)
    await opened(night)
    assert CIN not in night.page.url
    told = await night.words()
    assert "Quintanar" in told
    assert "Quintanar" not in await night.page.title()
    assert await faults(night.page) == []
    await night.page.screenshot(path=tmp_path / "opened.png", full_page=True)
    await night.page.locator("tbody a.when").first.click()
    await night.page.wait_for_url(re.compile(r"/desk/glass/[0-9a-z]+/entries/\d+$"))
    assert await faults(night.page) == []
    await night.page.screenshot(path=tmp_path / "entry.png", full_page=True)
    place = night.page.url
    await night.page.get_by_role("link", name="Back to the person").click()
    await night.page.get_by_role("button", name="Close it now").click()
    await night.page.wait_for_url("**/desk/log")
    await night.page.goto(place)
    assert "There is nothing for you under this address." in await night.words()
    assert night.refused == []


async def test_the_form_asks_for_what_is_missing_beside_the_field(seat):
    night = await seat("night", "compliance")
    await night.open("/desk/glass")
    await night.page.evaluate("document.querySelector('main form').noValidate = true")
    await night.page.get_by_label("CIN", exact=True).fill(CIN)
    await night.page.get_by_label("I have read this").check()
    await night.page.get_by_role("button", name="Open it").click()
    await night.page.locator("main").get_by_text("Choose a reason.").wait_for()
    assert await night.page.get_by_label("CIN", exact=True).input_value() == CIN
    assert await faults(night.page) == []


async def test_the_privacy_officer_finds_it_in_the_queue_and_an_incident_goes_to_the_breaches(seat, tmp_path):
    night = await seat("night", "compliance")
    await opened(night)
    leo = await seat("leo", "privacy")
    await leo.page.get_by_role("link", name="Work", exact=True).click()
    await leo.page.get_by_role("link", name="Emergency access").first.click()
    await leo.page.locator("tbody").get_by_role("link", name="Emergency access").click()
    await leo.page.get_by_role("heading", name="What was opened").wait_for()
    told = await leo.words()
    for words in (WORDS, "Night", "who the person is", "A medical emergency"):
        assert words in told
    assert await faults(leo.page) == []
    await leo.page.screenshot(path=tmp_path / "review.png", full_page=True)
    await leo.page.locator("#f-close").select_option("incident")
    await leo.page.get_by_role("button", name="Settle", exact=True).click()
    await leo.page.locator("main").get_by_text("An incident", exact=True).wait_for()
    await leo.open("/desk/registers?kind=breach")
    assert "Harbor House" in await leo.words()
    await leo.open("/desk/charts")
    assert "In emergencies" in await leo.words()
    await leo.page.screenshot(path=tmp_path / "charts.png", full_page=True)
    assert leo.refused == []
