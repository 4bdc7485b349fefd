"""Proofs from the live ledger, each made from a few rows and checked before it is given away.

`inclusion(hub, entry_id)` proves one entry, `inclusions` many against one head, `consistency` that an earlier head is
the beginning of a later one. Whoever gets them checks them with a public key alone (`hub.crypto.proof`).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, or_, select
from sqlmodel import col

from hub.context import Hub
from hub.crypto import tree
from hub.crypto.checkpoint import Checkpoint, open_checkpoint, verifier_of
from hub.crypto.cosignatures import with_lines
from hub.crypto.keyring import KeyKind, KeyRing
from hub.crypto.ledger import LedgerEntry, leaf_of, line_of
from hub.crypto.notes import Verifier
from hub.crypto.proof import Proof
from hub.crypto.tiles import Span, folded, spans
from hub.crypto.tree import Range
from hub.errors import IntegrityFailed, NotAvailable, Unavailable
from hub.model import Frozen
from hub.storage import tables
from hub.storage.database import Database
from hub.storage.questions import Question
from hub.storage.statements import Lookup

_MANY = 16
_COSIGNED = Lookup(tables.Cosignature, ("line",), "size")


class Consistency(Frozen, frozen=True, kw_only=True):
    """That the tree of `old` leaves is the beginning of the tree of `new` (RFC 6962 section 2.1.2)."""

    old: int
    new: int
    path: tuple[bytes, ...]


async def inclusion(hub: Hub, entry_id: int, *, size: int | None = None) -> Proof:
    """The proof of one entry in the newest signed head, or in the head of `size` leaves.

    Raises `NotAvailable` if there is no such entry or head, `Unavailable` if it has no place in the tree yet (a
    moment later it has), `IntegrityFailed` if the stored ledger does not lead to what was signed.
    """
    return (await inclusions(hub, [entry_id], size=size))[entry_id]


async def inclusions(hub: Hub, entry_ids: Sequence[int], *, size: int | None = None) -> dict[int, Proof]:
    """The proofs of many entries, all in one head; raises as `inclusion`."""
    note = await checkpoint(hub.database, size=size)
    head = head_of(hub, note)
    found: dict[int, Proof] = {}
    for start in range(0, len(entry_ids), _MANY):
        placed = await _placed(hub.database, entry_ids[start : start + _MANY])
        if any(position >= head.size for position, _ in placed):
            raise Unavailable("This entry is newer than the signed head.", code="not-signed-yet")
        ranges = [tree.inclusion_ranges(position, head.size) for position, _ in placed]
        together = await hashes(hub.database, [each for of_one in ranges for each in of_one])
        for (position, entry), of_one in zip(placed, ranges, strict=True):
            path, together = together[: len(of_one)], together[len(of_one) :]
            line = line_of(entry)
            tree.verify_inclusion(leaf_of(line), position, head.size, head.root, path)
            found[entry.id] = Proof(line=line, position=position, path=path, checkpoint=note)
    return found


async def about(hub: Hub, reference: str) -> list[int]:
    """The numbers of all entries about one thing (a disclosure, consent, member, work item), oldest first.

    Raises `NotAvailable` if there are none.
    """
    entry: Any = tables.LedgerEntry
    rows = await hub.database.query(select(entry.id).where(entry.reference == reference).order_by(entry.id))
    if not rows:
        raise NotAvailable
    return [number for (number,) in rows]


async def consistency(hub: Hub, old: int, new: int) -> Consistency:
    """The proof between two sizes, each up to the tree's own. Raises `IntegrityFailed` for others."""
    return Consistency(old=old, new=new, path=await hashes(hub.database, tree.consistency_ranges(old, new)))


async def checkpoint(database: Database, *, size: int | None = None, before: int | None = None) -> str:
    """The signed note of the newest head, with its cosignatures; `before`: signed before that instant (microseconds
    UTC), `size`: of that size. Raises `NotAvailable`.
    """
    stored = tables.Checkpoint
    wanted: tuple[Any, ...] = (col(stored.size), col(stored.note))
    statement = select(*wanted).order_by(col(stored.size).desc()).limit(1)
    if size is not None:
        statement = statement.where(col(stored.size) == size)
    if before is not None:
        statement = statement.where(col(stored.at) < before)
    rows = await database.query(statement)
    if not rows:
        raise NotAvailable
    return with_lines(rows[0][1], [line for (line,) in await database.lookup(_COSIGNED, rows[0][0])])


def public_keys(ring: KeyRing) -> tuple[Verifier, ...]:
    """The ledger's public keys, of now and of earlier times."""
    return tuple(verifier_of(key) for key in ring.all_of(KeyKind.LEDGER))


def head_of(hub: Hub, note: str) -> Checkpoint:
    """The head in a signed note of this ledger. Raises `IntegrityFailed`, `Malformed`."""
    return open_checkpoint(note, public_keys(hub.ring))


async def hashes(database: Database, ranges: Sequence[Range]) -> tuple[bytes, ...]:
    """The hashes of these ranges of leaves, from stored rows. Raises `IntegrityFailed` if rows are missing."""
    needed = [spans(leaves) for leaves in ranges]
    rows = await read_spans(database, [span for pieces in needed for span in pieces])
    return tuple(folded([rows[span] for span in pieces]) for pieces in needed)


async def read_spans(database: Database, wanted: Sequence[Span]) -> dict[Span, list[bytes]]:
    """The stored hashes of each span, one question for each tile level. Raises `IntegrityFailed` if one lacks any."""
    known: dict[tuple[int, int], bytes] = {}
    for level in {span.level for span in wanted}:
        at = _merged(sorted({(span.start, span.stop) for span in wanted if span.level == level}))
        known |= {(level, position): digest for position, digest in await database.query(_stored(level, at))}
    try:
        return {span: [known[span.level, n] for n in range(span.start, span.stop)] for span in wanted}
    except KeyError:
        raise IntegrityFailed("The stored hashes of the ledger tree are not whole.") from None


def _merged(ranges: list[Range]) -> list[Range]:
    """Neighbours as one: the pieces of a proof lie around its own path, one hash apart."""
    merged = ranges[:1]
    for start, stop in ranges[1:]:
        if start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _stored(level: int, at: list[Range]) -> Question:
    stored: Any = tables.LedgerNode if level else tables.LedgerLeaf
    anywhere = or_(*(and_(stored.position >= start, stored.position < stop) for start, stop in at))
    statement = select(stored.position, stored.hash).where(anywhere)
    return statement.where(stored.level == level) if level else statement


async def _placed(database: Database, entry_ids: Sequence[int]) -> list[tuple[int, LedgerEntry]]:
    entry: Any = tables.LedgerEntry
    leaf: Any = tables.LedgerLeaf
    statement = (
        select(leaf.position, entry.id, entry.at, entry.kind, entry.member_id, entry.reference, entry.body, entry.salt)
        .join(leaf, leaf.entry_id == entry.id, isouter=True)
        .where(entry.id.in_(entry_ids))
    )
    rows = await database.query(statement)
    if len(rows) != len(set(entry_ids)):
        raise NotAvailable
    if any(row[0] is None for row in rows):
        raise Unavailable("This entry has no place in the tree yet; a moment later it has.", code="not-sequenced")
    return [(position, LedgerEntry(*stored)) for position, *stored in rows]
