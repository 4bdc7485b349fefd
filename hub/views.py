"""What an organization may see of a submission: the sender all of its own, a recipient what it received.

INVARIANT: no-existence-leak. Whatever is not the viewer's looks like what does not exist.
"""

from typing import Any

import msgspec
from sqlalchemy import or_, select
from sqlmodel import col

from hub.context import Hub
from hub.errors import NotAvailable
from hub.seal import open_item
from hub.storage import submissions
from hub.storage.disclosures import about
from hub.storage.statements import Lookup
from hub.storage.submissions import StoredSubmission
from hub.storage.tables import Attempt, Decision, Disclosure, Outbox

_OUTBOX = Lookup(
    Outbox, ("id", "recipient", "share", "state", "code", "attempts", "due_at", "approved_by"), "submission_id"
)
_DECISIONS = Lookup(Decision, ("id", "recipient", "at", "phase", "outcome", "hold", "body"), "submission_id")
_DECISION = Lookup(Decision, ("submission_id", "recipient", "at", "phase", "body"), "id")


async def submission(hub: Hub, submission_id: str, viewer: str) -> dict[str, Any]:
    """State, decisions and receipts of a submission. Raises `NotAvailable` unless the viewer sent or received it."""
    stored = await submissions.read(hub.database, submission_id)
    if stored is None:
        raise NotAvailable
    rows = await hub.database.lookup(_OUTBOX, submission_id)
    own = viewer == stored.sender
    if not own:
        # Who of the sender's people let it go is the sender's.
        rows = [(*row[:-1], None) for row in rows if row[1] == viewer and row[3] == "delivered"]
        if not rows:
            raise NotAvailable
    decisions = await hub.database.lookup(_DECISIONS, submission_id) if own else []
    attempts = await _attempts(hub, [row[0] for row in rows])
    return {
        "id": stored.id,
        "sender": stored.sender,
        "kind": stored.kind,
        "purpose": stored.purpose,
        "priority": stored.priority,
        "created_at": stored.created_at,
        "items": await _items(hub, stored) if own else [],
        "recipients": [_recipient(row, decisions, attempts.get(row[0], [])) for row in sorted(rows)],
    }


async def decision(hub: Hub, decision_id: str, viewer: str | None) -> dict[str, Any]:
    """One decision, whole, for the staff of its discloser (`viewer` None: compliance). Raises `NotAvailable`."""
    rows = await hub.database.lookup(_DECISION, decision_id)
    if not rows:
        raise NotAvailable
    submission_id, recipient, at, phase, body = rows[0]
    stored = await submissions.read(hub.database, submission_id)
    if stored is None or viewer not in (None, stored.sender):
        raise NotAvailable
    return {
        "id": decision_id,
        "submission": submission_id,
        "member": stored.member,
        "recipient": recipient,
        "at": at,
        "phase": phase,
        **msgspec.json.decode(body),
    }


async def disclosures(
    hub: Hub, *, viewer: str | None, member: str | None = None, before: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Disclosures the viewer made or received, newest first (`viewer` None: all); `before` pages by id."""
    names = (
        "id", "submission_id", "decision_id", "member_id", "discloser", "recipient", "purpose", "description",
        "address", "state", "accounting", "intended_at", "concluded_at",
    )  # fmt: skip
    statement = select(*(col(getattr(Disclosure, name)) for name in names)).order_by(col(Disclosure.id).desc())
    if viewer is not None:
        made, received = col(Disclosure.discloser) == viewer, col(Disclosure.recipient) == viewer
        # Only what arrived is known to a recipient.
        statement = statement.where(or_(made, received & (col(Disclosure.state) == "disclosed")))
    if member is not None:
        statement = statement.where(about(member))
    if before is not None:
        statement = statement.where(col(Disclosure.id) < before)
    rows = await hub.database.query(statement.limit(limit))
    return [dict(zip(names, row, strict=True)) for row in rows]


async def _attempts(hub: Hub, tickets: list[str]) -> dict[str, list[dict[str, Any]]]:
    names = ("id", "disclosure_id", "number", "channel", "started_at", "finished_at", "outcome", "code", "receipt")
    statement = (
        select(*(col(getattr(Attempt, name)) for name in names))
        .where(col(Attempt.disclosure_id).in_(tickets))
        .order_by(col(Attempt.number))
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await hub.database.query(statement):
        attempt = dict(zip(names, row, strict=True))
        attempt["receipt"] = attempt["receipt"] and msgspec.json.decode(attempt["receipt"])
        found.setdefault(attempt.pop("disclosure_id"), []).append(attempt)
    return found


async def _items(hub: Hub, stored: StoredSubmission) -> list[dict[str, Any]]:
    items = await submissions.read_items(hub.database, stored.id)
    return [
        {
            "id": item.id,
            "title": open_item(hub.ring, stored.id, item.id, item.sealed).title
            if item.sealed.wrapped_key
            else "(destroyed)",
            "information": item.information,
            "media_type": item.media_type,
        }
        for item in items.values()
    ]


def _recipient(row: tuple[Any, ...], decisions: list[tuple[Any, ...]], attempts: list[Any]) -> dict[str, Any]:
    ticket, recipient, share, state, code, tried, due_at, approved_by = row
    return {
        "outbox": ticket,
        "recipient": recipient,
        "share": share,
        "state": state,
        "code": code,
        "attempts": tried,
        "due_at": due_at if state == "queued" else None,
        "approved_by": approved_by,
        "deliveries": attempts,
        "decisions": [
            {"id": d[0], "at": d[2], "phase": d[3], **msgspec.json.decode(d[6])}
            for d in sorted(decisions)
            if d[1] == recipient
        ],
    }
