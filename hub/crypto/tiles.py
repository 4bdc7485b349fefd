"""Tiles (C2SP tlog-tiles): the tree as rows of 256 hashes, from which any proof is made by reading a few.

    tile (level, n) = MTH(D[(n * 256 + i) * 256**level : (n * 256 + i + 1) * 256**level])   for i from 0 to 255

Whoever stores the hashes reads `spans` of them and hands them to `folded`; so a proof costs the logarithm of the
ledger's size in rows, not its size.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

from hub.crypto.tree import TILE_HEIGHT, Range, node_hash, root_of
from hub.errors import IntegrityFailed, Malformed

WIDTH = 1 << TILE_HEIGHT
_LEVELS = 8
"""Tile levels that a tree of fewer than 2 ** 63 leaves can have."""
_PATH = re.compile(r"(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class Span(NamedTuple):
    """Neighbouring hashes of one tile level: the complete subtree over them is one of a proof's pieces."""

    level: int
    start: int
    stop: int


class Tile(NamedTuple):
    """Which tile; `level` none: the bundle of the entries themselves."""

    level: int | None
    number: int
    width: int

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`. Raises `Malformed`."""
        parts = _PATH.fullmatch(path)
        width = int(parts[3]) if parts and parts[3] else WIDTH
        if not parts or width > WIDTH or (parts[3] and width == WIDTH):
            raise Malformed("This is not the path of a tile.")
        number = int(parts[2].replace("x", "").replace("/", ""))
        tile = cls(None if parts[1] == "entries" else int(parts[1]), number, width)
        if tile.path != path:
            raise Malformed("This is not the path of a tile in its one spelling.")
        return tile

    @property
    def path(self) -> str:
        """As `parse` reads it: the index in groups of three digits, all but the last behind an x."""
        digits = str(self.number)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        *before, last = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        level = "entries" if self.level is None else str(self.level)
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"{level}/{''.join(f'x{group}/' for group in before)}{last}{partial}"

    @property
    def span(self) -> Span:
        """The hashes it holds."""
        first = self.number * WIDTH
        return Span(self.level or 0, first, first + self.width)

    def fits(self, size: int) -> bool:
        """Whether a tree of that size has this tile."""
        level = self.level or 0
        return level < _LEVELS and self.span.stop <= size >> level * TILE_HEIGHT


def spans(leaves: Range) -> list[Span]:
    """The rows to read for the hash of one range of a proof: one span for each complete subtree in it."""
    start, end = leaves
    found = []
    while start < end:
        height = (end - start).bit_length() - 1
        level = height // TILE_HEIGHT
        first = start >> level * TILE_HEIGHT
        found.append(Span(level, first, first + (1 << height % TILE_HEIGHT)))
        start += 1 << height
    return found


def folded(rows: Sequence[Sequence[bytes]]) -> bytes:
    """The hash of a range, from the rows of its `spans`. Raises `IntegrityFailed` for a row of another length."""
    if not rows or any(len(row) & (len(row) - 1) or not row for row in rows):
        raise IntegrityFailed("The stored hashes of the ledger tree are not whole.")
    subtrees = [root_of(row) for row in rows]
    found = subtrees.pop()
    while subtrees:
        found = node_hash(subtrees.pop(), found)
    return found
