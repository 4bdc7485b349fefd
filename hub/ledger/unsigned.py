"""How far the signed heads are behind: what nobody has put under a head yet, an outsider cannot hold the hub to."""

from sqlalchemy import select
from sqlmodel import col

from hub.storage.database import Database
from hub.storage.tables import LedgerEntry, LedgerState

LATE_S = 60
"""A head follows within a second; what waits longer waits for a person: the sequencer ended, or refuses to sign."""


async def signed_size(database: Database) -> int:
    """How many entries are in the tree. Raises `StorageFailed`."""
    rows = await database.query(select(col(LedgerState.size)))
    return int(rows[0][0]) if rows else 0


async def waiting_s(database: Database, now: int) -> int:
    """How many seconds the oldest entry has waited for its head at `now` (microseconds UTC). Raises `StorageFailed`."""
    newest = await database.query(select(col(LedgerState.newest)))
    beyond = col(LedgerEntry.id) > (newest[0][0] if newest else 0)
    oldest = await database.query(select(col(LedgerEntry.at)).where(beyond).order_by(col(LedgerEntry.id)).limit(1))
    return max(0, (now - oldest[0][0]) // 1_000_000) if oldest else 0
