"""A compliance officer's week, in a browser: what is found, opened, proved, let go, answered, exported."""

import re

from playwright.async_api import Response

from hub.desk.queues import LIMIT
from hub.people.sessions import IDLE_US
from hub.storage.database import Unit
from hub.storage.tables import Outbox
from hub.waiting.work import open_work
from tests.desk import PASSWORD
from tests.scenes import CIN

PAGES = (
    "/desk/log", "/desk/work", "/desk/registers", "/desk/registers/new/accounting", "/desk/registers/new/breach",
    "/desk/charts", "/desk/audit", "/desk/me",
)  # fmt: skip


async def test_who_got_what_about_this_person_why_under_which_paper_with_proof(seat):
    ana = await seat("ana", "compliance")
    await ana.page.keyboard.press("/")
    await ana.page.keyboard.type(CIN)
    await ana.page.keyboard.press("Enter")
    await ana.page.wait_for_url("**/desk/log?member=*")
    assert CIN not in ana.page.url
    await ana.page.get_by_role("row").filter(has_text="Disclosed").get_by_role("link").first.click()
    await ana.page.wait_for_url(re.compile(r"/desk/log/\d+$"))
    told = await ana.words()
    for words in ("Harbor House disclosed assessment to Lantern Outpatient", "The consent as it stood", "§2.33(a)(1)"):
        assert words in told
    await ana.page.get_by_role("link", name="Verify now").click()
    await ana.page.locator("main").get_by_text("Nothing was changed").wait_for()
    assert re.search(r"/desk/log/\d+$", ana.page.url)
    await ana.page.get_by_role("button", name="Show who it is").click()
    await ana.page.locator("main").get_by_text("Quintanar").wait_for()
    assert "Quintanar" not in await ana.page.title()
    assert ana.refused == []


async def test_filters_narrow_without_leaving_the_page_and_stand_in_the_address(seat):
    ana = await seat("ana", "compliance")
    await ana.page.get_by_label("Outcome").select_option("withheld")
    await ana.page.wait_for_url("**outcome=withheld*")
    await ana.page.locator("#results").get_by_text("Entries shown: 1.").wait_for()
    assert await ana.page.locator("tbody tr").count() == 1
    await ana.page.go_back()
    await ana.page.locator("#results").get_by_text("Entries shown: 3.").wait_for()
    assert ana.refused == []


async def test_the_days_of_the_log_are_drawn_and_lead_to_a_day(seat):
    ana = await seat("ana", "compliance")
    await ana.page.locator(".timeline a").last.click()
    await ana.page.wait_for_url("**since=*until=*")
    assert await ana.page.locator("tbody tr").count() == 3


async def test_a_hold_is_let_go_by_a_second_person(seat, scene):
    ana, leo = await seat("ana", "compliance"), await seat("leo", "privacy")
    await ana.page.get_by_role("link", name="Work", exact=True).click()
    await ana.page.get_by_role("link", name="Held packet").click()
    await ana.page.get_by_role("button", name="Propose the release").click()
    await ana.page.locator("main").get_by_text("Another person must confirm it.").wait_for()
    await leo.page.goto(ana.page.url)
    await leo.page.get_by_role("button", name="Confirm the release").click()
    await leo.page.locator(".answer").get_by_text("by Leo,").wait_for()
    states = {state for _, state in await scene.rows(Outbox.id, Outbox.state)}
    assert "held" not in states


async def test_an_accounting_is_entered_previewed_and_its_letter_opened(seat):
    ana = await seat("ana", "privacy")
    await ana.page.keyboard.press("g")
    await ana.page.keyboard.press("r")
    await ana.page.get_by_role("link", name="New accounting request").click()
    await ana.page.get_by_label("Organization that answers for it").select_option("harbor")
    await ana.page.get_by_label("Person (CIN or id)").fill(CIN)
    await ana.page.get_by_label("Received on").fill("2026-01-20")
    await ana.page.get_by_label("Which disclosures").select_option("all")
    await ana.page.get_by_role("button", name="Enter it").click()
    await ana.page.get_by_role("heading", name="What the letter would list now").wait_for()
    assert "Lantern Outpatient" in await ana.words()
    address = await ana.page.get_by_role("link", name="Open the letter (PDF)").get_attribute("href")
    letter = await ana.page.request.get(ana.account.base + address)
    assert (await letter.body()).startswith(b"%PDF")


async def test_what_is_shown_is_exported(seat):
    ana = await seat("ana", "auditor")
    await ana.page.get_by_text("Export", exact=True).click()
    async with ana.page.expect_download() as waiting:
        await ana.page.get_by_role("link", name="CSV").click()
    content = (await (await waiting.value).path()).read_text()
    assert content.count("\n") == 4


async def test_the_keyboard_alone_reaches_and_opens_a_row(seat):
    ana = await seat("ana", "compliance")
    await ana.page.keyboard.press("?")
    assert await ana.page.get_by_role("dialog").is_visible()
    await ana.page.keyboard.press("Escape")
    await ana.page.keyboard.press("j")
    await ana.page.keyboard.press("j")
    await ana.page.keyboard.press("Enter")
    await ana.page.wait_for_url(re.compile(r"/desk/log/\d+$"))
    await ana.page.keyboard.press("Tab")
    assert await ana.page.evaluate("document.activeElement.className") == "skip"


async def test_at_360_pixels_nothing_is_cut_off(seat):
    ana = await seat("ana", "compliance", width=360)
    for path in (*PAGES, "/desk/log?outcome=disclosed"):
        await ana.open(path)
        wide = await ana.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, path
    await ana.page.locator("tbody a").first.click()
    await ana.page.wait_for_url(re.compile(r"/desk/log/\d+$"))
    assert await ana.page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_every_page_speaks_spanish(seat):
    ana = await seat("ana", "compliance")
    await ana.page.get_by_text("Ana", exact=True).click()
    await ana.page.get_by_role("button", name="Español").click()
    await ana.page.get_by_role("heading", name="Divulgaciones").wait_for()
    for path, words in (("/desk/work", "Trabajo"), ("/desk/registers", "Registros"), ("/desk/charts", "Gráficas")):
        await ana.open(path)
        assert await ana.page.get_by_role("heading", name=words, exact=True).is_visible()
        assert await ana.page.evaluate("document.documentElement.lang") == "es"


async def test_without_scripts_the_same_is_done_more_slowly(seat):
    ana = await seat("ana", "compliance", java_script_enabled=False)
    await ana.page.get_by_label("Outcome").select_option("disclosed")
    await ana.page.get_by_role("button", name="Show").click()
    await ana.page.locator("tbody a").first.click()
    await ana.page.get_by_role("link", name="Verify now").click()
    assert "Nothing was changed" in await ana.words()


async def test_a_first_look_weighs_under_a_hundred_kilobytes_and_needs_nothing_from_elsewhere(chromium, desk):
    page = await (await chromium.new_context()).new_page()
    answers: list[Response] = []

    def heard(answer: Response) -> None:
        answers.append(answer)

    page.on("response", heard)
    await page.goto(desk.base + "/desk/sign-in", wait_until="networkidle")
    sizes = [len(await answer.body()) for answer in answers if answer.status == 200]
    assert sum(sizes) < 100_000
    assert all(answer.url.startswith(desk.base) for answer in answers)


async def test_the_locked_screen_shows_nothing(seat, scene):
    ana = await seat("ana", "compliance")
    await ana.page.get_by_text("Ana", exact=True).click()
    await ana.page.get_by_role("button", name="Lock the screen").click()
    await ana.page.get_by_role("heading", name="Locked").wait_for()
    assert "Harbor" not in await ana.page.content()
    await ana.page.go_back()
    assert "Lantern" not in await ana.words()


async def test_a_form_sent_on_a_locked_screen_is_sealed_there_and_sent_after_unlocking(seat, scene):
    ana = await seat("ana", "compliance")
    page = ana.page
    scene.hub.clock.ahead += IDLE_US + 1_000_000
    await page.keyboard.press("/")
    await page.keyboard.type(CIN)
    await page.keyboard.press("Enter")
    for typed in ("not the password", PASSWORD):
        await page.get_by_role("heading", name="Locked").wait_for()
        await page.locator("main").get_by_text("is kept for an hour, sealed").wait_for()
        assert CIN not in await page.content()
        await page.get_by_label("Password").fill(typed)
        async with page.expect_navigation():
            await page.get_by_role("button", name="Unlock").click()
    await page.get_by_role("button", name="Send it").click()
    await page.wait_for_url("**/desk/log?member=*")


async def test_a_passkey_is_added_and_signs_in(chromium, desk):
    account = await desk.somebody("ana", "compliance")
    context = await chromium.new_context()
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    base = desk.base.replace("127.0.0.1", "localhost")

    async def up_to_the_second_step() -> None:
        await page.goto(base + "/desk/me")
        await page.get_by_label("Email address").fill("ana@desk.test")
        await page.get_by_label("Password").fill("a quiet river at noon")
        await page.get_by_role("button", name="Go on").click()

    await up_to_the_second_step()
    await page.get_by_label("Code").fill(account.code())
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Add a passkey").click()
    await page.locator("main").get_by_text(re.compile("^Added ")).wait_for()
    await page.get_by_role("button", name="Sign out on every device").click()
    await up_to_the_second_step()
    await page.get_by_role("button", name="Use a passkey instead").click()
    await page.get_by_role("heading", name="My account").wait_for()


async def test_a_long_list_of_work_is_paged_by_keyboard_alone(seat, scene):
    now = scene.hub.clock.now()
    steps = tuple(open_work("legal", "harbor", f"row-{n}", ("x",), now, due=now + n) for n in range(LIMIT + 4))
    await scene.hub.database.commit(Unit((), steps))
    ana = await seat("ana", "compliance")
    page = ana.page
    await page.keyboard.press("g")
    await page.keyboard.press("w")
    await page.locator("main").get_by_text(f"{LIMIT} of {LIMIT + 5}").wait_for()
    await page.keyboard.press("n")
    await page.locator("main").get_by_text(f"5 of {LIMIT + 5}").wait_for()
    focused = "document.activeElement.closest('[data-row]') === document.querySelector('[data-row]')"
    await page.wait_for_function(focused)
    await page.keyboard.press("p")
    await page.locator("main").get_by_text(f"{LIMIT} of {LIMIT + 5}").wait_for()
    await page.wait_for_function(focused)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/desk/work/\w+$"))
    assert ana.refused == []
