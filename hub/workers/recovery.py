"""What workers that went away left behind: claimed rows return to the queue, rows in flight become a person's question.

INVARIANT: unknown-is-disclosed. Whoever was delivering may have delivered; nothing in flight is tried again.
"""

import contextlib
from typing import Any, NamedTuple

from sqlalchemy import select

from hub import outbox
from hub.bases import reviews
from hub.context import Hub
from hub.errors import Stale
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change
from hub.storage.tables import Attempt, Disclosure, Outbox
from hub.waiting.work import open_work

_CODE = "worker-lost"
_LOSE = Change(
    Outbox,
    ("state", "due_at", "code", "claim", "lease_until"),
    ("id", "state", "claim", "lease_until"),
    must_hit=True,
)
"""The guard: the row is in the flight that it was seen in, and its lease was not renewed since."""
_DISCLOSURE = Change(Disclosure, ("state", "concluded_at"), ("id", "state"))
_ATTEMPT = Change(Attempt, ("outcome", "code"), ("disclosure_id", "number"))


class Lost(NamedTuple):
    """A row in flight whose lease has ended, as it was seen."""

    ticket: str
    claim: str
    lease_until: int
    number: int
    attempt: str
    discloser: str
    member: str


async def recover(hub: Hub, before: int) -> tuple[int, int]:
    """Settle rows whose lease ended before `before` (microseconds UTC): (returned to the queue, become unknown)."""
    returned = await outbox.return_expired_claims(hub.database, before)
    lost = 0
    for row in await hub.database.query(_in_flight(before)):
        with contextlib.suppress(Stale):  # it was alive after all, or another process was faster
            await hub.database.commit(await _lost(hub, Lost(*row)))
            lost += 1
    return returned, lost


def _in_flight(before: int) -> Any:
    row: Any = Outbox
    attempt: Any = Attempt
    disclosure: Any = Disclosure
    return (
        select(
            row.id,
            row.claim,
            row.lease_until,
            attempt.number,
            attempt.id,
            disclosure.discloser,
            disclosure.member_id,
        )
        .join(disclosure, disclosure.id == row.id)
        .join(attempt, (attempt.disclosure_id == row.id) & (attempt.number == row.attempts))
        .where(row.state == "in_flight", row.lease_until < before)
    )


async def _lost(hub: Hub, row: Lost) -> Unit:
    now = hub.clock.now()
    body = {"attempt": row.attempt, "outcome": "unknown", "code": _CODE}
    seen = (row.ticket, "in_flight", row.claim, row.lease_until)
    guard = Step(_LOSE, ("unknown", now, _CODE, None, None, *seen), "state")
    writes = (
        Step(_DISCLOSURE, ("unknown", now, row.ticket, "intended")),
        Step(_ATTEMPT, ("unknown", _CODE, row.ticket, row.number)),
        entry("disclosure.concluded", now, body, member=row.member, reference=row.ticket),
        open_work("unknown_outcome", row.discloser, row.ticket, (_CODE,), now),
        *await reviews.after_loss(hub, row.ticket),
    )
    return Unit((guard,), writes)
