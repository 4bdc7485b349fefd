"""The audit of a live ledger: every entry against its leaf, every leaf against the signed heads, every disclosure
against its intent.

Reads in batches of constant memory, and trusts nothing but the public keys and a head that was kept outside of the
database.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlmodel import col

from hub.crypto.checkpoint import Checkpoint
from hub.crypto.ledger import LedgerEntry, line_of
from hub.crypto.notes import Verifier
from hub.crypto.report import Report
from hub.crypto.tree import Node
from hub.crypto.verifier import Verification
from hub.ledger.bound import Bound, compare
from hub.ledger.sequencer import BATCH
from hub.model import Frozen
from hub.storage import tables
from hub.storage.database import Database
from hub.storage.statements import table_of

_BATCH = 4096
_MOST_GAP = 1_000_000
"""A position beyond this is no gap but a lie; it is left to the roots to tell."""
_SETTLED_US = 60_000_000

_Pair = tuple[LedgerEntry | None, bytes | None]


class Audit(Frozen, frozen=True, kw_only=True):
    """What was found.

    `unplaced`: entries that should long have had a place in the tree, so somebody put them in or took their leaf out.
    `waiting`: entries that come after all in the tree, and are no older than its newest head, which is no fault: a
    copy of a working hub, and one that was broken off, end with some. `unrecorded`: delivery attempts whose intent
    the ledger does not hold. `unfit`: stored hashes of the tree, which proofs are made from, that are not those of
    the leaves. `bound`: rows of the hub's own tables that are not as the ledger recorded them.
    """

    report: Report
    bound: Bound
    unfit: int
    unplaced: int
    waiting: int
    unrecorded: int

    @property
    def intact(self) -> bool:
        """Nothing was found."""
        return self.report.intact and not (self.unplaced or self.unrecorded or self.unfit or self.bound.words())

    def json(self) -> bytes:
        """The report as JSON, with what only a live ledger shows, and `intact` of both."""
        found = {name: getattr(self, name) for name in ("unplaced", "waiting", "unrecorded", "unfit")}
        told = msgspec.structs.asdict(self.report) | found | self.bound.counts()
        return msgspec.json.encode({"intact": self.intact, **told})

    def text(self) -> str:
        """For a person, a few lines."""
        more = []
        if self.unplaced:
            more.append(f"{_entries(self.unplaced, 'stands', 'stand')} outside the tree.")
        if self.unfit:
            more.append(
                f"{self.unfit:,} stored hashes of the tree are not those of its leaves; no proof is made of them."
            )
        if self.unrecorded:
            more.append(f"{self.unrecorded:,} delivery attempts have no intent on the ledger.")
        text = self.report.text([*more, *self.bound.words()])
        if self.waiting:
            waiting = _entries(self.waiting, "waits", "wait")
            text += f"{waiting} for a place in the tree; nothing vouches for that yet.\n"
        return text


async def audit(database: Database, keys: tuple[Verifier, ...], heads: Sequence[Checkpoint], now: int) -> Audit:
    """Audit the whole ledger, also against heads kept outside (`now`: microseconds UTC). Raises `StorageFailed`."""
    notes = await database.query(select(col(tables.Checkpoint.note)).order_by(col(tables.Checkpoint.size)))
    verification = Verification([row[0] for row in notes], keys, heads)
    unfit = 0
    async for batch in _leaves(database):
        verification.feed([entry for entry, _ in batch], [leaf for _, leaf in batch])
        unfit += await _unfit(database, verification.take_nodes())
    unplaced, waiting = await _outside(database, now)
    return Audit(
        report=verification.finish(),
        bound=await compare(database, now),
        unfit=unfit,
        unplaced=unplaced,
        waiting=waiting,
        unrecorded=await _unrecorded(database),
    )


async def lines(database: Database) -> AsyncIterator[bytes]:
    """The ledger as an export: one leaf to a line, in position order."""
    async for batch in _leaves(database):
        for entry, _ in batch:
            yield line_of(entry) if entry else b"null"


async def _leaves(database: Database) -> AsyncIterator[list[_Pair]]:
    """All positions in order; what the store lacks at a position stands as None."""
    entry: Any = tables.LedgerEntry
    leaf: Any = tables.LedgerLeaf
    following = 0
    while True:
        statement = (
            select(
                *(leaf.position, leaf.hash),
                *(entry.id, entry.at, entry.kind, entry.member_id, entry.reference, entry.body, entry.salt),
            )
            .join(entry, entry.id == leaf.entry_id, isouter=True)
            .where(leaf.position >= following)
            .order_by(leaf.position)
            .limit(_BATCH)
        )
        rows = await database.query(statement)
        if not rows:
            return
        batch: list[_Pair] = []
        for position, digest, *stored in rows:
            batch += [(None, None)] * min(position - following, _MOST_GAP)
            batch.append((None if stored[0] is None else LedgerEntry(*stored), digest))
            following = position + 1
        yield batch


async def _unfit(database: Database, nodes: list[Node]) -> int:
    """How many of the nodes are not stored as they must be."""
    stored: Any = tables.LedgerNode
    unfit = 0
    for level in {level for level, _, _ in nodes}:
        wanted = {position: digest for at, position, digest in nodes if at == level}
        here = (stored.level == level) & (stored.position >= min(wanted)) & (stored.position <= max(wanted))
        rows = await database.query(select(stored.position, stored.hash).where(here))
        found: dict[int, bytes] = dict(rows)
        unfit += sum(found.get(position) != digest for position, digest in wanted.items())
    return unfit


async def _outside(database: Database, now: int) -> tuple[int, int]:
    """How many entries are not in the tree: those that should be, and those newer than all that are."""
    entry, leaf = tables.LedgerEntry, tables.LedgerLeaf
    # Asked first: what is placed meanwhile, under a newer head, must not look as if that had passed it over.
    signed = await _caught_up_at(database)
    # Also what the sequencer remembers: who takes leaves off the end may forget that.
    ends = (select(func.max(col(leaf.entry_id))), select(func.max(col(tables.LedgerState.newest))))
    newest = max([(await database.query(end))[0][0] or 0 for end in ends])
    placed = select(col(leaf.entry_id)).where(col(leaf.entry_id) == col(entry.id))
    beyond = col(entry.id) > newest
    # What is being committed may still come below the newest, and is of this minute: not of one that is to come.
    settled = ~col(entry.at).between(now - _SETTLED_US, now + _SETTLED_US)
    late = ~beyond & settled & ~placed.exists()
    # A head that was signed a minute later would have taken it in.
    passed_over = beyond & (col(entry.at) < signed - _SETTLED_US)
    waits = beyond & (col(entry.at) >= signed - _SETTLED_US)
    counts = [
        await database.query(select(func.count()).select_from(entry).where(each))
        for each in (late | passed_over, waits)
    ]
    return int(counts[0][0][0]), int(counts[1][0][0])


async def _caught_up_at(database: Database) -> int:
    """When the newest head was signed that left nothing for the next: a full batch may, and passes nothing over."""
    head, earlier = table_of(tables.Checkpoint).c, table_of(tables.Checkpoint).alias().c
    before = select(func.max(earlier.size)).where(earlier.size < head.size).scalar_subquery()
    took = head.size - func.coalesce(before, 0)
    rows = await database.query(select(head.at).where(took < BATCH).order_by(head.size.desc()).limit(1))
    return int(rows[0][0]) if rows else 0


def _entries(count: int, one: str, more: str) -> str:
    return f"{count:,} entry {one}" if count == 1 else f"{count:,} entries {more}"


async def _unrecorded(database: Database) -> int:
    # INVARIANT: no-silent-disclosure, checked from the other side.
    entry, attempt = tables.LedgerEntry, tables.Attempt
    intents = (
        select(col(entry.reference), func.count().label("intents"))
        .where(col(entry.kind) == "disclosure.intended")
        .group_by(col(entry.reference))
        .subquery()
    )
    attempts = (
        select(col(attempt.disclosure_id), func.count().label("attempts"))
        .group_by(col(attempt.disclosure_id))
        .subquery()
    )
    short = attempts.c.attempts - func.coalesce(intents.c.intents, 0)
    statement = (
        select(func.coalesce(func.sum(short), 0))
        .select_from(attempts)
        .join(intents, intents.c.reference == attempts.c.disclosure_id, isouter=True)
        .where(short > 0)
    )
    return int((await database.query(statement))[0][0])
