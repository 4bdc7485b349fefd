"""Tells what is due: one call at a time for each webhook, again on the schedule of Standard Webhooks, then given up.

2xx: told. 410: the webhook ends. 429, 502, 504 and Retry-After: later than planned. Anything else, redirects too: again
as planned. A call may be made twice (its id is the same); none is lost.
"""

import asyncio
from typing import Any

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.ports import Reply
from hub.storage.database import Step, Unit
from hub.storage.facts import instant
from hub.storage.questions import Question
from hub.storage.statements import Change
from hub.storage.tables import WebhookCall
from hub.webhooks import feed, signing, subscriptions
from hub.workers.rounds import lasting

SCHEDULE_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""After the first, immediate try."""
PERIOD_S = 2.0
_AT_ONCE = 16
"""Webhooks that are told side by side."""
_IN_A_ROW = 50
"""Calls of one webhook in one round."""
_TURN_US = 2_000_000
"""After this a webhook's turn is over: the round, and the reading of what is new, would wait for a slow receiver."""
_THROTTLED_S = 600
_GONE = 410
_CALL: tuple[Any, ...] = tuple(col(getattr(WebhookCall, name)) for name in ("id", "event", "reference", "at", "tries"))
_MOVED = Change(WebhookCall, ("state", "tries", "due_at"), ("id",))
_GIVEN_UP = Change(WebhookCall, ("state",), ("webhook_id", "state"))


async def run(hub: Hub) -> None:
    """Read and tell until cancelled."""
    while True:
        behind = False
        with lasting("webhooks"):
            behind = await feed.advance(hub) >= feed.BATCH
            await tell_due(hub)
        await asyncio.sleep(0 if behind else PERIOD_S)


async def tell_due(hub: Hub) -> int:
    """Tell what is due now, each webhook its own in their order: one whose receiver is away or slow holds up none of
    the others. How many were tried.
    """
    places = asyncio.Semaphore(_AT_ONCE)
    webhooks = await hub.database.query(_due(hub, col(WebhookCall.webhook_id)).distinct())
    return sum(await asyncio.gather(*(_tell_one(hub, webhook, places) for (webhook,) in webhooks)))


async def _tell_one(hub: Hub, webhook: str, places: asyncio.Semaphore) -> int:
    """Tell one webhook what is due to it, until a call fails or its turn is over; how many were tried."""
    theirs = _due(hub, *_CALL).where(col(WebhookCall.webhook_id) == webhook)
    oldest = theirs.order_by(col(WebhookCall.due_at), col(WebhookCall.id)).limit(_IN_A_ROW)
    async with places:
        calls = await hub.database.query(oldest)
        until = hub.clock.now() + _TURN_US
        for tried, call in enumerate(calls, 1):
            if not await _tell(hub, webhook, *call) or hub.clock.now() > until:
                return tried
    return len(calls)


def _due(hub: Hub, *columns: Any) -> Question:
    return select(*columns).where(col(WebhookCall.state) == "queued", col(WebhookCall.due_at) <= hub.clock.now())


async def _tell(hub: Hub, webhook: str, call: str, event: str, reference: str, at: int, tries: int) -> bool:
    """One call; whether it was heard."""
    address = await subscriptions.address(hub, webhook)
    if address is None or hub.post is None:
        await hub.database.commit(Unit((), (Step(_MOVED, ("given_up", tries, at, call)),)))
        return False
    name = "work" if event == "work.waiting" else "submission"
    stamp = instant(at).isoformat(timespec="milliseconds")
    body = msgspec.json.encode({"type": event, "timestamp": stamp, "data": {name: reference}})
    seconds = hub.clock.now() // 1_000_000
    headers = signing.headers(call, seconds, body, address.secrets, subscriptions.key_of(hub))
    try:
        reply = await hub.post(address.url, headers, body)
    except OSError:
        reply = Reply(status=0)
    await hub.database.commit(Unit((), _after(hub, call, webhook, tries, reply)))
    return _heard(reply)


def _heard(reply: Reply) -> bool:
    return 200 <= reply.status < 300


def _after(hub: Hub, call: str, webhook: str, tries: int, reply: Reply) -> tuple[Step, ...]:
    now = hub.clock.now()
    if _heard(reply):
        return (Step(_MOVED, ("told", tries + 1, now, call)),)
    if reply.status == _GONE:
        return *subscriptions.ended(webhook, now), Step(_GIVEN_UP, ("given_up", webhook, "queued"))
    if tries >= len(SCHEDULE_S):
        return (Step(_MOVED, ("given_up", tries + 1, now, call)),)
    wait = max(SCHEDULE_S[tries], reply.retry_after, _THROTTLED_S if reply.status in (429, 502, 504) else 0)
    return (Step(_MOVED, ("queued", tries + 1, now + wait * 1_000_000, call)),)
