"""What changes on a page is said to whoever does not see it, by a region that was there before the change."""

import re

from tests.scenes import Scene

REGION = "#announced"


async def said(seat, pattern: str) -> str:
    region = seat.page.locator(REGION).filter(has_text=re.compile(pattern))
    await region.wait_for(state="attached")
    return (await region.inner_text()).strip()


async def kept(seat) -> None:
    """Mark the region: it must be this very one that speaks."""
    await seat.page.evaluate("document.getElementById('announced').dataset.mark = 'here'")


async def speaks(seat, pattern: str) -> None:
    await said(seat, pattern)
    assert await seat.page.locator(f"{REGION}[role=status][data-mark=here]").count() == 1


async def test_what_a_filter_leaves_is_said_by_the_region_that_was_there(seat):
    ana = await seat("ana", "compliance")
    await ana.open("/desk/log")
    assert await ana.page.locator(REGION).inner_text() == ""
    await kept(ana)
    await ana.page.get_by_label("Outcome", exact=True).select_option("withheld")
    await speaks(ana, r"Entries shown: 1\.")
    await ana.page.get_by_label("Outcome", exact=True).select_option("unknown")
    await speaks(ana, "Nothing fits these filters")


async def test_the_next_page_is_said_although_it_says_the_same(seat, scene: Scene, monkeypatch):
    monkeypatch.setattr("hub.desk.queues.LIMIT", 1)
    await scene.next_member()
    await scene.consent(verified=False)
    for key in ("k3", "k4"):
        await scene.submit(key)
    ana = await seat("ana", "compliance")
    await ana.open("/desk/work?queue=holds")
    await kept(ana)
    for _ in range(2):
        await ana.page.evaluate("document.getElementById('announced').textContent = ''")
        await ana.page.get_by_role("link", name="Next page").click()
        await speaks(ana, "1 of 3")


async def test_a_proof_that_was_computed_is_said(seat):
    ana = await seat("ana", "compliance")
    await ana.page.locator("tbody a.when").last.click()
    await ana.page.wait_for_url(re.compile(r"/desk/log/\d+$"))
    await kept(ana)
    await ana.page.get_by_role("link", name="Verify now").click()
    await speaks(ana, "Nothing was changed")


async def test_what_came_with_a_page_is_said_once_it_is_there(seat):
    ana = await seat("ana", "compliance")
    await ana.open("/desk/log?unkept=yes")
    assert await said(ana, ".+")
