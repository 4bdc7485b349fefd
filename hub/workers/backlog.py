"""How much waits, for the metrics: read when a collector asks, from the indexes of what is not settled."""

from sqlalchemy import func, select
from sqlmodel import col

from hub import telemetry
from hub.context import Hub
from hub.storage.tables import Outbox

UNSETTLED = ("queued", "claimed", "in_flight")


async def measure(hub: Hub) -> None:
    """Set the gauges of the queue. Raises `StorageFailed`."""
    count = select(func.count()).select_from(Outbox)
    for state in UNSETTLED:
        ((rows,),) = await hub.database.query(count.where(col(Outbox.state) == state))
        telemetry.OUTBOX_ROWS.labels(state=state).set(rows)
    oldest = select(func.min(col(Outbox.due_at))).where(col(Outbox.state) == "queued")
    ((due,),) = await hub.database.query(oldest)
    now = hub.clock.now()
    telemetry.OLDEST_DUE.set(max(0, now - due) / 1_000_000 if due is not None else 0)
    telemetry.AWAY.set(hub.breakers.open)
