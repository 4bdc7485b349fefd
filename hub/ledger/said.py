"""The entries that bind rows of the hub's own tables, as they were recorded."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select

from hub.crypto.ledger import LedgerEntry
from hub.storage import tables
from hub.storage.database import Database

_BATCH = 500


class Said(NamedTuple):
    """An entry and what its body says."""

    entry: LedgerEntry
    body: dict[str, Any]


async def entries(database: Database, kinds: Sequence[str]) -> AsyncIterator[list[Said]]:
    """All of these kinds in their order, some at a time. Raises `StorageFailed`."""
    entry: Any = tables.LedgerEntry
    columns = (entry.id, entry.at, entry.kind, entry.member_id, entry.reference, entry.body, entry.salt)
    after = -1
    while True:
        page = select(*columns).where(entry.id > after, entry.kind.in_(kinds)).order_by(entry.id).limit(_BATCH)
        rows = await database.query(page)
        if not rows:
            return
        after = rows[-1][0]
        yield [each for row in rows if (each := _said(LedgerEntry(*row)))]


def _said(entry: LedgerEntry) -> Said | None:
    """None for an entry that was spoilt: its leaf tells."""
    body = decoded(entry.body)
    return Said(entry, body) if isinstance(body, dict) else None


def decoded(text: Any) -> Any:
    """JSON; none where it was spoilt."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, TypeError):
        return None  # fits no entry
