"""What a sample is drawn from: the disclosures, or all entries, that a signed head of the ledger holds in a period.

A disclosure made outside of the hub is in the period in which it was recorded: when a quarter is sampled the ledger may
not hold it yet, and this way each is in one. One that was corrected or taken back stays: there is no way out of a draw.
"""

from typing import Any, NamedTuple

from sqlalchemy import select

from hub.context import Hub
from hub.sampling.check import RECORDED
from hub.storage import tables

_PAGE = 10_000
_INTENDED = "disclosure.intended"


class Member(NamedTuple):
    """One that may be drawn."""

    position: int
    entry: int
    reference: str | None
    kind: str


async def disclosures(hub: Hub, since: int, until: int, size: int) -> list[Member]:
    """Each disclosure with its record, or its first intent, in the period, in ledger order, of the first `size`
    positions.

    Instants are microseconds UTC, `until` exclusive. Raises `StorageFailed`.
    """
    found: dict[str | None, Member] = {}
    after = -1
    while rows := await hub.database.query(_disclosed(since, until, after, size)):
        for row in rows:
            found.setdefault(row[2], Member(*row))
        after = rows[-1][0]
    return list(found.values())


async def entries(hub: Hub, since: int, until: int, size: int) -> list[Member]:
    """Every entry of the period, in ledger order; raises as `disclosures`."""
    found: list[Member] = []
    after = -1
    while rows := await hub.database.query(_placed(since, until, after, size)):
        found += [Member(*row) for row in rows]
        after = rows[-1][0]
    return found


def _placed(since: int, until: int, after: int, size: int) -> Any:
    entry: Any = tables.LedgerEntry
    leaf: Any = tables.LedgerLeaf
    return (
        select(leaf.position, entry.id, entry.reference, entry.kind)
        .join(entry, entry.id == leaf.entry_id)
        .where(leaf.position > after, leaf.position < size, entry.at >= since, entry.at < until)
        .order_by(leaf.position)
        .limit(_PAGE)
    )


def _disclosed(since: int, until: int, after: int, size: int) -> Any:
    entry: Any = tables.LedgerEntry
    return _placed(since, until, after, size).where(entry.kind.in_((_INTENDED, RECORDED)))
