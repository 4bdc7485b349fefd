"""What is handed in goes straight to this process's worker, and is as safe there as in the queue."""

import asyncio

from hub import exchange, outbox
from hub.storage import consents
from hub.storage.tables import Disclosure, Outbox
from hub.workers.recovery import recover
from hub.workers.worker import Worker
from tests.scenes import Scene, a_scene


async def born_claimed(scene: Scene) -> outbox.Ticket:
    """A packet handed in while a worker has room, and taken by it."""
    taken: list[outbox.Ticket] = []
    scene.hub.handover.open(lambda _partners: True, taken.append)
    await scene.submit()
    (ticket,) = taken
    return ticket


async def test_a_packet_is_delivered_by_the_worker_it_was_handed_to(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        worker = Worker(scene.hub)
        running = asyncio.create_task(worker.run())
        await asyncio.sleep(0)
        await scene.submit()
        worker.stop()
        await running
        assert await scene.rows(Outbox.state) == [("delivered",)]
        assert len(scene.channel.received) == 1


async def test_nobody_else_finds_a_row_that_was_born_claimed(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        ticket = await born_claimed(scene)
        assert await outbox.claim(scene.hub.database, scene.hub.clock.now(), 10) == []
        assert await exchange.dispatch(scene.hub, ticket) == "delivered"


async def test_a_row_whose_worker_went_away_before_it_began_returns_to_the_queue_and_leaves_once(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        lost = await born_claimed(scene)
        scene.hub.clock.ahead += 2 * scene.hub.lease_us
        assert await recover(scene.hub, scene.hub.clock.now()) == (1, 0)
        assert await scene.dispatch_all() == ["delivered"]
        assert await exchange.dispatch(scene.hub, lost) == "claimed by another worker"
        assert len(scene.channel.received) == 1


async def test_a_revocation_stops_a_packet_that_its_worker_already_holds_in_memory(migrated_url):
    async with a_scene(migrated_url) as scene:
        consent = await scene.consent()
        ticket = await born_claimed(scene)
        await consents.revoke(scene.hub, consent, by="harbor", how="written")
        assert await exchange.dispatch(scene.hub, ticket) == "withheld"
        assert scene.channel.received == []
        assert await scene.rows(Disclosure.id) == []


async def test_a_worker_that_has_stopped_is_handed_nothing(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await born_claimed(scene)
        scene.hub.handover.close()
        await scene.submit("k2")
        assert await scene.dispatch_all() == ["delivered"]
