"""The ledger as the world may see it (C2SP tlog-tiles): signed heads and hashes, by which outsiders hold the hub to
its word without seeing anything of anybody.

INVARIANT: metadata-is-content, no-existence-leak. What is published of an entry is its commitment, the hash of its
salted line; and the head moves only on a slow beat, for somebody who watched the ledger grow entry by entry could
tell what a question about a person set off.
"""

from typing import Any

from sqlalchemy import select

from hub.context import Hub
from hub.crypto.checkpoint import sign_checkpoint
from hub.crypto.cosignatures import cosigned
from hub.crypto.keyring import KeyKind
from hub.crypto.ledger import LedgerEntry, commitment, line_of
from hub.crypto.notes import Note
from hub.crypto.tiles import Tile
from hub.crypto.tree import EMPTY_ROOT
from hub.errors import Conflict, IntegrityFailed, Malformed, NotAvailable, Stale
from hub.ledger import proofs
from hub.storage import tables
from hub.storage.database import Step, Unit
from hub.storage.statements import InsertNew, columns_of

BEAT_US = 300_000_000
"""Heads of whole five minutes are published: long enough to hide who did what, and for witnesses to sign."""
_ADD = InsertNew(tables.Cosignature, columns_of(tables.Cosignature), ("size", "witness"))


async def head(hub: Hub) -> str:
    """The newest published head, a signed note with its witnesses' cosignatures; before the first beat the empty
    tree's, which every later head continues.
    """
    now = hub.clock.now()
    try:
        return await proofs.checkpoint(hub.database, before=now - now % BEAT_US)
    except NotAvailable:
        return sign_checkpoint(hub.ring.active(KeyKind.LEDGER), 0, EMPTY_ROOT)


async def tile(hub: Hub, path: str) -> bytes:
    """A tile of hashes, or a bundle of commitments with their lengths. Raises `Malformed`, `NotAvailable`."""
    asked = Tile.parse(path)
    if not asked.fits(proofs.head_of(hub, await head(hub)).size):
        raise NotAvailable
    if asked.level is not None:
        return b"".join((await proofs.read_spans(hub.database, [asked.span]))[asked.span])
    return b"".join(len(each).to_bytes(2, "big") + each for each in await _commitments(hub, asked))


async def cosign(hub: Hub, offered: str) -> None:
    """Keep the cosignatures that configured witnesses put on a published head; again changes nothing.

    Raises `Malformed` if no configured witness signed it or one signed it wrongly, `Conflict` if it is no head of this
    ledger; nobody vouches for the empty tree.
    """
    note = Note.parse(offered)
    try:
        size = proofs.head_of(hub, offered).size
        lines = cosigned(note, hub.witnesses)
    except IntegrityFailed:
        raise Malformed("A signature on this head is wrong, or not one of this ledger.", code="bad-signature") from None
    if not lines:
        raise Malformed("No witness that this hub knows has cosigned this head.", code="unknown-witness")
    published = proofs.head_of(hub, await head(hub)).size
    stored = Note.parse(await proofs.checkpoint(hub.database, size=size)) if 0 < size <= published else None
    if stored is None or stored.text != note.text:
        raise Conflict("This is not a published head of this ledger.", code="another-head")
    for line in lines:
        row = (size, line.by, line.line.encode(), hub.clock.now())
        try:
            await hub.database.commit(Unit((Step(_ADD, row, "cosignature"),), ()))
        except Stale:
            continue  # the first word of a witness about a head stands


async def _commitments(hub: Hub, asked: Tile) -> list[bytes]:
    entry: Any = tables.LedgerEntry
    leaf: Any = tables.LedgerLeaf
    statement = (
        select(entry.id, entry.at, entry.kind, entry.member_id, entry.reference, entry.body, entry.salt)
        .join(leaf, leaf.entry_id == entry.id)
        .where(leaf.position >= asked.span.start, leaf.position < asked.span.stop)
        .order_by(leaf.position)
    )
    found = [commitment(line_of(LedgerEntry(*row))) for row in await hub.database.query(statement)]
    if len(found) != asked.width:
        raise IntegrityFailed("Entries of the ledger are missing.")
    return found
