"""Whatever breaks, and wherever: nothing is lost, nothing leaves without an intent, nothing goes twice unsaid."""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from hub.errors import StorageFailed
from hub.storage.tables import Disclosure, Item, LedgerEntry, Outbox, Submission, WorkItem
from hub.workers.recovery import recover
from tests import forks
from tests.scenes import Scene, a_scene

DAY_US = 86_400_000_000


async def settled(scene: Scene) -> str:
    """The state of the one outbox row after the recovery and as many dispatches as it takes."""
    scene.hub.clock.ahead += DAY_US
    await recover(scene.hub, scene.hub.clock.now())
    await scene.dispatch_all()
    ((state,),) = await scene.rows(Outbox.state)
    return state


async def intents(scene: Scene) -> list[str]:
    entries = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.body)
    return [json.loads(body)["attempt"] for _, kind, body in entries if kind == "disclosure.intended"]


async def whole_or_nothing(scene: Scene) -> bool:
    """Whether the submission is there; with all its parts or with none."""
    there = bool(await scene.rows(Submission.id))
    decided = [kind for _, kind in await scene.rows(LedgerEntry.id, LedgerEntry.kind) if kind == "submission.decided"]
    parts = [bool(await scene.rows(Item.id)), bool(await scene.rows(Outbox.id)), bool(decided)]
    assert parts == [there] * 3
    return there


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_process_killed_at_any_step_loses_nothing_and_sends_nothing_unsaid(migrated_url, tmp_path):
    reached, states = 0, Counter()
    async with a_scene(migrated_url, keys=tmp_path / "keys.json") as scene:
        await scene.consent()
        for last in range(1, 40):
            inbox = tmp_path / f"inbox-{last}"
            inbox.touch()
            killed = await run_until(last, migrated_url, tmp_path / "keys.json", inbox, scene.member)
            if await whole_or_nothing(scene):
                received = inbox.read_text().split()
                assert set(received) <= set(await intents(scene)), "a byte left without an intent"
                state = await settled(scene)
                states[state] += 1
                total = len(received) + len(scene.channel.received)
                # Never twice: what may have gone out waits for a person, what surely did not goes out once.
                assert total <= 1 if state == "unknown" else total == 1
            scene.channel.received.clear()
            await scene.forget()
            reached = last
            if not killed:
                break
    assert reached >= 9, "at least three commits and one delivery are steps"
    assert set(states) == {"delivered", "unknown"}


async def run_until(last: int, url: str, keys: Path, inbox: Path, member: str) -> bool:
    words = (url, keys, inbox, last, member)
    done = await asyncio.to_thread(forks.run, "tests.integration.killed", *words, env=os.environ)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
async def test_a_storage_error_around_any_commit_loses_nothing(migrated_url, committed):
    """`after`: the transaction committed, but its answer was lost."""
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        commit, seen = scene.hub.database.commit, 0
        for failing in range(1, 4):
            calls = 0

            async def faulty(unit, failing=failing):
                nonlocal calls
                calls += 1
                if calls != failing:
                    return await commit(unit)
                if committed:
                    await commit(unit)
                raise StorageFailed("The transaction did not commit.")

            scene.hub.database.commit = faulty
            try:
                await scene.submit()
                await scene.dispatch_all()
            except StorageFailed:
                seen += 1
            scene.hub.database.commit = commit
            if await whole_or_nothing(scene):
                assert {p.parcel.delivery for p in scene.channel.received} <= set(await intents(scene))
                state = await settled(scene)
                assert state in ("delivered", "unknown")
                assert len(scene.channel.received) <= 1
            else:
                # Nothing was taken, and the sender was told so: the same submission again goes through.
                await scene.submit()
                assert await scene.dispatch_all() == ["delivered"]
            scene.channel.received.clear()
            await scene.forget()
        assert seen == 3


async def test_a_delivery_whose_worker_vanished_becomes_unknown_and_a_person_is_asked(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()

        async def vanish(prepared):
            raise asyncio.CancelledError

        scene.channel.deliver = vanish
        with pytest.raises(asyncio.CancelledError):
            await scene.dispatch_all()
        assert await scene.rows(Outbox.state) == [("in_flight",)]
        assert await settled(scene) == "unknown"
        assert await scene.rows(Disclosure.state) == [("unknown",)]
        assert ("unknown_outcome", "open") in await scene.rows(WorkItem.kind, WorkItem.state)


async def test_a_channel_that_raises_is_taken_to_have_sent(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()

        async def broken(prepared):
            raise RuntimeError("a defect")

        scene.channel.deliver = broken
        assert await scene.dispatch_all() == ["unknown"]


async def test_an_outcome_that_comes_after_the_recovery_is_still_told_and_changes_nothing(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        deliver = scene.channel.deliver

        async def slow(prepared):
            scene.hub.clock.ahead += DAY_US
            await recover(scene.hub, scene.hub.clock.now())
            return await deliver(prepared)

        scene.channel.deliver = slow
        assert await scene.dispatch_all() == ["unknown"]
        concluded = [k for _, k in await scene.rows(LedgerEntry.id, LedgerEntry.kind) if k == "disclosure.concluded"]
        assert len(concluded) == 2
        assert await scene.rows(Outbox.state) == [("unknown",)]
