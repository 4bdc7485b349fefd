"""Matching a fax that came in, by keyboard alone; the same pages for readers of Spanish, narrow screens and axe."""

import re

import pytest
import pytest_asyncio

from adapters.mllp.message import Message
from adapters.mllp.reading import read
from hub.arrivals import Arrival
from hub.inbound.keep import keep
from hub.inbound.reception import settle_taken
from hub.model import now_us
from hub.storage.tables import Submission
from tests.browser.test_accessible import faults
from tests.hubs import ZONE
from tests.integration.test_inbound_fax import a_fax
from tests.integration.test_v2_path import HARBOR
from tests.scenes import BORN, CIN, NAME
from tests.unit.adapters.mllp.messages import adt


@pytest_asyncio.fixture(loop_scope="session")
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
    await page.locator("main").get_by_text("Handed in").wait_for()
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


def a_message(trigger, control, *more, visit="V-1001"):
    """As Harbor House's system sends it, about the member of the scene."""
    raw = adt(
        trigger,
        name=f"{NAME[1]}^{NAME[0]}",
        born=BORN.replace("-", ""),
        cin=CIN,
        control=control,
        visit=visit,
        more=more,
    )
    return read(Message.read(raw), raw, zone=ZONE, now=now_us(), peer=HARBOR).arrival


async def test_news_of_a_visit_is_attached_to_its_notice(seat, scene):
    await keep(scene.hub, a_message("A01", "M1"))
    await settle_taken(scene.hub)
    before = len(await scene.rows(Submission.id))
    update = await keep(scene.hub, a_message("A08", "M2", "PV2|" + "|" * 21 + "Y"))
    await settle_taken(scene.hub)
    ana = await seat("ana", "compliance")
    page = ana.page
    await page.goto(page.url.split("/desk")[0] + f"/desk/inbound/{update.id}")
    await page.get_by_role("heading", name="What it belongs to").wait_for()
    assert f"{NAME[0]} {NAME[1]}" in await ana.words()
    assert await faults(page) == []
    await page.get_by_label("An earlier notice or referral").select_option(index=0)
    await page.get_by_role("button", name="It belongs to this").click()
    await page.locator("main").get_by_text("Handed in").wait_for()
    assert len(await scene.rows(Submission.id)) == before + 1
