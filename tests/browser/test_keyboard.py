"""An officer's week with the keyboard alone, in one sitting: no pointer is ever used, and focus is always to be seen.

Whatever is reached is reached by Tab from the top of its page, as somebody does who has no other way.
"""

import re
from dataclasses import replace

import pytest
from playwright.async_api import Page

from tests.disclosures import EMERGENCY
from tests.scenes import CIN

MOST_TABS = 90
FOCUSED = """() => {
  const at = document.activeElement
  const label = at.labels && at.labels.length ? at.labels[0].innerText : at.getAttribute('aria-label') || at.innerText
  const style = getComputedStyle(at)
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
  const shown = ring || style.boxShadow !== 'none' || at.classList.contains('skip')
  return [at.tagName.toLowerCase(), (label || '').trim(), at.name || '', shown]
}"""


@pytest.fixture
async def scene(scene):
    """The county runs the hub."""
    scene.hub = replace(scene.hub, operator="county")
    return scene


class Keys:
    """Somebody without a pointer."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.unseen: list[str] = []

    async def go(self, path: str) -> None:
        """By the address bar."""
        await self.page.goto(self.base + path)

    async def reach(self, wanted: str, *, tag: str = "") -> None:
        """Tab on until what has this name, or this field, has the focus."""
        for _ in range(MOST_TABS):
            await self.page.keyboard.press("Tab")
            kind, label, name, shown = await self.page.evaluate(FOCUSED)
            if not shown and kind != "body":
                self.unseen.append(f"{self.page.url} {kind} {label}")
            if (name == wanted or re.match(wanted, label)) and tag in ("", kind):
                return
        pytest.fail(f"{wanted} is not reached by Tab on {self.page.url}")

    async def press(self, wanted: str, *, tag: str = "") -> None:
        """What stays on the page: a part that opens, a file that comes."""
        await self.reach(wanted, tag=tag)
        await self.page.keyboard.press("Enter")

    async def follow(self, wanted: str, *, tag: str = "") -> None:
        """What leads to another page, or to this one anew."""
        await self.reach(wanted, tag=tag)
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    async def fill(self, **fields: str) -> None:
        """Type into each field, in the page's order; a list is chosen from by typing its beginning."""
        for name, text in fields.items():
            await self.reach(name)
            await self.page.keyboard.type(text)

    async def tick(self, name: str) -> None:
        await self.reach(name)
        await self.page.keyboard.press("Space")

    async def words(self) -> str:
        return " ".join((await self.page.locator("main").inner_text()).split())


@pytest.fixture
async def keys(seat):
    ana = await seat("ana", "privacy")
    keys = Keys(ana.page, ana.account.base)
    yield keys
    assert keys.unseen == []
    assert ana.refused == []


async def test_the_registers_from_a_new_breach_to_its_letter_and_an_accounting_to_its_answer(keys):
    page = keys.page
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await page.wait_for_url("**/desk/registers")
    await keys.follow("New breach")
    await keys.fill(organization="Harbor", discovered_at="01202026", what="A fax went astray", members=CIN)
    await keys.follow("Enter it")
    await keys.follow("Take it")
    await keys.fill(reason="The reader called")
    await keys.follow("Add the note")
    assert "The reader called" in await keys.words()
    await keys.press("Write the letter", tag="summary")
    letter = dict.fromkeys(("what_happened", "kinds", "protect", "doing", "contact"), "A fax went to a shop.")
    await keys.fill(**letter)
    await keys.follow("Write the letter", tag="button")
    await keys.reach("English letter to")
    await keys.follow("It went out")
    assert "1 of 1 told" in await keys.words()
    await keys.go("/desk/registers/new/accounting")
    await keys.fill(organization="Harbor", member=CIN, received_at="01202026", scope="all")
    await keys.follow("Enter it")
    await keys.reach(re.escape("Open the letter (PDF)"))
    await keys.fill(reason="By mail")
    await keys.follow("It went out")
    assert "The request is answered." in await keys.words()
    await keys.go("/desk/registers?state=closed")
    assert "Answered" in await keys.words()


async def test_an_emergency_is_handed_in_and_the_glass_is_broken_and_closed(keys):
    await keys.go("/desk/emergencies/new")
    await keys.fill(organization="Harbor", recipient="Lantern", cin=CIN, kind="A medical")
    await keys.fill(determined_by_name=EMERGENCY["determined_by_name"])
    await keys.tick("determined")
    await keys.fill(consent="No", recipient_name="Dr. Fennimore", recipient_facility="Emergency Room")
    await keys.fill(discloser_name="Ana", information="medications", words="Buprenorphine 16 mg")
    await keys.follow("See what would go")
    assert "What Harbor House would give" in await keys.words()
    await keys.follow("Start again")
    await keys.go("/desk/glass")
    await keys.fill(cin=CIN)
    await keys.tick("reason")
    await keys.fill(words="Overdose at 02:10, unresponsive")
    await keys.tick("understood")
    await keys.follow("Open it")
    assert "Opened in an emergency" in await keys.words()
    await keys.follow("Close it now")
    await keys.page.wait_for_url("**/desk/log")


async def test_a_sample_with_its_evidence_an_export_and_the_review_of_an_emergency_access(keys):
    page = keys.page
    await keys.go("/desk/audit")
    await keys.fill(seed="4-17-23", count="2", since="01012026", until="12312029")
    async with page.expect_download() as pack:
        await keys.press("Draw")
    assert (await pack.value).suggested_filename == "sample.zip"
    await keys.go("/desk/log")
    await keys.press("Export", tag="summary")
    async with page.expect_download() as sheet:
        await keys.press("XLSX")
    assert (await sheet.value).suggested_filename == "disclosures.xlsx"
    async with page.expect_download() as paper:
        await keys.press("PDF")
    assert (await paper.value).suggested_filename == "disclosures.pdf"
    await keys.go("/desk/work")
    await keys.follow("Held packet")
    await keys.fill(note="The form came back")
    await keys.follow("Add the note")
    await keys.follow("Propose the release")
    assert "Another person must confirm it." in await keys.words()
