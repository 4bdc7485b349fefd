"""The register of medical emergencies (§2.51(c)): each disclosure with its record, and the review that follows."""

from typing import Any

from sqlalchemy import select
from sqlmodel import col

from hub.bases import emergencies
from hub.compliance import log
from hub.context import Hub
from hub.storage.tables import Disclosure, Evidence, WorkItem

_REVIEW = ("id", "state", "code", "due_at", "closed_at", "closed_by", "resolution", "escalated_at")


async def register(
    hub: Hub, organization: str | None, *, state: str | None = None, before: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Emergency disclosures, newest first, with their review (`state` open or closed); ids and codes, no words.

    `organization` none: every discloser's. The record itself, opened: `record`.
    """
    statement = (
        select(col(Disclosure.id), *(col(getattr(WorkItem, name)) for name in _REVIEW))
        .join(Evidence, col(Evidence.disclosure_id) == col(Disclosure.id))
        .join(
            WorkItem,
            (col(WorkItem.reference) == col(Disclosure.id)) & (col(WorkItem.kind) == "emergency_review"),
            isouter=True,
        )
        .where(col(Evidence.kind) == "emergency")
        .order_by(col(Evidence.disclosure_id).desc())
    )
    if organization is not None:
        statement = statement.where(col(Disclosure.discloser) == organization)
    if state is not None:
        statement = statement.where(col(WorkItem.state) == state)
    if before is not None:
        statement = statement.where(col(Evidence.disclosure_id) < before)
    reviews = {row[0]: row[1:] for row in await hub.database.query(statement.limit(limit))}
    rows = await log.some(hub, list(reviews), organization)
    return [
        rows[disclosure] | {"review": dict(zip(_REVIEW, review, strict=True)) if review[0] else None}
        for disclosure, review in reviews.items()
    ]


async def record(hub: Hub, disclosure: str, organization: str | None, *, by: str) -> dict[str, Any]:
    """The five fields of §2.51(c); that somebody looked is on the ledger. Raises `NotAvailable`."""
    return await emergencies.record(hub, disclosure, organization=organization, by=by)
