"""One partner's outage, slowness or lies never block another partner, and use up nobody's attempts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from hub import outbox, telemetry
from hub.context import Hub
from hub.model import Deferred, Delivered, Endpoint, Outcome, Prepared, Receipt, Refused
from hub.storage.tables import Outbox
from hub.workers import backlog
from hub.workers.breakers import FAILURES
from hub.workers.bulkheads import PLACES
from hub.workers.freight import SMALL_BYTES
from hub.workers.places import CONCURRENT
from hub.workers.worker import Worker
from tests.scenes import Scene, a_scene

DONE = Delivered(receipt=Receipt(kind="test", reference="1", at=0))
BOTH = ("lantern", "valley-clinic")


@pytest.fixture
async def scene(migrated_url: str) -> AsyncIterator[Scene]:
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        yield scene


@asynccontextmanager
async def working(scene: Scene, hub: Hub | None = None) -> AsyncIterator[None]:
    worker = Worker(hub or scene.hub)
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await running


async def states(scene: Scene, recipient: str) -> list[Any]:
    rows = await scene.rows(Outbox.recipient, Outbox.state, Outbox.attempts, Outbox.code)
    return [row[1:] for row in rows if row[0] == recipient]


async def until(holds: Any, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - the database is asked, nobody tells
            await asyncio.sleep(0.02)


async def test_a_partner_that_never_answers_keeps_nobody_else_waiting(scene: Scene) -> None:
    """More rows for the silent partner than the worker has places, all due before the other partner's."""
    let_go = asyncio.Event()
    under_way: set[str] = set()
    most = 0

    async def deliver(prepared: Prepared) -> Outcome:
        nonlocal most
        if prepared.parcel.endpoint.organization == "lantern":
            under_way.add(prepared.parcel.delivery)
            most = max(most, len(under_way))
            await let_go.wait()
            under_way.remove(prepared.parcel.delivery)
        return DONE

    scene.channel.deliver = deliver  # type: ignore[method-assign]
    for n in range(CONCURRENT + PLACES):
        await scene.submit(f"stuck-{n}")
    await scene.submit("other", recipients=("valley-clinic",))

    async def other_arrived() -> bool:
        return await states(scene, "valley-clinic") == [("delivered", 1, None)]

    async def places_taken() -> bool:
        return len(under_way) == PLACES

    async def all_arrived() -> bool:
        return {state for state, *_ in await states(scene, "lantern")} == {"delivered"}

    async with working(scene):
        await until(other_arrived)
        await until(places_taken)  # its groups may commit after the other's: neither waits for the other
        assert "delivered" not in [state for state, *_ in await states(scene, "lantern")]
        let_go.set()
        await until(all_arrived)
    assert most == PLACES


async def test_a_row_for_which_its_partner_has_no_place_keeps_its_own_in_the_queue(scene: Scene) -> None:
    await scene.submit("first")
    await scene.submit("second")
    (first,) = await outbox.claim(scene.hub.database, scene.hub.clock.now(), 1)
    await outbox.give_back(scene.hub.database, [first])
    (again,) = await outbox.claim(scene.hub.database, scene.hub.clock.now(), 1)
    assert again.id == first.id


async def test_a_claim_tells_how_large_packets_are_and_can_leave_the_large_ones(scene: Scene) -> None:
    await scene.submit("large", content="x" * SMALL_BYTES, items=({"information": "assessment"},) * 2)
    await scene.submit("small", content="x" * 100)
    database, now = scene.hub.database, scene.hub.clock.now()
    (small,) = await outbox.claim(database, now, 10, largest=SMALL_BYTES)
    (large,) = await outbox.claim(database, now, 10)
    assert (small.size, large.size) == (100 + len(" (0)"), 2 * (SMALL_BYTES + len(" (0)")))


async def test_what_went_back_to_the_queue_leaves_before_what_was_handed_in_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One partner has more than its places and seats, and new rows pour in whenever one of its deliveries ends."""
    monkeypatch.setattr("hub.workers.bulkheads.PLACES", 4)
    monkeypatch.setattr("hub.workers.bulkheads.SLOW_S", 600.0)
    monkeypatch.setattr("hub.workers.anteroom.SEATS", 2)
    may_end = asyncio.Semaphore(0)
    begun: list[str] = []

    async def deliver(prepared: Prepared) -> Outcome:
        begun.append(prepared.parcel.disclosure)
        await may_end.acquire()
        return DONE

    scene.channel.deliver = deliver  # type: ignore[method-assign]

    async def all_begun() -> bool:
        return len(begun) == len(handed)

    async with working(scene):
        handed = [await scene.submit(f"k{n}") for n in range(7)]
        for n in range(7, 30):
            may_end.release()
            handed.append(await scene.submit(f"k{n}"))
        stood = dict(await scene.rows(Outbox.submission_id, Outbox.state))[handed[6]]
        for _ in handed:
            may_end.release()
        await until(all_begun)
    assert stood != "queued"


async def test_a_worker_that_stops_gives_back_what_has_not_begun(scene: Scene) -> None:
    let_go = asyncio.Event()

    async def deliver(_prepared: Prepared) -> Outcome:
        await let_go.wait()
        return DONE

    scene.channel.deliver = deliver  # type: ignore[method-assign]
    for n in range(PLACES + 8):
        await scene.submit(f"k{n}")

    async def all_taken() -> bool:
        return {state for state, *_ in await states(scene, "lantern")} == {"in_flight", "claimed"}

    async def given_back() -> bool:
        return [state for state, *_ in await states(scene, "lantern")].count("queued") == 8

    worker = Worker(scene.hub)
    running = asyncio.create_task(worker.run())
    await until(all_taken)
    shown = telemetry.REGISTRY.get_sample_value
    assert shown("hub_deliveries_under_way") == PLACES
    assert (shown("hub_partners_full"), shown("hub_anteroom_rows")) == (1, 8)
    worker.stop()
    await until(given_back)
    let_go.set()
    await running
    assert sorted(await states(scene, "lantern")) == [("delivered", 1, None)] * PLACES + [("queued", 0, None)] * 8


async def test_once_a_partner_is_slow_what_waits_for_its_places_goes_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that urgent rows overtake it, and other workers find it."""
    monkeypatch.setattr("hub.workers.bulkheads.SLOW_S", 0.3)
    let_go = asyncio.Event()

    async def deliver(_prepared: Prepared) -> Outcome:
        await let_go.wait()
        return DONE

    scene.channel.deliver = deliver  # type: ignore[method-assign]
    for n in range(PLACES + 8):
        await scene.submit(f"k{n}")

    async def gone_back() -> bool:
        found = await states(scene, "lantern")
        return sorted(found) == [("in_flight", 1, None)] * PLACES + [("queued", 0, None)] * 8

    async with working(scene):
        await until(gone_back)
        let_go.set()


async def test_large_packets_wait_for_each_other_and_small_ones_for_none_of_them(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One large packet has room at a time; the line is short, so that one of the others waits in the queue."""
    monkeypatch.setattr("hub.workers.freight.LINE", 4)
    hub = replace(scene.hub, freight_bytes=1)
    may_end = asyncio.Semaphore(0)
    large, small, most = set[str](), list[str](), 0

    async def deliver(prepared: Prepared) -> Outcome:
        nonlocal most
        if len(prepared.body) <= SMALL_BYTES:
            small.append(prepared.parcel.disclosure)
            return DONE
        large.add(prepared.parcel.disclosure)
        most = max(most, len(large))
        await may_end.acquire()
        large.remove(prepared.parcel.disclosure)
        return DONE

    scene.channel.deliver = deliver  # type: ignore[method-assign]
    for n in range(6):
        await scene.submit(f"large-{n}", content="x" * (SMALL_BYTES + 1), recipients=(BOTH[n % 2],))

    async def line_is_full() -> bool:
        return telemetry.REGISTRY.get_sample_value("hub_large_waiting") == 4

    async def small_arrived() -> bool:
        return len(small) == 4

    async def all_arrived() -> bool:
        found = [state for partner in BOTH for state, *_ in await states(scene, partner)]
        return found == ["delivered"] * 10

    async with working(scene, hub):
        await until(line_is_full)
        for n in range(4):
            await scene.submit(f"small-{n}", recipients=(BOTH[n % 2],))
        await until(small_arrived)
        assert most == 1
        for _ in range(6):
            may_end.release()
        await until(all_arrived)
    assert most == 1


async def test_a_worker_that_stops_gives_back_the_large_ones_that_wait(scene: Scene) -> None:
    hub, let_go = replace(scene.hub, freight_bytes=1), asyncio.Event()

    async def deliver(_prepared: Prepared) -> Outcome:
        await let_go.wait()
        return DONE

    scene.channel.deliver = deliver  # type: ignore[method-assign]
    for n in range(3):
        await scene.submit(f"k{n}", content="x" * (SMALL_BYTES + 1))

    async def one_under_way() -> bool:
        found = [state for state, *_ in await states(scene, "lantern")]
        return sorted(found) == ["claimed", "claimed", "in_flight"]

    async def given_back() -> bool:
        return [state for state, *_ in await states(scene, "lantern")].count("queued") == 2

    worker = Worker(hub)
    running = asyncio.create_task(worker.run())
    await until(one_under_way)
    worker.stop()
    await until(given_back)
    let_go.set()
    await running
    assert sorted(await states(scene, "lantern")) == [("delivered", 1, None), *[("queued", 0, None)] * 2]


async def test_what_goes_back_late_is_taken_again_before_the_next_poll(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_back, none_left = outbox.give_back, asyncio.Event()

    async def late(*given: Any) -> None:
        await none_left.wait()
        await give_back(*given)

    async def deliver(_prepared: Prepared) -> Outcome:
        return DONE

    async def claim(*given: Any, **more: Any) -> list[outbox.Ticket]:
        found = await claimed(*given, **more)
        if not found and not more["but"]:
            asyncio.get_running_loop().call_later(0.05, none_left.set)
        return found

    claimed = outbox.claim
    monkeypatch.setattr("hub.workers.worker.POLL_S", 3_600.0)
    monkeypatch.setattr("hub.workers.anteroom.SEATS", 0)
    monkeypatch.setattr(outbox, "give_back", late)
    monkeypatch.setattr(outbox, "claim", claim)
    scene.channel.deliver = deliver  # type: ignore[method-assign]
    for n in range(PLACES + 8):
        await scene.submit(f"k{n}")

    async def all_arrived() -> bool:
        return await states(scene, "lantern") == [("delivered", 1, None)] * (PLACES + 8)

    async with working(scene):
        await until(all_arrived)


async def test_a_partner_that_is_away_is_left_alone_and_its_rows_keep_their_attempts(scene: Scene) -> None:
    tried = []

    async def deliver(prepared: Prepared) -> Outcome:
        tried.append(prepared.parcel.endpoint.organization)
        return Deferred(code="connect") if tried[-1] == "lantern" else DONE

    scene.channel.deliver = deliver  # type: ignore[method-assign]
    for n in range(FAILURES + 7):
        await scene.submit(f"k{n}", recipients=BOTH)
    await scene.dispatch_all()
    assert tried.count("lantern") == FAILURES
    assert sorted(await states(scene, "lantern")) == sorted(
        [("queued", 1, "connect")] * FAILURES + [("queued", 0, "partner-away")] * 7
    )
    assert await states(scene, "valley-clinic") == [("delivered", 1, None)] * (FAILURES + 7)


async def test_while_one_endpoint_is_away_the_next_in_rank_is_used_after_a_fresh_decision(scene: Scene) -> None:
    second = Endpoint(
        id="lantern-second", organization="lantern", channel=scene.channel.kind,
        address="https://second.lantern.example/inbox", form="sealed", rank=5, verified_at=scene.hub.clock.now(),
    )  # fmt: skip
    await scene.hub.directory.put_endpoint(second, verified_by="county", by="county", at=scene.hub.clock.now())
    used = []

    async def deliver(prepared: Prepared) -> Outcome:
        used.append(prepared.parcel.endpoint.id)
        return Deferred(code="connect") if used[-1] == "lantern-api" else DONE

    scene.channel.deliver = deliver  # type: ignore[method-assign]
    for n in range(FAILURES + 2):
        await scene.submit(f"k{n}")
    await scene.dispatch_all()
    assert used == ["lantern-api"] * FAILURES + ["lantern-second"] * 2


async def test_what_waits_and_who_is_away_is_on_the_metrics_without_a_name(scene: Scene) -> None:
    scene.channel.answers.extend([Deferred(code="connect")] * FAILURES)
    for n in range(FAILURES + 1):
        await scene.submit(f"k{n}")
    await scene.dispatch_all()
    scene.hub.clock.ahead = 3_600_000_000  # type: ignore[attr-defined]
    await backlog.measure(scene.hub)
    shown = telemetry.REGISTRY.get_sample_value
    assert shown("hub_outbox_rows", {"state": "queued"}) == FAILURES + 1
    assert shown("hub_endpoints_away") == 1
    oldest = shown("hub_oldest_due_seconds")
    assert oldest is not None
    assert oldest > 3_000


async def test_what_waits_for_a_person_is_on_the_metrics_by_its_kind(scene: Scene) -> None:
    scene.channel.answers.append(Refused(code="rejected"))
    await scene.submit("refused")
    await scene.dispatch_all()
    await backlog.measure(scene.hub)
    assert telemetry.REGISTRY.get_sample_value("hub_work_open", {"kind": "dead_letter"}) == 1


async def test_large_packets_of_a_partner_that_never_answers_keep_no_other_large_ones_waiting(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them wait than the line has places, all due before the other partner's."""
    monkeypatch.setattr("hub.workers.freight.LINE", 4)
    monkeypatch.setattr("hub.workers.worker.CLAIMED", 4)
    hub = replace(scene.hub, freight_bytes=2 * SMALL_BYTES + 1_000)
    let_go = asyncio.Event()

    async def deliver(prepared: Prepared) -> Outcome:
        if prepared.parcel.endpoint.organization == "lantern":
            await let_go.wait()
        return DONE

    scene.channel.deliver = deliver  # type: ignore[method-assign]
    for n in range(8):
        await scene.submit(f"stuck-{n}", content="x" * (SMALL_BYTES + 1))
    await scene.submit("other", content="x" * (SMALL_BYTES + 1), recipients=("valley-clinic",))

    async def other_arrived() -> bool:
        return await states(scene, "valley-clinic") == [("delivered", 1, None)]

    async def all_arrived() -> bool:
        return {state for state, *_ in await states(scene, "lantern")} == {"delivered"}

    async with working(scene, hub):
        await until(other_arrived)
        found = sorted(state for state, *_ in await states(scene, "lantern"))
        assert found.count("in_flight") == 1
        let_go.set()
        await until(all_arrived)
