"""Mail of ours that nobody answers for: the clock of disposition notices (Delivery Notification in Direct).

    sent ─ processed in time ─ (dispatched in time, where asked for)          nothing to do
      └── nothing in time ──▶ timed out: on the ledger, and work `undelivered`

The states of a delivery are its rows of `proof`; a time-out is one more, so that it is told once. A notice that comes
after it is recorded and takes nothing back: the person may have used another way meanwhile.

INVARIANT: unknown-is-disclosed. A time-out turns no disclosure into none. Another way for the same packet is another
disclosure, with a decision of its own (`hub.waiting.another_way`).
"""

import asyncio
import contextlib
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.errors import Stale
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.directory import Directory
from hub.storage.statements import InsertNew, columns_of
from hub.storage.tables import Attempt, Disclosure, Proof
from hub.waiting.work import open_work
from hub.workers.rounds import lasting

POLL_S = 30.0
BATCH = 200
_LOOK_BACK_US = 3 * 86_400_000_000
"""Longest outage of the worker after which a missed time-out is still told."""
PROCESSED, DISPATCHED = "mdn-timed-out-processed", "mdn-timed-out-dispatched"
_ADD = InsertNew(Proof, columns_of(Proof), ("delivery", "kind"))
_ANSWERED = ("mdn-processed", "mdn-dispatched", "dsn-delivered", "mdn-failed", "dsn-failed", PROCESSED)
_FINAL = ("mdn-dispatched", "dsn-delivered", "mdn-failed", "dsn-failed", PROCESSED, DISPATCHED)
_COLUMNS: tuple[Any, ...] = (
    col(Attempt.id),
    col(Disclosure.id),
    col(Disclosure.discloser),
    col(Disclosure.member_id),
)


class Waits(NamedTuple):
    """How long to wait for each notice, microseconds."""

    processed: int
    dispatched: int


async def run(hub: Hub, waits: Waits) -> None:
    """Look regularly, until cancelled."""
    while True:
        with lasting("unanswered mail"):
            await time_out(hub, waits)
        await asyncio.sleep(POLL_S)


async def time_out(hub: Hub, waits: Waits) -> int:
    """Tell of every delivery that has waited too long; how many. Raises `StorageFailed`."""
    now, directory = hub.clock.now(), await hub.directory.current()
    silent, telling = _with(directory, "no-mdn"), _with(directory, "dispatched")
    late = _overdue(now - waits.processed, _ANSWERED).where(col(Attempt.endpoint_id).not_in(silent))
    told = [await _tell(hub, row, PROCESSED, now) for row in await hub.database.query(late)]
    late = _undispatched(now - waits.dispatched).where(col(Attempt.endpoint_id).in_(telling))
    told += [await _tell(hub, row, DISPATCHED, now) for row in await hub.database.query(late)]
    return sum(told)


def _with(directory: Directory, word: str) -> list[str]:
    """The entries that say this of the partner's mail software."""
    return [each.id for found in directory.endpoints.values() for each in found if word in each.form.split()]


def _overdue(until: int, answers: tuple[str, ...]) -> Any:
    """Mail that the relay took so long ago, with none of these answers."""
    answered = select(col(Proof.delivery)).where(col(Proof.delivery) == col(Attempt.id), col(Proof.kind).in_(answers))
    return (
        select(*_COLUMNS)
        .join(Disclosure, col(Disclosure.id) == col(Attempt.disclosure_id))
        .where(
            col(Attempt.channel) == "email",
            col(Attempt.outcome) == "delivered",
            col(Attempt.finished_at) <= until,
            col(Attempt.finished_at) > until - _LOOK_BACK_US,
            ~answered.exists(),
        )
        .order_by(col(Attempt.finished_at))
        .limit(BATCH)
    )


def _undispatched(until: int) -> Any:
    """Mail that was processed so long ago, and of which nothing final was said."""
    processed = select(col(Proof.delivery)).where(
        col(Proof.delivery) == col(Attempt.id), col(Proof.kind) == "mdn-processed", col(Proof.at) <= until
    )
    return _overdue(until, _FINAL).where(processed.exists())


async def _tell(hub: Hub, row: Any, kind: str, now: int) -> int:
    delivery, disclosure, discloser, member = row
    guard = Step(_ADD, (delivery, kind, disclosure, "failed", "", "{}", b"", now), "proof")
    body = {"attempt": delivery, "kind": kind}
    writes = (
        entry("disclosure.unanswered", now, body, member=member, reference=disclosure),
        open_work("undelivered", discloser, disclosure, (kind,), now),
    )
    with contextlib.suppress(Stale):  # another worker was faster
        await hub.database.commit(Unit((guard,), writes))
        return 1
    return 0
