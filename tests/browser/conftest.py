"""A hub with something to see, served on the loopback, and the system's Chromium to see it with.

Chromium is never downloaded. Where it is missing the tests are skipped with the reason; under CI=true they fail.
"""

import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from hub.desk import projection
from hub.ledger.sequencer import Sequencer
from hub.people.accounts import EVERYBODY
from tests.desk import PASSWORD, Desk, a_desk
from tests.desk import Browser as Account
from tests.scenes import Scene, a_scene

PATHS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
OFFICE = ("county", EVERYBODY)
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these run on the one loop that the browser is driven from."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for the run: to start it takes as long as what most tests do with it."""
    found = next((path for path in PATHS if shutil.which(path)), None)
    if found is None:
        missing = "chromium is not on this machine (Debian's package chromium)"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def chromium(browser: Browser) -> AsyncIterator[Browser]:
    """As new for each test: whoever is in it has cookies and storage of their own, which are gone afterwards."""
    yield browser
    for context in browser.contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def scene(tmp_path) -> AsyncIterator[Scene]:
    """Harbor House's packet: one disclosure, one refusal; and another that waits for a person."""
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene:
        await scene.consent()
        await scene.submit("k1", recipients=("lantern", "sunrise"))
        await scene.dispatch_all()
        member = scene.member
        await scene.next_member()
        await scene.consent(verified=False)
        await scene.submit("k2")
        scene.member = member
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        await projection.catch_up(scene.hub)
        yield scene


@pytest_asyncio.fixture(loop_scope="session")
async def desk(scene) -> AsyncIterator[Desk]:
    async with a_desk(scene.hub) as desk:
        yield desk


class Seat:
    """Somebody in front of a screen."""

    def __init__(self, page: Page, account: Account) -> None:
        self.page = page
        self.account = account
        self.refused: list[str] = []
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self.refused.append(str(error)))

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error" and "status of 4" not in text:
            self.refused.append(text)

    async def open(self, path: str) -> None:
        """The page with what it fetches by itself once it is there."""
        await self.page.goto(self.account.base + path)
        await self.page.locator(".htmx-request, .htmx-settling").wait_for(state="detached")

    async def sign_in(self, email: str) -> None:
        """As a person does it: address, password, six digits."""
        await self.open("/desk/")
        await self.page.get_by_label("Email address").fill(email)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Go on").click()
        await self.page.get_by_label("Code").fill(self.account.code())
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.locator("nav").first.wait_for()
        await self.page.wait_for_url(re.compile(r"/desk/(log|people|me|referrals|notices)$"))

    async def words(self) -> str:
        return " ".join((await self.page.locator("main").inner_text()).split())


@pytest_asyncio.fixture(loop_scope="session")
async def seat(chromium, desk):
    """Makes a seat for a new account, signed in: `await seat("ana", "compliance")`."""

    async def seated(
        name: str, *roles: str, width: int = 1366, organizations: tuple[str, ...] = OFFICE, **options: object
    ) -> Seat:
        account = await desk.somebody(name, *roles, organizations=organizations)
        context = await chromium.new_context(viewport={"width": width, "height": 900}, **options)
        made = Seat(await context.new_page(), account)
        await made.sign_in(f"{name}@desk.test")
        return made

    return seated
