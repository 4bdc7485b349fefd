"""What nobody has reviewed in 72 hours goes to compliance (california.md, story 8), once, and onto the ledger."""

import asyncio
from typing import Any

from sqlalchemy import literal_column, select

from hub.bases.reviews import REVIEWS
from hub.context import Hub
from hub.errors import Stale
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Row
from hub.storage.tables import WorkItem
from hub.waiting.work import is_open

AFTER_US = 72 * 3_600_000_000
PAGE = 128
"""Items of one round trip and of one group commit: others' work goes on between two of them."""
_ESCALATE = Change(WorkItem, ("escalated_at",), ("id", "state", "escalated_at"), must_hit=True)


async def escalate(hub: Hub, now: int) -> int:
    """Mark the reviews that are open too long (`now`: microseconds UTC). Returns how many."""
    item: Any = WorkItem
    statement = select(item.id, item.kind, item.organization_id, item.reference).where(
        is_open(),
        item.escalated_at == literal_column("0"),
        item.kind.in_(sorted(REVIEWS)),
        item.created_at <= now - AFTER_US,
    )
    escalated = 0
    # What was marked, here or by another process, is not found again.
    while page := await hub.database.query(statement.limit(PAGE)):
        escalated += sum(await asyncio.gather(*(_mark(hub, row, now) for row in page)))
    return escalated


async def _mark(hub: Hub, row: Row, now: int) -> bool:
    work, kind, organization, reference = row
    guard = Step(_ESCALATE, (now, work, "open", 0), "work")
    body = {"work": work, "kind": kind, "organization": organization}
    try:
        await hub.database.commit(Unit((guard,), (entry("work.escalated", now, body, reference=reference),)))
    except Stale:  # another process was faster, or somebody has just reviewed it
        return False
    return True
