"""What there is to tell, read off the ledger in its order and off the work that waits; nothing on a packet's path.

Rules kept: an event names a submission or a work item, nothing about a person; who hears is who may see it anyway: the
sender of a submission, the recipient of a status report that arrived, the organization whose people the work waits for.
"""

from typing import Any, NamedTuple

from sqlalchemy import exists, func, select
from sqlmodel import col

from hub.context import Hub
from hub.errors import Stale
from hub.model import MessageKind
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, InsertNew, Keep, Lookup, Row, columns_of
from hub.storage.tables import (
    Disclosure,
    LedgerEntry,
    LedgerLeaf,
    Outbox,
    Submission,
    Webhook,
    WebhookCall,
    WebhookFeed,
    WorkItem,
)
from hub.waiting.work import is_open

BATCH = 200
_STATE = 1
_OF_SHARE = ("disclosure.concluded", "disclosure.confirmed", "disclosure.proved", "dispatch.dead")
_OF_SUBMISSION = ("submission.decided", "dispatch.withheld")
_READ: tuple[Any, ...] = (
    col(LedgerLeaf.position),
    col(LedgerEntry.at),
    col(LedgerEntry.kind),
    col(LedgerEntry.reference),
)
_WORK: tuple[Any, ...] = (col(WorkItem.organization_id), col(WorkItem.id), col(WorkItem.created_at))
_HOOK: tuple[Any, ...] = (
    col(Webhook.id),
    col(Webhook.organization_id),
    col(Webhook.events),
    col(Webhook.created_at),
)
_SUBMISSION = Lookup(Submission, ("sender", "kind"), "id")
_SHARE = Lookup(Outbox, ("submission_id", "recipient"), "id")
_DISCLOSED = Lookup(Disclosure, ("state",), "id")
_POSITION = Lookup(WebhookFeed, ("position",), "id")
_FIRST = InsertNew(WebhookFeed, ("id", "position"), ("id",))
_MOVE = Change(WebhookFeed, ("position",), ("id", "position"), must_hit=True)
_ADD = Keep(WebhookCall, columns_of(WebhookCall))


class Event(NamedTuple):
    name: str
    organization: str
    reference: str
    at: int
    mark: str
    """What tells it from another of the same name and reference."""


async def advance(hub: Hub) -> int:
    """Read one batch; how many entries and work items it had."""
    start, end = await _position(hub), await _end(hub)
    hooks = await hub.database.query(select(*_HOOK).where(col(Webhook.ended_at).is_(None)))
    if not hooks:
        # What a webhook hears begins with itself: without one nothing has to be read.
        return await _move(hub, start, end, []) if end > start else 0
    work = await _work(hub)
    if work:
        await hub.database.commit(Unit((), tuple(_calls(hub, work, hooks))))
    statement = (
        select(*_READ)
        .join(LedgerEntry, col(LedgerEntry.id) == col(LedgerLeaf.entry_id))
        .where(col(LedgerLeaf.position) >= start)
        .order_by(col(LedgerLeaf.position))
        .limit(BATCH)
    )
    rows = await hub.database.query(statement)
    if not rows:
        return len(work)
    events = [event for row in rows for event in await _events(hub, *row)]
    return len(work) + await _move(hub, start, rows[-1][0] + 1, _calls(hub, events, hooks))


async def _move(hub: Hub, start: int, end: int, calls: list[Step]) -> int:
    """Read up to there, with the calls that follow from it; how many entries were read, a batch if another process was
    faster.
    """
    guard = Step(_MOVE, (end, _STATE, start), "feed")
    try:
        await hub.database.commit(Unit((guard,), tuple(calls)))
    except Stale:
        return BATCH
    return end - start


async def _events(hub: Hub, position: int, at: int, kind: str, reference: str | None) -> list[Event]:
    mark = str(position)
    if kind in _OF_SUBMISSION:
        found = await hub.database.lookup(_SUBMISSION, reference)
        return [Event("submission.changed", sender, reference or "", at, mark) for sender, _ in found]
    if kind not in _OF_SHARE:
        return []
    events = []
    for submission, recipient in await hub.database.lookup(_SHARE, reference):
        ((sender, message),) = await hub.database.lookup(_SUBMISSION, submission)
        events.append(Event("submission.changed", sender, submission, at, mark))
        if message == MessageKind.STATUS_REPORT.value:
            disclosed = await hub.database.lookup(_DISCLOSED, reference) == [("disclosed",)]
            events += [Event("status.received", recipient, submission, at, mark)] if disclosed else []
    return events


async def _work(hub: Hub) -> list[Event]:
    """Open work that an organization's webhook has not been told of, since it has the webhook."""
    told = exists().where(
        col(WebhookCall.reference) == col(WorkItem.id), col(WebhookCall.webhook_id) == col(Webhook.id)
    )
    statement = (
        select(*_WORK)
        .join(Webhook, col(Webhook.organization_id) == col(WorkItem.organization_id))
        .where(col(Webhook.ended_at).is_(None), col(Webhook.events).contains("work.waiting"))
        .where(is_open(), col(WorkItem.created_at) >= col(Webhook.created_at), ~told)
        .limit(BATCH)
    )
    rows = dict.fromkeys(tuple(row) for row in await hub.database.query(statement))
    return [Event("work.waiting", organization, work, at, "0") for organization, work, at in rows]


def _calls(hub: Hub, events: list[Event], hooks: list[Row]) -> list[Step]:
    now = hub.clock.now()
    return [
        Step(
            _ADD,
            (
                f"{hook}.{event.name}.{event.reference}.{event.mark}",
                hook,
                event.name,
                event.reference,
                event.at,
                now,
                0,
                "queued",
            ),
        )
        for event in events
        for hook, organization, names, since in hooks
        if organization == event.organization and event.name in names.split() and event.at >= since
    ]


async def _end(hub: Hub) -> int:
    """Where the ledger ends as it is sequenced now."""
    newest = await hub.database.query(select(func.max(col(LedgerLeaf.position))))
    return -1 if newest[0][0] is None else int(newest[0][0]) + 1


async def _position(hub: Hub) -> int:
    found = await hub.database.lookup(_POSITION, _STATE)
    if found:
        return int(found[0][0])
    try:
        await hub.database.commit(Unit((Step(_FIRST, (_STATE, 0), "feed"),), ()))
    except Stale:
        return await _position(hub)
    return 0
