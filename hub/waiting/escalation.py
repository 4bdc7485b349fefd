"""What nobody has reviewed in 72 hours goes to compliance (california.md, story 8), once, and onto the ledger."""

import contextlib

from sqlalchemy import select
from sqlmodel import col

from hub.bases.reviews import REVIEWS
from hub.context import Hub
from hub.errors import Stale
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change
from hub.storage.tables import WorkItem

AFTER_US = 72 * 3_600_000_000
_ESCALATE = Change(WorkItem, ("escalated_at",), ("id", "state", "escalated_at"), must_hit=True)


async def escalate(hub: Hub, now: int) -> int:
    """Mark the reviews that are open too long (`now`: microseconds UTC). Returns how many."""
    statement = select(  # type: ignore[call-overload]
        WorkItem.id, WorkItem.kind, WorkItem.organization_id, WorkItem.reference
    ).where(
        col(WorkItem.state) == "open",
        col(WorkItem.created_at) <= now - AFTER_US,
        col(WorkItem.escalated_at) == 0,
        col(WorkItem.kind).in_(sorted(REVIEWS)),
    )
    escalated = 0
    for work, kind, organization, reference in await hub.database.query(statement):
        guard = Step(_ESCALATE, (now, work, "open", 0), "work")
        body = {"work": work, "kind": kind, "organization": organization}
        # Another process may have been faster, or somebody has just reviewed it.
        with contextlib.suppress(Stale):
            await hub.database.commit(Unit((guard,), (entry("work.escalated", now, body, reference=reference),)))
            escalated += 1
    return escalated
