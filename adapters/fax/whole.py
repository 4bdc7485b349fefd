"""Whether a TIFF is all there: every directory of its chain and every strip lies inside the file (TIFF 6.0, section 2).

Rules kept: asked before the pages are counted, because a decoder answers a cut file with fewer or blank pages and a
warning, and a record would go out in part.
"""

import struct
from collections.abc import Iterator

from hub.errors import Unrenderable

MAX_DIRECTORIES = 1000
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of a value, by field type."""
PLACES = ((273, 279), (324, 325))
"""Tags of offsets and byte counts, of strips and of tiles."""


def require_whole(tiff: bytes) -> None:
    """Raises `Unrenderable` if anything the directories point to is outside the file."""
    try:
        order = {b"II*\0": "<", b"MM\0*": ">"}[tiff[:4]]
        for directory in _directories(tiff, order):
            _require_pixels(directory, len(tiff))
    except (KeyError, struct.error, ValueError):
        raise Unrenderable("The TIFF is damaged or cut short.", code="damaged") from None


def _directories(tiff: bytes, order: str) -> Iterator[dict[int, tuple[int, ...]]]:
    seen: set[int] = set()
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    while at:
        if at in seen or len(seen) >= MAX_DIRECTORIES:
            raise ValueError("a chain of directories without end")
        seen.add(at)
        (count,) = struct.unpack_from(order + "H", tiff, at)
        yield dict(_entry(tiff, order, at + 2 + 12 * number) for number in range(count))
        (at,) = struct.unpack_from(order + "I", tiff, at + 2 + 12 * count)


def _entry(tiff: bytes, order: str, at: int) -> tuple[int, tuple[int, ...]]:
    tag, kind, count = struct.unpack_from(order + "HHI", tiff, at)
    size = SIZES.get(kind, 1) * count
    start = at + 8 if size <= 4 else struct.unpack_from(order + "I", tiff, at + 8)[0]
    if start + size > len(tiff):
        raise ValueError("a value outside the file")
    letter = {3: "H", 4: "I"}.get(kind, "")
    return tag, struct.unpack_from(f"{order}{count}{letter}", tiff, start) if letter else ()


def _require_pixels(directory: dict[int, tuple[int, ...]], length: int) -> None:
    for offsets, counts in PLACES:
        for start, size in zip(directory.get(offsets, ()), directory.get(counts, ()), strict=True):
            if start + size > length:
                raise ValueError("a strip outside the file")
