"""What is done regularly beside the claims, and how often, by any number of workers: of each round one of them wins."""

import asyncio

from hub.compliance.suspensions import lapse
from hub.context import Hub
from hub.retention.daily import run_daily
from hub.waiting import lacking
from hub.waiting.escalation import escalate
from hub.workers.expired import forget_expired
from hub.workers.recovery import recover
from hub.workers.rounds import lasting
from hub.workers.second_look import look_again

RENEWALS = 3
"""In the time of a lease, so that one failed renewal loses nothing."""
OFTEN_S = 15.0
SOON_S = 1.0
"""Before the next page of what is gone through a page at a time: new packets go between two of them."""
HOURLY_S = 3_600.0
"""How often to look whether a new local day has begun."""


async def run(hub: Hub) -> None:
    """Until cancelled."""
    await asyncio.gather(_often(hub), _hourly(hub), _look_again(hub), _lacking(hub))


def renewed_every_s(hub: Hub) -> float:
    """Seconds between two renewals of a lease."""
    return hub.lease_us / 1_000_000 / RENEWALS


async def _often(hub: Hub) -> None:
    while True:
        for task in (recover, escalate, lapse):
            with lasting(task.__name__):
                await task(hub, hub.clock.now())
        await asyncio.sleep(_often_s(hub))


async def _lacking(hub: Hub) -> None:
    after = ""
    while True:
        with lasting(lacking.KIND):
            after = await lacking.tell(hub, hub.clock.now(), after)
        await asyncio.sleep(SOON_S if after else _often_s(hub))


async def _hourly(hub: Hub) -> None:
    while True:
        for task in (run_daily, forget_expired):
            with lasting(task.__name__):
                await task(hub)
        await asyncio.sleep(HOURLY_S)


async def _look_again(hub: Hub) -> None:
    while True:
        more = False
        with lasting(look_again.__name__):
            more = await look_again(hub, hub.clock.now())
        await asyncio.sleep(SOON_S if more else _often_s(hub))


def _often_s(hub: Hub) -> float:
    return min(OFTEN_S, renewed_every_s(hub))
