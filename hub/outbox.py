"""Step 4, queue: the outbox, one row a recipient, claimed by workers and left behind by none.

    queued ─claim─▶ claimed ─intent─▶ in_flight ─▶ delivered
      ▲               │                  ├─ deferred ─▶ queued (later) … dead
      │               └─ denied ─▶ withheld            └─ unknown (a person is asked)
      └── released by a person or by a new consent ── held, dead, unknown

A worker renews the lease of every row it works on; a row whose lease has ended belongs to a worker that went away. A
claimed one goes back to the queue: nothing has left. One in flight becomes unknown: something may have
(INVARIANT: unknown-is-disclosed).
"""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.model import Priority, new_id
from hub.storage.database import Database, Step, Unit
from hub.storage.statements import Change, Insert, Returning, columns_of
from hub.storage.tables import Outbox, Submission
from hub.waiting.work import close_waiting

LEASE_US = 120_000_000
"""No channel's deadline bounds it (a fax may be dialled for half an hour): a living worker renews it."""
URGENT_US = 3_600_000_000
MAX_ATTEMPTS = 12
MAX_TRIES = 3
"""Failed tries at one endpoint before the next one of the recipient is considered."""
AWAITED = "awaiting-pickup"
"""The code of a row whose recipient was told and comes for it."""
_FIRST_RETRY_S = 5.0
_LAST_RETRY_S = 3_600.0

ENQUEUE = Insert(Outbox, columns_of(Outbox))
BEGIN_FLIGHT = Change(Outbox, ("state", "endpoint_id", "attempts", "tries"), ("id", "state", "claim"), must_hit=True)
"""The guard by which a worker shows that the row is still its own. The lease goes on: it is renewed by the clock."""
SETTLE = Change(Outbox, ("state", "due_at", "code", "claim", "lease_until"), ("id", "claim"), must_hit=True)
MOVE = Change(Outbox, ("state", "due_at", "code", "claim", "lease_until"), ("id", "state"), must_hit=True)
"""A person's or the recovery's change, valid only from the state it was seen in."""
RETARGET = Change(Outbox, ("endpoint_id", "tries"), ("id",))
APPROVE = Change(Outbox, ("approved_by",), ("id",))
_RENEW = Change(Outbox, ("lease_until",), ("id", "claim"))
_GIVE_BACK = Change(Outbox, ("state", "claim", "lease_until"), ("id", "claim"))
_REQUEUE = Change(Outbox, ("state", "due_at", "code"), ("id", "state"))


_encode = msgspec.json.Encoder().encode


class Ticket(msgspec.Struct, frozen=True, gc=False):
    """A claimed outbox row."""

    id: str
    submission: str
    recipient: str
    endpoint: str | None
    attempts: int
    tries: int
    share: str
    approved: str | None
    claim: str
    size: int = 0
    """Bytes of the packet's documents, all of them: what the recipient gets is no more."""

    @property
    def taking(self) -> str:
        """Of which claim it is: a row whose lease ended can come again while its first ticket is still here."""
        return f"{self.id}/{self.claim}"

    @property
    def party(self) -> str:
        """Whose share of what is under way it takes (`hub.workers.freight`)."""
        return self.recipient


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a row stands, why, and which share of the packet it is."""

    state: str
    code: str | None = None
    share: str = "ready"


_SIZE = "(SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM item WHERE item.submission_id = outbox.submission_id)"
_TICKET = f"id, submission_id, recipient, endpoint_id, attempts, tries, share, approved_by, claim, {_SIZE}"
_CLAIM = Returning(
    sqlite=(
        "UPDATE outbox SET state = 'claimed', claim = ?1, lease_until = ?2 WHERE id IN (SELECT id FROM outbox "
        f"WHERE state = 'queued' AND due_at <= ?3 AND (?4 IS NULL OR {_SIZE} <= ?4) ORDER BY due_at LIMIT ?5) "
        f"RETURNING {_TICKET}"
    ),
    postgres=(
        "UPDATE outbox SET state = 'claimed', claim = $1, lease_until = $2 WHERE id IN (SELECT id FROM outbox "
        f"WHERE state = 'queued' AND due_at <= $3 AND ($4::bigint IS NULL OR {_SIZE} <= $4) "
        f"ORDER BY due_at LIMIT $5 FOR UPDATE SKIP LOCKED) RETURNING {_TICKET}"
    ),
)
_PARTNERS = (
    "WITH RECURSIVE partner(name) AS (SELECT min(recipient) FROM outbox WHERE state = 'queued' "
    "UNION ALL SELECT (SELECT min(recipient) FROM outbox WHERE state = 'queued' AND recipient > name) "
    "FROM partner WHERE name IS NOT NULL) "
)
"""From each partner that has something in the queue to the next, however much it has there."""
_CLAIM_PAST = Returning(
    sqlite=(
        f"{_PARTNERS} UPDATE outbox SET state = 'claimed', claim = ?1, lease_until = ?2 WHERE id IN ("
        "SELECT due.id FROM partner CROSS JOIN outbox AS due ON due.id IN (SELECT id FROM outbox "
        f"WHERE state = 'queued' AND recipient = name AND due_at <= ?3 AND (?4 IS NULL OR {_SIZE} <= ?4) "
        "ORDER BY due_at LIMIT ?5) WHERE name NOT IN (SELECT value FROM json_each(?6)) "
        f"ORDER BY due.due_at LIMIT ?5) RETURNING {_TICKET}"
    ),
    postgres=(
        f"{_PARTNERS} UPDATE outbox SET state = 'claimed', claim = $1, lease_until = $2 WHERE id = ANY(ARRAY("
        "SELECT due.id FROM partner CROSS JOIN LATERAL (SELECT id, due_at FROM outbox "
        "WHERE state = 'queued' AND recipient >= name AND (recipient, due_at) <= (name, $3) "
        f"AND ($4::bigint IS NULL OR {_SIZE} <= $4) "
        "ORDER BY recipient, due_at LIMIT $5 FOR UPDATE SKIP LOCKED) AS due "
        "WHERE name NOT IN (SELECT json_array_elements_text($6::json)) "
        f"ORDER BY due.due_at LIMIT $5)) RETURNING {_TICKET}"
    ),
)
"""The same past partners without a place: of each other one the first rows, and of these the first of all. What a full
one has in the queue, and it may be nearly all of it, is not looked at. PostgreSQL is asked in pairs, which only one
index answers; asked as SQLite is, it may guess that going through all that is due finds them soon enough.
"""
_RETURN_CLAIMS = Returning(
    sqlite=(
        "UPDATE outbox SET state = 'queued', claim = NULL, lease_until = NULL "
        "WHERE state = 'claimed' AND lease_until < ? RETURNING id"
    ),
    postgres=(
        "UPDATE outbox SET state = 'queued', claim = NULL, lease_until = NULL "
        "WHERE state = 'claimed' AND lease_until < $1 RETURNING id"
    ),
)


def enqueue(
    ticket: Ticket, place: Place, now: int, priority: Priority = Priority.ROUTINE, lease_us: int | None = None
) -> Step:
    """A new outbox row; urgent ones sort an hour ahead. With a lease it is born claimed, if it is to leave at all."""
    state, claim, until = place.state, None, None
    if lease_us is not None and state == "queued":
        state, claim, until = "claimed", ticket.claim, now + lease_us
    values = (
        ticket.id, ticket.submission, ticket.recipient, place.share, None, state, ticket.endpoint, 0, 0,
        _due(priority, now), claim, until, place.code, now,
    )  # fmt: skip
    return Step(ENQUEUE, values)


async def claim(
    database: Database,
    now: int,
    most: int,
    lease_us: int = LEASE_US,
    *,
    but: Sequence[str] = (),
    largest: int | None = None,
) -> list[Ticket]:
    """Take up to `most` due rows for this worker, none of the recipients `but` and none of more than `largest` bytes;
    each has a claim that nobody else has.
    """
    row = (new_id(), now + lease_us, now, largest, most)
    if but:
        rows = await database.returning(_CLAIM_PAST, (*row, _encode(but).decode()))
    else:
        rows = await database.returning(_CLAIM, row)
    return [Ticket(*found) for found in rows]


async def give_back(database: Database, tickets: Iterable[Ticket]) -> None:
    """Claimed rows go back to their place in the queue; one that is no longer this worker's stays as it is."""
    steps = tuple(Step(_GIVE_BACK, ("queued", None, None, t.id, t.claim)) for t in tickets)
    if steps:
        await database.commit(Unit((), steps))


async def renew(database: Database, tickets: Iterable[Ticket], until: int) -> None:
    """Keep these rows for their worker until then; one that is settled or no longer its own stays as it is."""
    renewals = tuple(Step(_RENEW, (until, ticket.id, ticket.claim)) for ticket in tickets)
    if renewals:
        await database.commit(Unit((), renewals))


async def return_expired_claims(database: Database, now: int) -> int:
    """Rows whose worker went away before it recorded an intent go back to the queue. Returns how many."""
    return len(await database.returning(_RETURN_CLAIMS, (now,)))


def retry_after_s(attempts: int, named: float | None) -> float:
    """Seconds until the next attempt: doubling with jitter, at least what the other side named."""
    wait: float = min(_FIRST_RETRY_S * 2 ** max(attempts - 1, 0), _LAST_RETRY_S)
    spread: float = random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing
    return max(named or 0.0, wait * spread)


async def requeue_held(database: Database, member: str, now: int) -> tuple[Step, ...]:
    """Steps that put back into the queue what waits for facts about this member; dispatch decides anew."""
    columns: tuple[Any, ...] = (col(Outbox.id), col(Submission.priority))
    statement = (
        select(*columns)
        .join(Submission, col(Submission.id) == col(Outbox.submission_id))
        .where(col(Submission.member_id) == member, col(Outbox.state) == "held", col(Outbox.share) == "ready")
    )
    steps: list[Step] = []
    for ticket, priority in await database.query(statement):
        steps += (requeue(ticket, Priority(priority), now), *close_waiting(ticket, now))
    return tuple(steps)


def requeue(ticket: str, priority: Priority, now: int) -> Step:
    """What is held goes back into the queue, behind what is due already; dispatch decides anew."""
    return Step(_REQUEUE, ("queued", _due(priority, now), None, ticket, "held"))


def _due(priority: Priority, now: int) -> int:
    """Urgent rows sort an hour ahead."""
    return now - URGENT_US if priority is Priority.URGENT else now
