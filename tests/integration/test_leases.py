"""A worker keeps what it works on by renewing its lease; what it leaves behind is settled soon after the lease."""

import asyncio
import re
from dataclasses import replace

import pytest

from hub import outbox
from hub.compliance import log, trail
from hub.compliance.log import Wanted
from hub.exchange import OUTBOX, dispatch
from hub.model import Deferred, Delivered, Receipt, Refused
from hub.storage.database import Step, Unit
from hub.storage.tables import Disclosure, Outbox, WorkItem
from hub.workers import recovery
from hub.workers.recovery import recover
from hub.workers.worker import Worker
from tests.scenes import a_scene

LEASE_US = 900_000


async def test_a_delivery_that_outlasts_its_lease_stays_with_the_worker_that_is_alive(migrated_url, monkeypatch):
    """So does the next row, which waits in the anteroom for the one place."""
    monkeypatch.setattr("hub.workers.bulkheads.PLACES", 1)
    async with a_scene(migrated_url) as scene:
        hub = replace(scene.hub, lease_us=LEASE_US)
        await scene.consent()
        await scene.submit("first")
        await scene.submit("second")
        lost, delivered = [], asyncio.Event()

        async def dialling(prepared):
            if lost:
                delivered.set()
            while len(lost) < 3:
                await asyncio.sleep(LEASE_US / 1_000_000)
                lost.append(await recover(hub, hub.clock.now()))
            return Delivered(receipt=Receipt(kind="test", reference="1", at=hub.clock.now()))

        scene.channel.deliver = dialling
        worker = Worker(hub)
        running = asyncio.create_task(worker.run())
        await hub.signals.wake(OUTBOX)
        await delivered.wait()
        worker.stop()
        await running
        assert lost == [(0, 0)] * 3
        assert await scene.rows(Outbox.state, Outbox.attempts) == [("delivered", 1)] * 2


async def test_a_delivery_whose_worker_stopped_renewing_becomes_a_persons_question(migrated_url):
    async with a_scene(migrated_url) as scene:
        hub = replace(scene.hub, lease_us=LEASE_US)
        await scene.consent()
        await scene.submit()
        reached = asyncio.Event()

        async def hang(prepared):
            reached.set()
            await asyncio.Event().wait()

        scene.channel.deliver = hang
        gone = asyncio.create_task(Worker(hub).run())
        await hub.signals.wake(OUTBOX)
        await reached.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if re.search("Worker|Places", repr(task.get_coro())):  # as a killed process: nothing of it goes on
                task.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        assert await recover(hub, hub.clock.now()) == (0, 0)
        scene.hub.clock.ahead += 2 * LEASE_US
        assert await recover(hub, hub.clock.now()) == (0, 1)
        assert await scene.rows(Outbox.state) == [("unknown",)]
        assert await scene.rows(WorkItem.kind, WorkItem.state) == [("unknown_outcome", "open")]


@pytest.mark.parametrize("what", ["renewed", "taken by another worker"])
async def test_a_row_whose_lease_began_anew_while_it_was_looked_at_is_not_lost(scene, monkeypatch, what):
    """A worker that was away for a moment renews; or the row was settled, let go and is in its next flight."""
    hub, clock, reached = scene.hub, scene.hub.clock, asyncio.Event()
    await scene.consent()
    await scene.submit()

    async def hang(_prepared):
        reached.set()
        await asyncio.Event().wait()

    scene.channel.deliver = hang
    (ticket,) = await outbox.claim(hub.database, clock.now(), 1)
    flights = [asyncio.create_task(dispatch(hub, ticket))]
    await reached.wait()
    clock.ahead += 2 * outbox.LEASE_US
    look = recovery._lost

    async def meanwhile(*seen):
        monkeypatch.setattr(recovery, "_lost", look)
        unit = await look(*seen)
        if what == "renewed":
            await outbox.renew(hub.database, [ticket], clock.now() + outbox.LEASE_US)
        else:
            reached.clear()
            await lose_and_let_go(scene, ticket)
            (again,) = await outbox.claim(hub.database, clock.now(), 1)
            flights.append(asyncio.create_task(dispatch(hub, again)))
            await reached.wait()
        return unit

    monkeypatch.setattr(recovery, "_lost", meanwhile)
    assert await recover(hub, clock.now()) == (0, 0)
    assert await scene.rows(Outbox.state) == [("in_flight",)]
    for flight in flights:
        flight.cancel()


async def test_a_round_of_recovery_that_fails_in_a_way_nobody_foresaw_is_not_the_last(migrated_url, monkeypatch):
    async with a_scene(migrated_url) as scene:
        again = asyncio.Event()
        rounds = iter([RuntimeError("a name"), None])

        async def failing(_hub, _before):
            if error := next(rounds, None):
                raise error
            again.set()
            return 0, 0

        monkeypatch.setattr("hub.workers.regular.recover", failing)
        worker = Worker(replace(scene.hub, lease_us=LEASE_US))
        running = asyncio.create_task(worker.run())
        async with asyncio.timeout(30):
            await again.wait()
        worker.stop()
        await running


async def test_what_is_told_of_a_disclosure_includes_that_its_worker_was_lost(migrated_url):
    async with a_scene(migrated_url) as scene:
        hub, reached = scene.hub, asyncio.Event()
        await scene.consent()
        await scene.submit()

        async def deliver(_prepared):
            reached.set()
            await asyncio.Event().wait()

        scene.channel.deliver = deliver
        (ticket,) = await outbox.claim(hub.database, hub.clock.now(), 1)
        flight = asyncio.create_task(dispatch(hub, ticket))
        await reached.wait()
        hub.clock.ahead += outbox.LEASE_US
        await scene.submit("meanwhile")
        hub.clock.ahead += outbox.LEASE_US
        assert await recover(hub, hub.clock.now()) == (0, 1)
        (row,) = await log.page(hub, Wanted())
        assert (row["state"], row["attempts"][0]["code"]) == ("unknown", "worker-lost")
        kinds = [each["kind"] for each in await trail.of_disclosure(hub, row)]
        assert kinds == ["submission.decided", "disclosure.intended", "disclosure.concluded"]
        flight.cancel()


async def lose_and_let_go(scene, ticket):
    """Its worker is away for longer than its lease, and a person lets the row go again."""
    clock = scene.hub.clock
    clock.ahead += 2 * outbox.LEASE_US
    assert await recover(scene.hub, clock.now()) == (0, 1)
    again = ("queued", clock.now(), None, None, None, ticket.id, "unknown")
    await scene.hub.database.commit(Unit((Step(outbox.MOVE, again, "state"),), ()))


async def test_a_lost_attempt_that_ends_late_takes_nothing_back_that_a_later_one_disclosed(migrated_url):
    """Its worker was away for longer than its lease, a person let the row go again, and the second attempt arrived."""
    async with a_scene(migrated_url) as scene:
        hub, may_end = scene.hub, asyncio.Event()
        await scene.consent()
        await scene.submit()
        outcomes = iter([Deferred(code="busy"), Delivered(receipt=Receipt(kind="test", reference="1", at=0))])
        reached = asyncio.Event()

        async def deliver(_prepared):
            outcome = next(outcomes)
            if isinstance(outcome, Deferred):
                reached.set()
                await may_end.wait()
            return outcome

        scene.channel.deliver = deliver
        (ticket,) = await outbox.claim(hub.database, hub.clock.now(), 1)
        lost = asyncio.create_task(dispatch(hub, ticket))
        await reached.wait()
        await lose_and_let_go(scene, ticket)
        assert await scene.dispatch_all() == ["delivered"]
        may_end.set()
        assert await lost == "unknown"
        assert await scene.rows(Outbox.state) == [("delivered",)]
        assert await scene.rows(Disclosure.state) == [("disclosed",)]


async def test_what_a_lost_attempt_disclosed_does_not_go_again(migrated_url):
    """Its receipt came while the row waited to go again; a refused one would say that nothing was disclosed."""
    async with a_scene(migrated_url) as scene:
        hub, may_end, under_way = scene.hub, asyncio.Event(), asyncio.Event()
        await scene.consent()
        await scene.submit()

        async def deliver(_prepared):
            under_way.set()
            await may_end.wait()
            return Delivered(receipt=Receipt(kind="test", reference="1", at=0))

        scene.channel.deliver = deliver
        (ticket,) = await outbox.claim(hub.database, hub.clock.now(), 1)
        lost = asyncio.create_task(dispatch(hub, ticket))
        await under_way.wait()
        await lose_and_let_go(scene, ticket)
        may_end.set()
        assert await lost == "unknown"
        assert await scene.dispatch_all() == []
        assert await scene.rows(Outbox.state) == [("delivered",)]
        assert await scene.rows(Disclosure.state) == [("disclosed",)]


async def test_what_a_lost_attempt_disclosed_is_not_taken_back_by_the_refusal_of_a_later_one(migrated_url):
    """The receipt of the first attempt came while the second was under way, and the second was refused."""
    async with a_scene(migrated_url) as scene:
        hub, first_may, second_may, under_way = scene.hub, asyncio.Event(), asyncio.Event(), asyncio.Event()
        await scene.consent()
        await scene.submit()
        receipt = Receipt(kind="test", reference="1", at=0)
        ends = iter([(first_may, Delivered(receipt=receipt)), (second_may, Refused(code="no"))])

        async def deliver(_prepared):
            may_end, outcome = next(ends)
            under_way.set()
            await may_end.wait()
            return outcome

        scene.channel.deliver = deliver
        (ticket,) = await outbox.claim(hub.database, hub.clock.now(), 1)
        lost = asyncio.create_task(dispatch(hub, ticket))
        await under_way.wait()
        under_way.clear()
        await lose_and_let_go(scene, ticket)
        later = asyncio.create_task(scene.dispatch_all())
        await under_way.wait()
        first_may.set()
        assert await lost == "unknown"
        second_may.set()
        assert await later == ["dead"]
        assert await scene.rows(Disclosure.state) == [("disclosed",)]
