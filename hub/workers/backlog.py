"""How much waits, for the metrics: read when a collector asks, from the indexes of what is not settled.

It is read from the database, so that any process of the hub tells it for all.
"""

from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from hub import telemetry
from hub.context import Hub
from hub.ledger import unsigned
from hub.storage.tables import Outbox, WorkItem
from hub.waiting.work import is_open

UNSETTLED = ("queued", "claimed", "in_flight")


async def measure(hub: Hub) -> None:
    """Set the gauges of the queue, of the work and of the ledger. Raises `StorageFailed`."""
    now = hub.clock.now()
    telemetry.AWAY.set(hub.breakers.open(now))  # this process's own, so first: no database is asked
    count = select(func.count()).select_from(Outbox)
    for state in UNSETTLED:
        ((rows,),) = await hub.database.survey(count.where(col(Outbox.state) == state))
        telemetry.OUTBOX_ROWS.labels(state=state).set(rows)
    oldest = select(func.min(col(Outbox.due_at))).where(col(Outbox.state) == "queued")
    ((due,),) = await hub.database.query(oldest)
    telemetry.OLDEST_DUE.set(max(0, now - due) / 1_000_000 if due is not None else 0)
    telemetry.LEDGER_SIZE.set(await unsigned.signed_size(hub.database))
    telemetry.UNSIGNED.set(await unsigned.waiting_s(hub.database, now))
    await _measure_work(hub)


async def _measure_work(hub: Hub) -> None:
    counted: tuple[Any, ...] = (col(WorkItem.kind), func.count())
    rows = await hub.database.survey(select(*counted).where(is_open()).group_by(counted[0]))
    telemetry.WORK_OPEN.clear()  # a kind of which nothing is left
    for each, count in rows:
        telemetry.WORK_OPEN.labels(kind=each).set(count)
