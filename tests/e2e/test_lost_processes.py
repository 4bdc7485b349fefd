"""Workers are killed and Redis goes away in the middle of deliveries: nothing is lost, nothing goes twice unsaid.

Seen from outside: what the partner has, what the API says, what the ledger tells.
"""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest

from deploy.demo.mailserver import MailFault
from deploy.demo.planapi import PlanFault
from tests import servers
from tests.e2e.county import packet
from tests.e2e.shape import PATIENCE_S, Deployed, Sender, Servers, deployed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - a partner's counter tells nobody when it grows
            await asyncio.sleep(0.02)


async def works(sender: Sender) -> dict[str, dict[str, str]]:
    """Open work by the outbox row that it is about."""
    listed = (await sender.call("GET", "/v1/work?limit=50")).json
    return {item["reference"]: item for item in listed["items"]}


async def accounted_for(hub: Deployed, sender: Sender, submissions: list[str]) -> dict[str, str]:
    """Wait for the end, check every row against ledger, work list and partner; the states by outbox row."""
    settled = await sender.settled(submissions)
    rows = [row for recipients in settled.values() for row in recipients]
    states = {row["outbox"]: row["state"] for row in rows}
    told, work = await hub.ledger(), await works(sender)
    attempts = {attempt: row for row, made in told.intents.items() for attempt in made}
    received = [each.delivery for each in hub.around.plan.received]

    assert len(rows) == len(submissions), "nothing is lost"
    assert set(states.values()) <= {"delivered", "unknown"}
    assert set(received) <= set(attempts), "nothing left without an intent"
    assert {row for row, made in told.intents.items() if len(made) > 1} == set(), "nothing was tried twice"
    arrived = {attempts[delivery] for delivery in received}
    assert {row for row, state in states.items() if state == "delivered"} <= arrived
    assert (len(received), hub.around.plan.repeats) == (len(arrived), 0), "nothing arrived twice"
    assert {row for row, state in states.items() if state == "unknown"} == set(work), "a person is asked"
    assert (await hub.command("ledger", "verify")).code == 0
    return states


async def test_workers_killed_in_the_middle_of_deliveries_lose_nothing(shape: Servers | None, tmp_path: Path) -> None:
    async with deployed(tmp_path, shape) as (hub, sender):
        plan = hub.around.plan
        before = await sender.several(5, "sunrise", name="before")
        await sender.settled(before)
        plan.fault = PlanFault.SILENT_AFTER_BODY  # the plan has the bytes and does not answer
        seen = plan.contents_seen
        hanging = await sender.several(3, "sunrise", name="hanging")
        await until(lambda: plan.contents_seen == seen + 3)
        await hub.kill_workers()
        plan.fault = PlanFault.NONE
        if hub.wide:  # the API goes on taking packets while nobody delivers
            hanging += await sender.several(3, "sunrise", name="waiting")
        hub.start_worker()
        await hub.up()
        after = await sender.several(3, "sunrise", name="after")
        states = await accounted_for(hub, sender, [*before, *hanging, *after])
    assert sorted(states.values()).count("unknown") == 3


async def test_a_worker_killed_under_load_loses_nothing(shape: Servers | None, tmp_path: Path) -> None:
    async with deployed(tmp_path, shape) as (hub, sender):
        plan = hub.around.plan
        kill = asyncio.create_task(_kill_when(hub, lambda: plan.contents_seen >= 8))
        submissions = [await _stubborn(sender, f"k{number}") for number in range(40)]
        await kill
        await accounted_for(hub, sender, submissions)


async def test_a_cut_delivery_is_a_persons_question_and_goes_again_only_when_released(
    shape: Servers | None, tmp_path: Path
) -> None:
    async with deployed(tmp_path, shape) as (hub, sender):
        clinic = hub.around.clinic
        clinic.fault = MailFault.DROP_IN_CONTENT
        submission = await sender.hand_in("cut", packet("lantern"))
        (row,) = (await sender.settled([submission]))[submission]
        assert (row["state"], len(clinic.received)) == ("unknown", 0)
        clinic.fault = MailFault.NONE
        (item,) = (await works(sender)).values()
        assert item["kind"] == "unknown_outcome"
        assert (
            await hub.command("token", "issue", "--for", "harbor", "--role", "staff", "--person", "a.ruiz")
        ).code == 0
        proposed = ("propose", item["id"], "--reason", "confirmed_not_delivered", "--by", "a.ruiz")
        assert (await hub.command("work", *proposed)).code == 0
        again = await hub.command("work", "confirm", item["id"], "--by", "m.ortiz")
        assert (again.code, "another person" in again.err) == (2, True), "the command line is one hand"
        place = f"/v1/work/{item['id']}/confirm"
        assert (await sender.call("POST", place)).status == 204
        assert (await sender.call("POST", place)).status == 409, "it is settled already"
        (row,) = (await sender.settled([submission]))[submission]
        assert (row["state"], len(clinic.received)) == ("delivered", 1)
        told = await hub.ledger()
        first, second = told.intents[row["outbox"]]
        assert (told.outcomes[first], told.outcomes[second]) == (["unknown"], ["delivered"])
        assert told.kinds.index("work.released") > told.kinds.index("disclosure.concluded")
        assert (await hub.command("status")).code == 0


@pytest.mark.postgres
@pytest.mark.redis
async def test_redis_emptied_and_then_gone_loses_nothing(migrated_postgres_url: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        own = stack.enter_context(servers.redis_url())
        async with deployed(tmp_path, Servers(migrated_postgres_url, own)) as (hub, sender):
            submissions = await sender.several(5, "sunrise", name="with")
            await asyncio.to_thread(servers.flush, own)
            submissions += await sender.several(10, "sunrise", name="emptied")
            await asyncio.to_thread(stack.close)
            submissions += await sender.several(10, "sunrise", name="without")
            states = await accounted_for(hub, sender, submissions)
            assert set(states.values()) == {"delivered"}
            assert await hub.stop() == [0, 0, 0]


async def _kill_when(hub: Deployed, holds: Callable[[], bool]) -> None:
    await until(holds)
    await hub.kill_workers()
    hub.start_worker()
    await hub.up()


async def _stubborn(sender: Sender, key: str) -> str:
    """Whoever gets no answer sends the same again, with the same key."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                return await sender.hand_in(key, packet("sunrise"))
            await asyncio.sleep(0.1)
