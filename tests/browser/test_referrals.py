"""The intake worker of the receiving program, without a pointer: the four answers; and the pages by axe's rules."""

import msgspec
import pytest
import pytest_asyncio

from hub.desk import answers, referrals
from hub.desk.answers import Answer
from hub.model import ChannelKind, Endpoint
from hub.storage.facts import instant
from hub.web.pages import times
from tests.browser.test_accessible import faults
from tests.browser.test_keyboard import Keys
from tests.scenes import FORM, a_scene

BACK = msgspec.structs.replace(FORM, discloser=("lantern",), recipients=("harbor",))
A_MINUTE_US, A_DAY_US = 60_000_000, 86_400_000_000


@pytest_asyncio.fixture(loop_scope="session")
async def scene(tmp_path):
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}", recipients=("lantern", "harbor")) as scene:
        await scene.consent()
        await scene.consent(BACK)
        await scene.submit("r1", priority="urgent")
        await scene.submit("r2")
        await scene.dispatch_all()
        yield scene


@pytest_asyncio.fixture(loop_scope="session")
async def iris(seat):
    return await seat("iris", "staff", organizations=("lantern",))


@pytest_asyncio.fixture(loop_scope="session")
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


@pytest_asyncio.fixture(loop_scope="session")
async def told(scene):
    """Sunrise Plan was told of a discharge yesterday."""
    endpoint = Endpoint(
        id="sunrise-api", organization="sunrise", channel=ChannelKind.API, address="https://sunrise.example/inbox",
        form="sealed", verified_at=scene.hub.clock.now(),
    )  # fmt: skip
    await scene.hub.directory.put_endpoint(endpoint, verified_by="county", by="county", at=scene.hub.clock.now())
    await scene.consent(msgspec.structs.replace(FORM, recipients=("sunrise",)))
    at = instant(scene.hub.clock.now() - A_DAY_US).isoformat()
    notice = {"items": ({"information": "attendance"},), "event": {"kind": "discharge", "at": at}}
    await scene.submit("n1", recipients=("sunrise",), kind="discharge_notice", **notice)
    assert await scene.dispatch_all() == ["delivered"]


async def test_whoever_was_discharged_is_called_by_keyboard_alone(seat, scene, told):
    cora = await seat("cora", "staff", organizations=("sunrise",))
    keys = Keys(cora.page, cora.account.base)
    await keys.go("/desk/notices?call=open")
    await keys.press("Discharged", tag="a")
    await cora.page.wait_for_url("**/desk/notices/*")
    await keys.press("No answer", tag="button")
    await cora.page.locator("main").get_by_text("calls tried: 1").wait_for()
    await keys.press("I reached the person", tag="button")
    await cora.page.locator("main").get_by_text("Called", exact=True).wait_for()
    await keys.go("/desk/notices?call=open")
    assert "Nothing fits this choice." in await keys.words()
    assert (keys.unseen, cora.refused) == ([], [])


@pytest.mark.parametrize("width", [1280, 360])
async def test_the_page_of_a_notice_has_no_grave_fault_and_is_no_wider_than_its_screen(seat, told, width):
    cora = await seat("cora", "staff", organizations=("sunrise",), width=width)
    await cora.open("/desk/notices")
    await cora.page.locator("tbody a").first.click()
    await cora.page.wait_for_url("**/desk/notices/*")
    for each in ("Voicemail, nothing said about care", "I reached the person"):
        await cora.page.get_by_role("button", name=each).click()
        await cora.page.locator("main").get_by_text("The call is kept.").first.wait_for()
    assert await faults(cora.page) == []
    assert await cora.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
