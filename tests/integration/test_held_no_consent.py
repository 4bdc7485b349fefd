"""What waits for nothing but a consent becomes work after a day: held, no consent. Nobody can release it."""

import asyncio
from dataclasses import replace

import pytest

from hub.errors import ConfigurationError, Conflict, Malformed
from hub.settings import read_settings
from hub.storage.tables import LedgerEntry, Outbox, WorkItem
from hub.waiting import items, lacking, proposals, withdrawal
from hub.workers import regular
from hub.workers.second_look import look_again
from tests.desk import a_desk
from tests.scenes import Scene

DAY_US = 86_400_000_000
PAGES = (
    ("en", "Crisis follow-up", "Which consent would carry it"),
    ("es", "Seguimiento de crisis", "Qué consentimiento lo dejaría salir"),
)


async def wait(scene: Scene, after_us: int = DAY_US) -> None:
    """A crisis follow-up that lacks only a consent; for so long."""
    await scene.submit("k0", kind="crisis_followup", recipients=("valley-clinic",))
    scene.hub.clock.ahead += after_us
    await tell(scene)


async def tell(scene: Scene) -> str:
    return await lacking.tell(scene.hub, scene.hub.clock.now(), "")


async def told(scene: Scene) -> list[tuple[str, str | None]]:
    rows = await scene.rows(WorkItem.kind, WorkItem.state, WorkItem.resolution)
    return [(state, why) for kind, state, why in rows if kind == lacking.KIND]


async def the_item(scene: Scene) -> str:
    ((work, _),) = await scene.rows(WorkItem.id, WorkItem.kind)
    return work


async def test_what_lacks_a_consent_for_a_day_is_told_once_whoever_looks(scene):
    await wait(scene)
    await asyncio.gather(*(tell(scene) for _ in range(4)))
    assert await told(scene) == [("open", None)]
    assert (await scene.rows(WorkItem.organization_id, WorkItem.kind))[0][0] == "harbor"


async def test_what_is_younger_than_a_day_is_not_told(scene):
    await wait(scene, DAY_US - 60_000_000)
    assert await told(scene) == []


async def test_the_consent_carries_it_and_the_item_closes_by_itself(scene):
    await wait(scene)
    await scene.consent()
    assert await told(scene) == [("open", None)]
    assert await scene.dispatch_all() == ["delivered"]
    assert await told(scene) == [("closed", "decided anew")]


async def test_a_second_look_that_finds_the_same_keeps_the_item_and_who_has_it(scene):
    await wait(scene)
    work = await the_item(scene)
    await items.assign(scene.hub, work, None, organization="harbor", by="harbor/ana")
    while await look_again(scene.hub, scene.hub.clock.now()):
        pass
    assert await scene.dispatch_all() == ["held"]
    await tell(scene)
    assert await scene.rows(WorkItem.id, WorkItem.state, WorkItem.assigned_to) == [(work, "open", "harbor/ana")]


async def test_what_waits_for_a_person_instead_is_a_hold_and_no_longer_lacks_a_consent(scene):
    await wait(scene)
    await scene.consent(verified=False)
    assert await scene.dispatch_all() == ["held"]
    assert await told(scene) == [("closed", "decided anew")]
    assert ("hold", "open") in await scene.rows(WorkItem.kind, WorkItem.state)


async def test_what_its_sender_takes_back_asks_nobody_for_a_consent_any_more(scene):
    await wait(scene)
    ((packet,),) = await scene.rows(Outbox.submission_id)
    await withdrawal.withdraw(scene.hub, packet, organization="harbor", by="harbor/pat")
    assert await told(scene) == [("closed", "withdrawn")]


async def test_nobody_releases_what_lacks_a_consent(scene):
    await wait(scene)
    work = await the_item(scene)
    with pytest.raises(Conflict, match="Only a consent"):
        await proposals.propose(scene.hub, work, "reviewed", organization="harbor", by="harbor/ana")
    with pytest.raises(Malformed):
        await items.close(scene.hub, work, "reviewed", organization="harbor", by="harbor/ana")
    assert (await told(scene), scene.channel.received) == ([("open", None)], [])


async def test_a_person_lets_it_be_on_its_page_and_no_consent_wakes_it(scene):
    await wait(scene)
    work = await the_item(scene)
    async with a_desk(scene.hub) as desk:
        ana = await desk.somebody("ana", "compliance")
        for language, what, says in PAGES:
            seen = await ana.get(f"/desk/work/{work}?lang={language}")
            assert says in seen.words
            assert what in seen.words
            assert "Valley" in seen.words
        assert "Held, no consent 1" in (await ana.get("/desk/work")).words
        assert (await ana.post(f"/desk/work/{work}/close", {"reason": "let_be"})).status == 303
    assert await told(scene) == [("closed", "let_be")]
    assert (await scene.rows(Outbox.state, Outbox.code)) == [("withheld", "let-be")]
    assert "work.closed" in {kind for kind, _ in await scene.rows(LedgerEntry.kind, LedgerEntry.id)}
    await scene.consent()
    assert (await scene.dispatch_all(), scene.channel.received) == ([], [])


async def test_no_more_than_a_page_is_looked_at_in_a_round_and_the_rounds_go_through_all(scene, monkeypatch):
    monkeypatch.setattr(lacking, "PAGE", 1)
    monkeypatch.setattr(lacking, "_PAGE", lacking._waiting())
    await scene.submit("k1", kind="crisis_followup", recipients=("valley-clinic",))
    await wait(scene)
    assert len(await told(scene)) == 1
    first = await tell(scene)
    second = await lacking.tell(scene.hub, scene.hub.clock.now(), first)
    assert (len(await told(scene)), first < second) == (2, True)
    assert await lacking.tell(scene.hub, scene.hub.clock.now(), second) == ""


async def test_the_next_page_comes_soon_however_many_were_told_before(scene, monkeypatch):
    """Else what is new behind ten thousand that are told would be told twenty minutes later."""
    monkeypatch.setattr(lacking, "PAGE", 1)
    monkeypatch.setattr(lacking, "_PAGE", lacking._waiting())
    monkeypatch.setattr(regular, "OFTEN_S", 3_600.0)
    monkeypatch.setattr(regular, "SOON_S", 0.0)
    for key in ("k1", "k2", "k3"):
        await scene.submit(key, kind="crisis_followup", recipients=("valley-clinic",))
    scene.hub.clock.ahead += DAY_US
    running = asyncio.create_task(regular._lacking(replace(scene.hub, lease_us=3_600_000_000 * regular.RENEWALS)))
    async with asyncio.timeout(30):
        while len(await told(scene)) < 3:  # noqa: ASYNC110 - a row has no event to wait for
            await asyncio.sleep(0)
    running.cancel()


@pytest.mark.parametrize("text", ["0", "8761", "a day", "-1"])
def test_the_time_is_a_number_of_hours(text):
    with pytest.raises(ConfigurationError, match="HUB_NO_CONSENT_H"):
        read_settings({"HUB_NO_CONSENT_H": text})
    assert read_settings({}).no_consent_us == DAY_US
