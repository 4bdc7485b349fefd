"""A counselor between two sessions: a packet sent in three clicks, then by keyboard alone; axe on every page."""

import pytest
import pytest_asyncio

from hub.desk import packets
from hub.people import accounts
from tests.browser.test_accessible import faults
from tests.browser.test_keyboard import Keys
from tests.scenes import CIN, a_scene

MOST_CLICKS = 3
MOST_BYTES = 100_000
CIN_IS_NEXT = "document.activeElement.name === 'cin'"
"""The first field has the focus, some time after the page is there."""
FILES = ("asam assessment.pdf", "medication list.pdf", "counseling notes.pdf")


@pytest_asyncio.fixture(loop_scope="session")
async def scene(tmp_path):
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene:
        await scene.consent()
        yield scene


@pytest_asyncio.fixture(loop_scope="session")
async def rosa(seat):
    return await seat("rosa", "staff", organizations=("harbor",))


def chosen(tmp_path):
    for name in FILES:
        (tmp_path / name).write_bytes(b"%PDF-1.7 " + name.encode())
    return [tmp_path / name for name in FILES]


async def test_a_packet_is_sent_in_three_clicks_and_its_page_says_by_itself_that_it_arrived(rosa, scene, tmp_path):
    page, clicks = rosa.page, 0
    await rosa.open("/desk/packets/new")
    await page.wait_for_function(CIN_IS_NEXT)
    await page.keyboard.type(CIN)
    await page.get_by_label("To whom").fill("lantern")
    await page.get_by_label("Documents").set_input_files(chosen(tmp_path))
    clicks += 1  # the files
    await page.get_by_role("button", name="See what would go").click()
    clicks += 1
    assert "2 of 3 go" in await rosa.words()
    await page.get_by_role("button", name="Send it now").click()
    clicks += 1
    await page.locator("main").get_by_text("Waits to leave", exact=True).wait_for()
    assert clicks <= MOST_CLICKS
    await scene.dispatch_all()
    await page.locator("main").get_by_text("Arrived", exact=True).wait_for()
    assert CIN not in page.url
    assert rosa.refused == []


async def test_a_file_with_a_long_name_makes_no_page_wider_than_a_telephone(seat, tmp_path):
    seated = await seat("rosa", "staff", width=360, organizations=("harbor",))
    long = tmp_path / f"{'scan_of_the_' * 9}assessment.pdf"
    long.write_bytes(b"%PDF-1.7 a page")
    await seated.open("/desk/packets/new")
    await seated.page.wait_for_function(CIN_IS_NEXT)
    await seated.page.keyboard.type(CIN)
    await seated.page.get_by_label("To whom").fill("lantern")
    await seated.page.get_by_label("Documents").set_input_files(long)
    await seated.page.get_by_role("button", name="See what would go").click()
    for role, name in (("link", "Change whom"), ("button", "See what would go"), ("button", "Send it now")):
        await seated.page.get_by_role(role, name=name).wait_for()
        assert await seated.page.evaluate("document.documentElement.scrollWidth") <= 360
        await seated.page.get_by_role(role, name=name).click()
    await seated.page.locator("main").get_by_text("Waits to leave", exact=True).wait_for()
    assert await seated.page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_it_is_sent_and_taken_back_by_keyboard_alone(rosa, tmp_path):
    keys = Keys(rosa.page, rosa.account.base)
    await keys.go("/desk/me")
    await keys.page.keyboard.press("g")
    await keys.page.keyboard.press("s")
    await keys.page.wait_for_url("**/desk/packets")
    await keys.follow("Send a packet")
    await keys.page.wait_for_function(CIN_IS_NEXT)
    await keys.page.keyboard.type(CIN)
    await keys.reach("recipient")
    await keys.page.keyboard.type("lantern")
    await keys.page.keyboard.press("Escape")
    await keys.page.get_by_label("Documents").set_input_files(chosen(tmp_path))
    await keys.follow("See what would go")
    await keys.follow("Send it now")
    await keys.follow("Take it back")
    assert "You took it back" in await keys.words()
    assert keys.unseen == []


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (360, "es")])
async def test_the_pages_at_two_widths_in_two_languages(rosa, scene, tmp_path, width, language):
    page = rosa.page
    await page.set_viewport_size({"width": width, "height": 900})

    async def looked(name):
        assert (name, await faults(page)) == (name, [])
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert len(await page.content()) < MOST_BYTES

    await accounts.speak(scene.hub, rosa.account.person, language)
    await rosa.open("/desk/packets/new")
    await looked("form")
    await page.locator("#f-cin").fill("00000000A")
    await page.locator("#f-recipient").fill("lantern")
    await page.locator("main form button").click()
    await page.locator("#x-files").wait_for()
    await looked("errors")
    await page.locator("#f-cin").fill(CIN)
    await page.locator("#f-files").set_input_files(chosen(tmp_path))
    await page.locator("main form button").click()
    await page.locator("button[value=send]").wait_for()
    await looked("preview")
    await page.locator("button[value=send]").click()
    await page.locator("#copies").wait_for()
    await looked("receipt")
    await scene.dispatch_all()
    await rosa.open("/desk/packets")
    await looked("list")
    assert packets.PAGE >= await page.locator("tbody tr").count() == 1


@pytest.mark.parametrize("width", [1280, 360])
async def test_a_packet_is_kept_until_it_is_signed_by_keyboard_and_its_pages_have_no_grave_fault(
    seat, scene, tmp_path, width
):
    rosa = await seat("rosa", "staff", width=width, organizations=("harbor",))
    keys = Keys(rosa.page, rosa.account.base)
    await rosa.open("/desk/packets/new")
    await rosa.page.wait_for_function(CIN_IS_NEXT)
    await rosa.page.keyboard.type(CIN)
    await rosa.page.get_by_label("To whom").fill("sunrise")
    await rosa.page.get_by_label("Documents").set_input_files(chosen(tmp_path))
    await rosa.page.get_by_role("button", name="See what would go").click()
    await rosa.page.get_by_role("heading", name="What a warm handoff needs").wait_for()
    assert await faults(rosa.page) == []
    assert await rosa.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await keys.press("Keep it until signed", tag="button")
    await rosa.page.locator("main").get_by_text("Waits for a consent", exact=True).wait_for()
    assert await faults(rosa.page) == []
    assert await scene.dispatch_all() == []
    assert (keys.unseen, rosa.refused) == ([], [])
