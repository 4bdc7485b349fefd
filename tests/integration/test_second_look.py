"""What waits for a consent is looked at again when something else may carry it, and each day; none leaves by that."""

import asyncio
import dataclasses
from collections import Counter
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from hub import choices
from hub.context import Hub
from hub.storage import consents, submissions
from hub.storage.facts import instant
from hub.storage.tables import Decision, LedgerEntry, Outbox, WorkItem
from hub.workers import regular, second_look
from hub.workers.second_look import APART_US, DUSK_US, look_again
from hub.workers.worker import Worker
from policies import rules
from policies.days import start_of
from policies.facts import Kind
from policies.findings import Permit, Permitting
from policies.model import Agreement
from policies.part2.qso import QSO_SERVICES
from tests.hubs import ORGANIZATIONS
from tests.scenes import FORM, Scene, happens_before

SERVICE = min(QSO_SERVICES)
DAY_US = 86_400_000_000


async def wait(scene: Scene, *keys: str, **more) -> list[str]:
    """Notices that lack only a consent, all looked at under what is so today."""
    waiting = [await scene.submit(key, kind="crisis_followup", **more) for key in keys or ("k1",)]
    await look(scene)
    await scene.dispatch_all()
    assert await states(scene) == {("held", "consent"): len(waiting)}
    scene.hub.clock.ahead += APART_US
    return waiting


async def look(scene: Scene) -> int:
    """Look until there is no more reason to; how often there was."""
    found = 0
    while await look_again(scene.hub, scene.hub.clock.now()):
        found += 1
    return found


async def states(scene: Scene) -> dict[tuple[str, str | None], int]:
    return dict(Counter((state, code) for _, state, code in await scene.rows(Outbox.id, Outbox.state, Outbox.code)))


async def record_agreement(scene: Scene, name: str = "served") -> None:
    agreement = Agreement(name, "qsoa", "harbor", "valley-clinic", service=SERVICE)
    await scene.hub.directory.put_agreement(agreement, by="county", at=scene.hub.clock.now())


async def choose(scene: Scene) -> None:
    change = await choices.propose(scene.hub, "D2", "written", "counsel_opinion", by="county/ana")
    await choices.confirm(scene.hub, change, by="county/omar")


async def join_the_county(scene: Scene) -> None:
    clinic = next(each for each in ORGANIZATIONS if each.id == "valley-clinic")
    clinic = replace(clinic, part_of="county")
    await scene.hub.directory.put_organization(clinic, by="county", at=scene.hub.clock.now())


async def nothing(_: Scene) -> None:
    pass


async def consent_for_the_county(scene: Scene) -> None:
    await scene.consent(replace(FORM, recipients=("county",)))


async def consent_taken_back_orally(scene: Scene) -> None:
    await consents.revoke(scene.hub, await scene.consent(), how="oral", by="harbor")


CHANGES = {
    "an agreement is recorded": (nothing, record_agreement),
    "counsel's choice is confirmed by a second person": (consent_taken_back_orally, choose),
    "the recipient joins whom a consent names": (consent_for_the_county, join_the_county),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_notice_that_waits_is_due_again_once(scene, what):
    before, change = CHANGES[what]
    await before(scene)
    await wait(scene, recipients=("valley-clinic",))
    await change(scene)
    assert await look(scene) == 1
    assert (await states(scene), scene.channel.received) == ({("queued", None): 1}, []), "a look delivers nothing"
    assert await scene.dispatch_all() == ["delivered"]


async def test_what_an_edition_of_tomorrow_permits_leaves_tomorrow(scene, monkeypatch):
    hub = scene.hub
    tomorrow = instant(hub.clock.now()).astimezone(hub.zone).date() + timedelta(days=1)
    milder = Permitting("milder", "2.31", Kind.RECORD, lambda _: lambda _: Permit("milder", ("2.31",)))
    monkeypatch.setattr(rules, "EDITIONS", (rules.FIRST, rules.amended(rules.FIRST, "tomorrow", tomorrow, (milder,))))
    await wait(scene)
    hub.clock.ahead += DAY_US + DUSK_US
    assert await look(scene) == 1
    assert await scene.dispatch_all() == ["delivered"]


async def test_each_day_of_the_county_is_a_reason_and_only_once_it_has_begun_there(scene):
    hub = scene.hub
    today = instant(hub.clock.now()).astimezone(hub.zone).date() + timedelta(days=1)
    hub.clock.ahead += _begins(today, hub) + DAY_US // 2 - hub.clock.now()  # noon
    await wait(scene)
    for days in (1, 2):
        hub.clock.ahead += _begins(today + timedelta(days=days), hub) - 1_000_000 - hub.clock.now()
        assert await look(scene) == 0
        hub.clock.ahead += DUSK_US + 2_000_000
        assert await look(scene) == 1
        assert await scene.dispatch_all() == ["held"]


def _begins(day: date, hub: Hub) -> int:
    return int(start_of(day, hub.zone).timestamp() * 1_000_000)


async def test_what_goes_on_waiting_for_the_same_reasons_is_on_the_ledger_once(scene):
    await wait(scene, "k1", "k2")
    before = [len(await scene.rows(table.id)) for table in (LedgerEntry, Decision)]
    scene.hub.clock.ahead += DAY_US
    assert await look(scene) == 1
    assert await scene.dispatch_all() == ["held", "held"]
    assert [len(await scene.rows(table.id)) for table in (LedgerEntry, Decision)] == before


async def test_other_reasons_to_wait_are_on_the_ledger(scene):
    await wait(scene)
    await scene.consent(replace(FORM, recipients=("valley-clinic",)))
    assert await scene.dispatch_all() == ["held"]
    kinds = [kind for _, kind in await scene.rows(LedgerEntry.id, LedgerEntry.kind)]
    assert kinds.count("dispatch.withheld") == 1


async def test_a_consent_that_came_and_was_revoked_while_a_notice_waited_carries_nothing(scene):
    await wait(scene)
    await consents.revoke(scene.hub, await scene.consent(), how="written", by="harbor")
    await record_agreement(scene)
    await look(scene)
    assert await scene.dispatch_all() == ["held"]
    assert scene.channel.received == []


async def test_many_come_back_a_page_at_a_time_in_the_order_in_which_they_were_handed_in(scene, monkeypatch):
    monkeypatch.setattr(second_look, "_PAGE", second_look._PAGE.limit(2))
    monkeypatch.setattr(second_look, "PAGE", 2)
    keys = ("k1", "k2", "k3", "k4", "k5")
    await wait(scene, *keys, recipients=("valley-clinic",))
    await record_agreement(scene)
    for queued in (2, 4, 5):
        assert await look_again(scene.hub, scene.hub.clock.now())
        assert (await states(scene))["queued", None] == queued
    assert not await look_again(scene.hub, scene.hub.clock.now())
    rows = sorted(await scene.rows(Outbox.due_at, Outbox.id))
    made = [row[:12] for _, row in rows]  # to the millisecond: within one, ids have no order
    assert (len(made), made) == (5, sorted(made))


async def test_what_is_urgent_comes_back_before_what_is_not(scene):
    routine, urgent = await wait(scene, "k1"), await wait_urgently(scene)
    await record_agreement(scene)
    await look(scene)
    rows = await scene.rows(Outbox.due_at, Outbox.submission_id)
    assert [of for _, of in rows] == [urgent, *routine]


async def wait_urgently(scene: Scene) -> str:
    return await scene.submit("urgent", kind="crisis_followup", priority="urgent")


async def test_of_two_workers_one_takes_a_page(scene, monkeypatch):
    monkeypatch.setattr(second_look, "_PAGE", second_look._PAGE.limit(2))
    monkeypatch.setattr(second_look, "PAGE", 2)
    await wait(scene, "k1", "k2", "k3", "k4", "k5")
    await record_agreement(scene)
    now = scene.hub.clock.now()
    await asyncio.gather(look_again(scene.hub, now), look_again(scene.hub, now))
    assert (await states(scene))["queued", None] == 2


async def test_a_directory_that_is_loaded_entry_by_entry_is_one_reason_a_minute(scene):
    await wait(scene)
    await record_agreement(scene, "first")
    assert await look(scene) == 1
    await record_agreement(scene, "second")
    assert await look(scene) == 0
    scene.hub.clock.ahead += APART_US
    assert await look(scene) == 1


async def pass_minutes(scene: Scene, *hubs: Hub, minutes: int) -> list[int]:
    """Processes side by side, each looking each minute; how often each put rows back, all of which wait again."""
    found = [0] * len(hubs)
    for _ in range(minutes):
        for n, hub in enumerate(hubs):
            while await look_again(hub, hub.clock.now()):
                found[n] += 1
                await scene.dispatch_all()
        scene.hub.clock.ahead += APART_US
    return found


async def test_editions_side_by_side_look_once_each_at_what_changed(scene):
    await wait(scene, recipients=("valley-clinic",))
    other = dataclasses.replace(scene.hub, county_pack="sonoma")
    await pass_minutes(scene, scene.hub, other, minutes=3)
    assert await pass_minutes(scene, scene.hub, other, minutes=5) == [0, 0]
    await change_the_directory(scene)
    assert await pass_minutes(scene, scene.hub, other, minutes=5) == [1, 1]


async def test_what_an_edition_held_that_has_gone_is_looked_at_by_those_that_stay(scene):
    await wait(scene, recipients=("valley-clinic",))
    other = dataclasses.replace(scene.hub, county_pack="sonoma")
    await pass_minutes(scene, scene.hub, other, minutes=3)
    assert await pass_minutes(scene, scene.hub, minutes=10) == [1]
    assert await pass_minutes(scene, scene.hub, minutes=10) == [0]


async def change_the_directory(scene: Scene) -> None:
    """Any change of the directory."""
    agreement = Agreement("other", "qsoa", "lantern", "sunrise", service=SERVICE)
    await scene.hub.directory.put_agreement(agreement, by="county", at=scene.hub.clock.now())


async def test_what_waits_for_a_person_is_not_disturbed(scene):
    await scene.consent(replace(FORM, signed_on="2098-01-01"))  # a day to come: somebody looks at the paper
    await scene.submit()
    before = await scene.rows(WorkItem.id, WorkItem.state), await states(scene)
    assert before[1] == {("held", "person"): 1}
    await record_agreement(scene)
    await look(scene)
    assert (await scene.rows(WorkItem.id, WorkItem.state), await states(scene)) == before


async def test_an_agreement_recorded_while_a_notice_is_handed_in_lets_it_go(scene, monkeypatch):
    """The narrowest moment: the directory changes after the decision, before the notice waits for that."""
    happens_before(scene, monkeypatch, submissions.ADD, lambda: record_agreement(scene))
    await scene.submit(kind="crisis_followup", recipients=("valley-clinic",))
    assert await scene.dispatch_all() == ["delivered"]


async def test_a_worker_looks_by_itself(scene, monkeypatch):
    await wait(scene, recipients=("valley-clinic",))
    monkeypatch.setattr(regular, "OFTEN_S", 0.01)
    worker = Worker(scene.hub)
    running = asyncio.create_task(worker.run())
    await record_agreement(scene)
    async with asyncio.timeout(30):
        while not scene.channel.received:  # noqa: ASYNC110 - the channel has no event to wait for
            await asyncio.sleep(0.01)
    worker.stop()
    await running
