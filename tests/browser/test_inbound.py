"""Matching a fax that came in, by keyboard alone; the same pages for readers of Spanish, narrow screens and axe."""

import re

import pytest

from hub.arrivals import Arrival
from hub.inbound.keep import keep
from hub.inbound.reception import settle_taken
from hub.storage.tables import Submission
from tests.browser.test_accessible import faults
from tests.integration.test_inbound_fax import a_fax
from tests.scenes import CIN


@pytest.fixture
async def inbound(scene):
    fax = Arrival(
        channel="fax", key="fax 1", raw=a_fax(), media_type="image/tiff", claimed="707 555 0100",
        trouble="fax.unmatched",
    )  # fmt: skip
    kept = await keep(scene.hub, fax)
    await settle_taken(scene.hub)
    return kept.id


async def type_at(page, label, text):
    """Reach a field by its label's focus, as a keyboard does, and type."""
    await page.get_by_label(label, exact=True).focus()
    await page.keyboard.type(text)


async def test_a_fax_is_matched_by_keyboard_alone(seat, scene, inbound):
    ana = await seat("ana", "compliance")
    page = ana.page
    await page.keyboard.press("g")
    await page.keyboard.press("i")
    await page.wait_for_url("**/desk/inbound")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/desk/inbound/\w+$"))
    picture = page.get_by_role("img", name="Page 1 of 2")
    await page.wait_for_load_state("networkidle")
    assert await picture.evaluate("image => image.naturalWidth") == 1728
    assert await faults(page) == []
    await type_at(page, "Sent by", "Harbor House")
    await type_at(page, "CIN", CIN)
    await type_at(page, "What it is", "Status")
    await type_at(page, "For whom", "Lantern")
    await page.get_by_label("CIN", exact=True).focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="What would happen").wait_for()
    assert "All of it would go" in await ana.words()
    assert CIN not in page.url
    assert await faults(page) == []
    before = len(await scene.rows(Submission.id))
    await page.get_by_role("button", name="Hand it in").focus()
    await page.keyboard.press("Enter")
    await page.get_by_text("Handed in").wait_for()
    assert len(await scene.rows(Submission.id)) == before + 1
    assert ana.refused == []


@pytest.mark.parametrize("width", [1366, 360])
async def test_the_pages_of_what_came_in_fit_and_hold_no_grave_fault(seat, inbound, width):
    ana = await seat("ana", "compliance", width=width)
    for path in ("/desk/inbound", "/desk/inbound?state=closed&channel=fax", f"/desk/inbound/{inbound}"):
        await ana.open(path)
        assert (path, await faults(ana.page)) == (path, [])
        assert await ana.page.evaluate("document.documentElement.scrollWidth") <= width


async def test_what_came_in_speaks_spanish(seat, inbound):
    ana = await seat("ana", "compliance")
    await ana.open(f"/desk/inbound/{inbound}?lang=es")
    told = await ana.words()
    for words in ("Llegó un fax", "Un fax no prueba ni quién lo envió ni de quién trata.", "Página 1 de 2"):
        assert words in told
