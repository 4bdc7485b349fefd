"""Class F: pages as one TIFF file that every fax server takes as it is (RFC 2306 and RFC 3949, T.6 coding).

Rules kept: bilevel, 1728 dots wide, white is zero, one strip a page, pages numbered, little-endian, in
reading order. The directory is written here because Pillow cannot give each page its number; the coding is
libtiff's.
"""

import io
import struct
from collections.abc import Iterable
from typing import NamedTuple

from PIL import Image, ImageChops

from adapters.fax.sheet import DOTS_PER_INCH, HEIGHT, WIDTH

SHORT, LONG, RATIONAL = 3, 4, 5
STRIP_OFFSETS, STRIP_BYTE_COUNTS = 273, 279


class _Field(NamedTuple):
    tag: int
    type: int
    value: int
    values: int = 1


def write(pages: Iterable[Image.Image], total: int) -> bytes:
    """One TIFF of `total` pages in mode "1", each `WIDTH` by `HEIGHT` dots; holds one page in memory at a
    time.
    """
    out = bytearray(struct.pack("<2sHI", b"II", 42, 0))
    link = 4
    for number, page in enumerate(pages):
        strip = _coded(page)
        resolutions = len(out)
        out += struct.pack("<4I", DOTS_PER_INCH[0], 1, DOTS_PER_INCH[1], 1)
        start = len(out)
        out += strip + b"\0" * (len(strip) % 2)
        struct.pack_into("<I", out, link, len(out))
        out += _directory(number, total, start, len(strip), resolutions)
        link = len(out) - 4
    return bytes(out)


def _directory(number: int, total: int, start: int, length: int, resolutions: int) -> bytes:
    fields = (
        _Field(254, LONG, 2),  # NewSubfileType: a page of several
        _Field(256, LONG, WIDTH),
        _Field(257, LONG, HEIGHT),
        _Field(258, SHORT, 1),  # BitsPerSample
        _Field(259, SHORT, 4),  # Compression: T.6, also called MMR or G4
        _Field(262, SHORT, 0),  # PhotometricInterpretation: white is zero
        _Field(266, SHORT, 1),  # FillOrder: most significant bit first
        _Field(STRIP_OFFSETS, LONG, start),
        _Field(277, SHORT, 1),  # SamplesPerPixel
        _Field(278, LONG, HEIGHT),  # RowsPerStrip: the whole page
        _Field(STRIP_BYTE_COUNTS, LONG, length),
        _Field(282, RATIONAL, resolutions),
        _Field(283, RATIONAL, resolutions + 8),
        _Field(293, LONG, 0),  # T6Options
        _Field(296, SHORT, 2),  # ResolutionUnit: inch
        _Field(297, SHORT, number | total << 16, values=2),  # PageNumber
    )
    body = b"".join(struct.pack("<HHII", field.tag, field.type, field.values, field.value) for field in fields)
    return struct.pack("<H", len(fields)) + body + struct.pack("<I", 0)


def _coded(page: Image.Image) -> bytes:
    """The page's T.6 code, white as zero bits."""
    out = io.BytesIO()
    ImageChops.invert(page).save(out, "TIFF", compression="group4", strip_size=WIDTH * HEIGHT)
    with Image.open(out) as coded:
        tags = coded.getexif()
        start, length = tags[STRIP_OFFSETS], tags[STRIP_BYTE_COUNTS]
    at, size = (value[0] if isinstance(value, tuple) else value for value in (start, length))
    return out.getvalue()[at : at + size]
