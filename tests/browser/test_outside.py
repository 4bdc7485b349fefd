"""A counselor with the keyboard alone, on a wide screen and a narrow one, writes down a call within a few fields."""

import pytest

from tests.browser.test_accessible import faults
from tests.browser.test_keyboard import Keys
from tests.scenes import CIN, NAME


@pytest.mark.parametrize("width", [1280, 360])
async def test_a_call_is_recorded_by_keys_and_only_what_its_basis_asks_for_is_shown(seat, width):
    cora = await seat("cora", "staff", width=width, organizations=("harbor",))
    page, keys = cora.page, Keys(cora.page, cora.account.base)
    await keys.go("/desk/disclosures")
    await keys.follow("Record one")
    assert await faults(page) == []
    await keys.fill(cin=CIN, way="Telephone")
    await keys.fill(day="03062026", time="0930AM")
    assert not await page.get_by_label("Name of the person").is_visible()
    await keys.fill(recipient="Lantern", recipient_person="Nurse Farrow")
    await keys.reach("medications")
    await page.keyboard.press("Space")
    await keys.fill(told="Her last dose")
    await keys.tick("basis")
    assert await page.get_by_label("The written notice").is_visible()
    assert not await page.get_by_label("Name of the clinician").is_visible()
    await keys.fill(purpose="treatment", notice="Only", scope="What")
    assert await faults(page) == []
    await keys.follow("See what would be recorded")
    assert f"{NAME[0]} {NAME[1]}" in await keys.words()
    assert "The rules permit it" in await keys.words()
    assert await faults(page) == []
    await keys.follow("Record it now")
    assert "Recorded afterwards" in await keys.words()
    assert await faults(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await keys.press("Show what was told")
    await page.locator("main").get_by_text("Nurse Farrow").wait_for()
    assert (keys.unseen, cora.refused) == ([], [])


async def test_somebody_who_is_in_no_directory_is_asked_for_where_nobody_in_it_is_meant(seat):
    cora = await seat("cora", "staff", organizations=("harbor",))
    await cora.open("/desk/disclosures/new")
    await cora.page.get_by_label("Organization", exact=True).select_option("~outside")
    assert await cora.page.get_by_label("Name of the person").is_visible()
    await cora.page.get_by_label("A court's order").check()
    assert await cora.page.get_by_label("Number of the case").first.is_visible()
    assert await faults(cora.page) == []
