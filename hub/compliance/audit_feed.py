"""The feed to an audit repository: the ledger read in its order, from where the last batch ended, until cancelled.

Each entry is sent at least once: the place moves only after the collector took the batch. A collector that is away for
a week gets the week afterwards; the ledger is the queue.
"""

import asyncio
import contextlib
import socket
from typing import Any

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.compliance import atna
from hub.context import Hub
from hub.crypto.ledger import LedgerEntry
from hub.errors import Stale
from hub.ports import AuditSink
from hub.storage import tables
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, InsertNew, Lookup
from hub.workers.rounds import lasting

BATCH = 200
PERIOD_S = 2.0
_RETRY_S = 30.0
_PLACE = Lookup(tables.AuditFeed, ("position",), "id")
_FIRST = InsertNew(tables.AuditFeed, ("id", "position"), ("id",))
_MOVE = Change(tables.AuditFeed, ("position",), ("id", "position"), must_hit=True)
_ID = 1


async def run(hub: Hub, sink: AuditSink) -> None:
    """Feed until cancelled; a collector that is away is tried again."""
    while True:
        pause = _RETRY_S
        with lasting("audit feed"):
            pause = 0.0 if await feed(hub, sink) == BATCH else PERIOD_S
        await asyncio.sleep(pause)


async def feed(hub: Hub, sink: AuditSink) -> int:
    """Send one batch; how many entries were read. Raises `Unavailable` if the collector takes none."""
    place = await _place(hub)
    entry: Any = tables.LedgerEntry
    leaf: Any = tables.LedgerLeaf
    statement = (
        select(leaf.position, entry.id, entry.at, entry.kind, entry.member_id, entry.reference, entry.body, entry.salt)
        .join(entry, col(entry.id) == col(leaf.entry_id))
        .where(col(leaf.position) >= place)
        .order_by(col(leaf.position))
        .limit(BATCH)
    )
    rows = await hub.database.query(statement)
    if not rows:
        return 0
    host = socket.gethostname()
    read = [LedgerEntry(*stored) for _, *stored in rows]
    messages = [atna.message(each, msgspec.json.decode(each.body), host) for each in read]
    wanted = [message for message in messages if message is not None]
    if wanted:
        await sink.send(wanted)
    # Another process may have sent the same: the repository has them twice, and nobody loses one.
    with contextlib.suppress(Stale):
        await hub.database.commit(Unit((Step(_MOVE, (rows[-1][0] + 1, _ID, place), "feed"),), ()))
    return len(rows)


async def _place(hub: Hub) -> int:
    rows = await hub.database.lookup(_PLACE, _ID)
    if rows:
        return int(rows[0][0])
    with contextlib.suppress(Stale):
        await hub.database.commit(Unit((Step(_FIRST, (_ID, 0), "feed"),), ()))
    return 0
