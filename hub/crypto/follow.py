"""Following a ledger from outside: is its new head the continuation of the one that was kept?

Reads only what tlog-tiles publishes (`read` gives the bytes of a path below the ledger's prefix), and trusts nothing
of it but the signature and the hashes. The proof is made here, from tiles, so the ledger is not asked for one.
"""

from collections.abc import Callable, Sequence

from hub.crypto import tree
from hub.crypto.checkpoint import Checkpoint, open_checkpoint
from hub.crypto.notes import Verifier
from hub.crypto.tiles import WIDTH, Span, Tile, folded, spans
from hub.errors import IntegrityFailed
from hub.model import Frozen

Read = Callable[[str], bytes]
_HASH = 32


class Followed(Frozen, frozen=True, kw_only=True):
    """A head that continues the kept one."""

    head: Checkpoint
    note: str
    """As it was served."""


def follow(read: Read, keys: tuple[Verifier, ...], kept: Checkpoint | None) -> Followed:
    """The present head, verified against the kept one (none: the first look, nothing to compare).

    Raises `IntegrityFailed` if it is not signed by a known key, if it is smaller than the kept one, or if it is not its
    continuation; `Malformed` for what is no head.
    """
    note = read("checkpoint").decode()
    head = open_checkpoint(note, keys)
    if kept is not None:
        if head.origin != kept.origin:
            raise IntegrityFailed("This is another ledger than the one whose head was kept.")
        if head.size < kept.size:
            raise IntegrityFailed(f"The ledger has shrunk from {kept.size:,} to {head.size:,} entries.")
        try:
            path = _path(read, kept.size, head.size)
            tree.verify_consistency(kept.size, head.size, kept.root, head.root, path)
        except IntegrityFailed:
            raise IntegrityFailed(
                f"The ledger of {head.size:,} entries does not continue the one of {kept.size:,} that was kept: "
                "its history was changed."
            ) from None
    return Followed(head=head, note=note)


def _path(read: Read, old: int, new: int) -> list[bytes]:
    tiles: dict[tuple[int, int], bytes] = {}
    return [
        folded([_row(read, tiles, span, new) for span in spans(leaves)]) for leaves in tree.consistency_ranges(old, new)
    ]


def _row(read: Read, tiles: dict[tuple[int, int], bytes], span: Span, size: int) -> Sequence[bytes]:
    """The hashes of a span, all of which lie in one tile."""
    number = span.start // WIDTH
    if (span.level, number) not in tiles:
        width = min(WIDTH, (size >> tree.TILE_HEIGHT * span.level) - number * WIDTH)
        content = read(f"tile/{Tile(span.level, number, width).path}")
        if len(content) != width * _HASH:
            raise IntegrityFailed("A tile has not the width that the head asks for.")
        tiles[span.level, number] = content
    content, first = tiles[span.level, number], span.start - number * WIDTH
    return [content[n * _HASH : (n + 1) * _HASH] for n in range(first, first + span.stop - span.start)]
