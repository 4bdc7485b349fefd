"""The intake worker of the receiving program, without a pointer: the four answers; and the pages by axe's rules."""

import msgspec
import pytest

from hub.desk import answers, referrals
from hub.desk.answers import Answer
from hub.web.pages import times
from tests.browser.test_accessible import faults
from tests.browser.test_keyboard import Keys
from tests.scenes import FORM, a_scene

BACK = msgspec.structs.replace(FORM, discloser=("lantern",), recipients=("harbor",))
A_MINUTE_US, A_DAY_US = 60_000_000, 86_400_000_000


@pytest.fixture
async def scene(tmp_path):
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}", recipients=("lantern", "harbor")) as scene:
        await scene.consent()
        await scene.consent(BACK)
        await scene.submit("r1", priority="urgent")
        await scene.submit("r2")
        await scene.dispatch_all()
        yield scene


@pytest.fixture
async def iris(seat):
    return await seat("iris", "staff", organizations=("lantern",))


@pytest.fixture
async def keys(iris):
    keys = Keys(iris.page, iris.account.base)
    yield keys
    assert keys.unseen == []
    assert iris.refused == []


async def test_a_referral_is_accepted_and_given_a_time_by_keyboard_alone(keys, scene):
    await keys.go("/desk/me")
    await keys.page.keyboard.press("g")
    await keys.page.keyboard.press("f")
    await keys.page.wait_for_url("**/desk/referrals")
    await keys.follow("Marisol")
    assert "All of it would go" in await keys.words()
    await keys.follow("Accept")
    assert "A time for the first visit" in await keys.words()
    visit = times.local(scene.hub.clock.now() + 30 * A_DAY_US, scene.hub.zone)
    await keys.reach("slot")
    await keys.page.keyboard.type(f"{visit:%m%d%Y}")
    await keys.page.keyboard.press("ArrowRight")
    await keys.page.keyboard.type("1030am")
    await keys.follow("Propose this time")
    assert f"{visit:%b} {visit.day}, {visit.year}, 10:30 am" in await keys.words()
    assert "Whether the person came" in await keys.words()


async def test_who_did_not_come_who_came_and_who_is_declined_by_keyboard_alone(keys, scene):
    hub = scene.hub
    first = (await referrals.waiting(hub, "lantern"))[0].share
    soon = hub.clock.now() + A_MINUTE_US
    await answers.give(hub, first, Answer(1, "slot", slot=soon), by="lantern/another")
    hub.clock.ahead += 2 * A_MINUTE_US
    await keys.go(f"/desk/referrals/{first.id}")
    await keys.follow("The person did not come")
    assert "Propose another time" in await keys.words()
    await keys.follow("The person came")
    await keys.go("/desk/referrals")
    await keys.follow("Marisol")
    await keys.fill(reason="No room")
    await keys.follow("Decline")
    assert "Declined" in await keys.words()
    await keys.go("/desk/referrals")
    assert "Nothing waits for you here." in await keys.words()


@pytest.mark.parametrize("width", [1280, 360])
async def test_no_page_of_referrals_has_a_grave_fault_or_is_wider_than_its_screen(seat, width):
    iris = await seat("iris", "staff", organizations=("lantern",), width=width)
    for path in ("/desk/referrals", "/desk/referrals?waits=closed", "/desk/notices"):
        await iris.open(path)
        assert (path, await faults(iris.page)) == (path, [])
    await iris.open("/desk/referrals")
    await iris.page.locator("tbody a").first.click()
    await iris.page.wait_for_url("**/desk/referrals/*")
    assert await faults(iris.page) == []
    assert await iris.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
