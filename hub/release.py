"""What people decide about work that waits: release it to be decided again, or close it.

A release never delivers by itself: the row goes back to the queue and `dispatch` decides anew (deny-by-default).
"""

from typing import Any, Literal, NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.errors import Conflict, NotAvailable, Stale
from hub.exchange import OUTBOX
from hub.outbox import APPROVE, MOVE
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Lookup, columns_of
from hub.storage.tables import Outbox, WorkItem
from hub.work import CLOSE

Reason = Literal[
    "reviewed",
    "corrected",
    "duplicate",
    "confirmed_delivered",
    "confirmed_not_delivered",
    "patient_request",
    "answered",
]
"""Fixed words: free text here would be content outside any sealed field."""

_RELEASABLE = ("held", "dead", "unknown")
_NAMES = columns_of(WorkItem)
_BY_ID = Lookup(WorkItem, _NAMES, "id")
_STATE = Lookup(Outbox, ("state",), "id")
_CLOSED = Change(WorkItem, ("state", "closed_at", "closed_by", "resolution"), ("id", "state"))


class Filter(NamedTuple):
    """Which work items; `organization` none: everybody's."""

    organization: str | None
    state: str = "open"
    kind: str | None = None
    before: str | None = None
    limit: int = 50


async def list_work(hub: Hub, wanted: Filter) -> list[dict[str, Any]]:
    """Work items, newest first."""
    statement = select(*(col(getattr(WorkItem, name)) for name in _NAMES)).order_by(col(WorkItem.id).desc())
    statement = statement.where(col(WorkItem.state) == wanted.state)
    if wanted.organization is not None:
        statement = statement.where(col(WorkItem.organization_id) == wanted.organization)
    if wanted.kind is not None:
        statement = statement.where(col(WorkItem.kind) == wanted.kind)
    if wanted.before is not None:
        statement = statement.where(col(WorkItem.id) < wanted.before)
    return [dict(zip(_NAMES, row, strict=True)) for row in await hub.database.query(statement.limit(wanted.limit))]


async def release(hub: Hub, work: str, reason: Reason, *, organization: str | None, by: str) -> None:
    """Put what waits back into the queue, approved by a person, and close the work item.

    Raises `NotAvailable` if it is not this organization's (none: anybody's), `Conflict` if nothing can be released.
    """
    item = await _open_item(hub, work, organization)
    outbox = item["reference"]
    states = await hub.database.lookup(_STATE, outbox)
    if not states or states[0][0] not in _RELEASABLE:
        raise Conflict("Nothing waits under this work item any more.", code="not-waiting")
    state, now = states[0][0], hub.clock.now()
    guard = Step(MOVE, ("queued", now, None, None, None, outbox, state), "outbox")
    body = {"work": work, "outbox": outbox, "from": state, "reason": reason, "by": by}
    writes = (
        Step(APPROVE, (by, outbox)),
        Step(_CLOSED, ("closed", now, by, reason, work, "open")),
        entry("work.released", now, body, reference=outbox),
    )
    await _commit(hub, Unit((guard,), writes))
    await hub.signals.wake(OUTBOX)


async def close(hub: Hub, work: str, reason: Reason, *, organization: str | None, by: str) -> None:
    """Close a work item; what it is about stays where it is. Raises `NotAvailable`, `Conflict`."""
    item = await _open_item(hub, work, organization)
    now = hub.clock.now()
    guard = Step(CLOSE, ("closed", now, by, reason, work, "open"), "work")
    body = {"work": work, "reason": reason, "by": by}
    await _commit(hub, Unit((guard,), (entry("work.closed", now, body, reference=item["reference"]),)))


async def _commit(hub: Hub, unit: Unit) -> None:
    try:
        await hub.database.commit(unit)
    except Stale:
        raise Conflict("Somebody else has settled this meanwhile.", code="not-waiting") from None


async def _open_item(hub: Hub, work: str, organization: str | None) -> dict[str, Any]:
    rows = await hub.database.lookup(_BY_ID, work)
    item = dict(zip(_NAMES, rows[0], strict=True)) if rows else {}
    if not item or organization not in (None, item["organization_id"]):
        raise NotAvailable
    if item["state"] != "open":
        raise Conflict("This work item is closed already.", code="not-waiting")
    return item
