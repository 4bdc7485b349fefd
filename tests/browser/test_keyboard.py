"""An officer's week with the keyboard alone, in one sitting: no pointer is ever used, and focus is always to be seen.

Whatever is reached is reached by Tab from the top of its page, as somebody does who has no other way.
"""

import re
from dataclasses import replace

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Page

from hub.model import ChannelKind, Endpoint
from hub.storage.directory import Organization
from policies.model import Agreement
from policies.vocabulary import QSO_SERVICES
from tests.disclosures import EMERGENCY, disclose
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


@pytest_asyncio.fixture(loop_scope="session")
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

    async def mend(self, said: str, text: str) -> None:
        """The focus stands in the field that is wrong, and what is wrong is said with it; type something else."""
        stands = self.page.locator("[aria-invalid=true]:focus")
        described = await stands.get_attribute("aria-describedby")
        assert await self.page.locator(f"#{described}").inner_text() == said
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.type(text)

    async def words(self) -> str:
        return " ".join((await self.page.locator("main").inner_text()).split())


@pytest_asyncio.fixture(loop_scope="session")
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
    await keys.follow("Change something")
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


async def test_a_complaint_a_restriction_and_a_suspension_from_their_forms_to_their_ends(keys, scene):
    page = keys.page
    await keys.go("/desk/registers")
    await keys.follow("New complaint")
    await keys.fill(organization="Harbor", received_at="01202026", what="A letter lay open", who="A neighbour")
    await keys.fill(member="nobody")
    await keys.follow("Enter it")
    await keys.mend("Nobody with this CIN or id is known to this organization.", CIN)
    await keys.follow("Enter it")
    await keys.follow("Take it")
    await keys.fill(reason="She was called")
    await keys.follow("Add the note")
    await keys.press("Answer it", tag="summary")
    await keys.fill(outcome="Upheld", reason="The shelf is locked now")
    await keys.follow("Answer it", tag="button")
    assert "Upheld" in await page.locator(".answer").inner_text()
    await keys.go("/desk/registers/new/restriction")
    await keys.fill(organization="Harbor", member="nobody", received_at="01202026", against="Lantern")
    await page.keyboard.press("Shift+ArrowDown")
    chosen = await page.locator("select[name=against]").evaluate("list => [...list.selectedOptions].map(o => o.value)")
    await keys.fill(information="the whole", asked="Not my employer")
    await keys.follow("Enter it")
    back = await page.locator("select[name=against]").evaluate("list => [...list.selectedOptions].map(o => o.value)")
    assert len(chosen) == 2
    assert back == chosen
    await keys.mend("Nobody with this CIN or id is known to this organization.", CIN)
    await keys.follow("Enter it")
    await keys.press("End it", tag="summary")
    await keys.fill(ended_by="the patient", reason="Too early")
    await keys.follow("End it", tag="button")
    assert "Nothing was agreed to yet" in await keys.words()
    await keys.press("Agree", tag="summary")
    await keys.fill(reason="She asked for it in writing")
    await keys.follow("Agree", tag="button")
    assert "Agreed" in await page.locator(".answer").inner_text()
    await keys.press("End it", tag="summary")
    await keys.fill(ended_by="the patient", reason="She called")
    await keys.follow("End it", tag="button")
    assert "Ended" in await page.locator(".answer").inner_text()
    police = Organization(id="county-police", name="County Police", roles=frozenset({"law_enforcement"}))
    await scene.hub.directory.put_organization(police, by="county", at=scene.hub.clock.now())
    await keys.go("/desk/registers/new/suspension")
    await keys.fill(organization="Harbor", member=CIN, agency="County P", received_at="01202026")
    await keys.fill(statement="It would impede the inquiry", until="12312099")
    await keys.follow("Enter it")
    assert "Agency County Police Until the end of Dec 31, 2099" in await keys.words()
    await keys.press("End it", tag="summary")
    await keys.fill(reason="The agency called")
    await keys.follow("End it", tag="button")
    await keys.go("/desk/registers/new/suspension")
    assert "Name of the agency" not in await keys.words(), "asked only of one that is not listed"
    await keys.fill(organization="Harbor", member=CIN, agency="An agency")
    await keys.fill(**{"somebody.role": "a law", "somebody.address": "1 Mill Lane, Meridian"})
    await keys.fill(received_at="01202026", statement="It would impede the inquiry")
    await keys.follow("Enter it")
    await keys.mend("Fill this in.", "Meridian Sheriff")
    await keys.follow("Enter it")
    assert "Name of the agency Meridian Sheriff Its address 1 Mill Lane, Meridian" in await keys.words()
    await keys.press("End it", tag="summary")
    await keys.fill(reason="The agency called")
    await keys.follow("End it", tag="button")
    assert "Ended" in await page.locator(".answer").inner_text()


async def an_emergency(scene):
    """Disclosed by Harbor House to an emergency room, through the county that runs the hub for it."""
    directory, now = scene.hub.directory, scene.hub.clock.now()
    await directory.put_agreement(Agreement("hub", "qsoa", "harbor", "county", min(QSO_SERVICES)), by="county", at=now)
    room = Organization(id="emergency-room", name="Emergency Room", roles=frozenset({"provider", "medical_personnel"}))
    await directory.put_organization(room, by="county", at=now)
    way = Endpoint(id="room", organization=room.id, channel=ChannelKind.API, address="https://room.example/")
    way = msgspec.structs.replace(way, form="sealed", verified_at=now)
    await directory.put_endpoint(way, verified_by="county", by="county", at=now)
    await disclose(scene, room.id, "medications", key="k3", kind="emergency_disclosure", emergency=EMERGENCY)
    assert await scene.dispatch_all() == ["delivered"]


async def test_an_emergency_and_an_emergency_access_are_reviewed(keys, desk, scene):
    page = keys.page
    night = await desk.somebody("night", "administrator")
    fields = {"cin": CIN, "reason": "medical_emergency", "words": "Unresponsive", "understood": "yes"}
    await night.get("/desk/glass")
    assert (await night.post("/desk/glass", fields)).status == 303
    await an_emergency(scene)
    await keys.go("/desk/work")
    await keys.follow("Emergencies")
    await keys.follow("Review of an emergency")
    told = await keys.words()
    stated = (EMERGENCY[name] for name in ("nature", "recipient_facility", "discloser_name"))
    for words in ("Who found it A clinician", *stated):
        assert words in told
    await keys.follow("Take it")
    await keys.fill(note="  ")
    await keys.follow("Add the note")
    await keys.mend("A note has 1 to 4000 characters.", "Read with the nurse")
    await keys.follow("Add the note")
    assert "Read with the nurse" in await keys.words()
    await keys.fill(reason="Reviewed")
    await keys.follow("Settle")
    assert "Reviewed" in await page.locator(".answer").inner_text()
    await keys.go("/desk/work")
    await keys.follow("Emergency access")
    await keys.follow("Emergency access$")
    assert "Unresponsive" in await keys.words()
    await keys.fill(reason="Reviewed", note="She was on call")
    await keys.follow("Settle")
    assert "Reviewed" in await page.locator(".answer").inner_text()
    assert "She was on call" in await keys.words()
