"""A fax page and the type on it: 1728 by 2156 dots, which is a Letter sheet at 204 by 196 to the inch.

Rules kept: type no smaller than a fax machine can carry; a character the font cannot show is an error,
because a box in its place would lose part of a record without anyone noticing.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import zip_longest
from math import ceil
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from hub.errors import Unrenderable

WIDTH, HEIGHT = 1728, 2156
DOTS_PER_INCH = (204, 196)
LEFT, RIGHT, TOP, BOTTOM = 96, WIDTH - 96, 84, HEIGHT - 112
"""The area of content; the header line stands above it, the footer below."""
HEADER = 40
"""Where the header line begins. A fax server prints its own line over the first thirty rows (HylaFAX: 6 to 30)."""
BODY = 32
"""Body type in dots, near 12 points."""
SMALL = 22
TABLE = 28
GUTTER = 20
NARROWEST = 150
"""Dots of a column: nine figures or letters."""
LABEL_COLUMN = 430
FOOTER_ROWS = 3
LONGEST_ROW = 400
"""More letters than the narrowest type sets in a row; keeps a word of a million letters from being measured whole."""
FONTS = Path(__file__).parent / "fonts"

Page = Callable[[], Image.Image]
"""Draws one page when asked, so that a fax of two hundred pages is never in memory at once."""


class Line(NamedTuple):
    """A paragraph, or a row with a label in bold to the left of it."""

    text: str = ""
    label: str = ""
    size: int = BODY
    bold: bool = False
    indent: int = 0
    gap: int = 0
    """Dots left free above."""
    rule: bool = False
    """A horizontal line above."""


class Cells(NamedTuple):
    """A row of a table."""

    texts: tuple[str, ...]
    weights: tuple[int, ...]
    """The most letters in each column of the whole table, by which the columns share the width."""
    bold: bool = False
    gap: int = 0
    rule: bool = False


class _Row(NamedTuple):
    """A row of type in its place; `size` 0 is a rule."""

    x: int
    y: int
    text: str
    size: int
    bold: bool


def compose(lines: Iterable[Line | Cells]) -> list[Page]:
    """The lines on as many pages as they need, at least one. Raises `Unrenderable` for a character with no
    glyph.
    """
    setter = _Setter()
    for line in lines:
        if isinstance(line, Cells):
            setter.set_cells(line)
        else:
            setter.set(line)
    return [partial(_draw, tuple(page)) for page in setter.pages]


def footer_rows(texts: Iterable[str]) -> list[str]:
    """The texts as rows of small type. Raises `Unrenderable` if they need more room than the foot has."""
    rows = [row for text in texts for row in _wrapped(_legible(text), font(SMALL), RIGHT - LEFT)]
    if len(rows) > FOOTER_ROWS:
        raise Unrenderable("The labels do not fit the foot of a page.", code="labels")
    return rows


def blank() -> Image.Image:
    return Image.new("1", (WIDTH, HEIGHT), 255)


def stamp(page: Image.Image, header: str, footers: Iterable[str]) -> None:
    """Draw the header line at the top and the footer lines at the foot, on top of the page."""
    draw = ImageDraw.Draw(page)
    draw.text((LEFT, HEADER), header, font=font(SMALL), fill=0)
    for number, footer in enumerate(footers):
        draw.text((LEFT, BOTTOM + 16 + number * _leading(SMALL)), footer, font=font(SMALL), fill=0)


@lru_cache(maxsize=32)
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), size)


class _Setter:
    """Places rows of type from top to bottom, page after page."""

    def __init__(self) -> None:
        self.pages: list[list[_Row]] = [[]]
        self._y = TOP

    def set(self, line: Line) -> None:
        labels, rows = _label_rows(line), _rows(line)
        height = _leading(line.size)
        self._y += line.gap if self.pages[-1] else 0
        # a heading moves on together with what it heads
        self._need(height * (4 if line.bold and not line.label else max(1, len(labels))))
        if line.rule:
            self._place(LEFT, "", 0, bold=False, up=12)
        for number, (label, row) in enumerate(zip_longest(labels, rows)):
            self._need(height if number >= len(labels) else 0)
            if label:
                self._place(LEFT + line.indent, label, line.size, bold=True)
            if row:
                column = LABEL_COLUMN if labels else 0
                self._place(LEFT + line.indent + column, row, line.size, bold=line.bold)
            self._y += height

    def set_cells(self, cells: Cells) -> None:
        height, left = _leading(TABLE), LEFT
        columns = []
        for text, width in zip(cells.texts, _widths(cells.weights), strict=True):
            columns.append((left, list(_rows_in(text, TABLE, width - GUTTER, bold=cells.bold))))
            left += width
        self._y += cells.gap if self.pages[-1] else 0
        high = max(len(rows) for _, rows in columns)
        # a short row is not torn apart, and heads move on with the first row under them
        self._need(height * (min(high, 8) + (2 if cells.bold else 0)))
        if cells.rule and self.pages[-1]:
            self._place(LEFT, "", 0, bold=False, up=4)
        for number in range(high):
            self._need(height)
            for x, rows in columns:
                if number < len(rows) and rows[number]:
                    self._place(x, rows[number], TABLE, bold=cells.bold)
            self._y += height

    def _need(self, height: int) -> None:
        if self._y + height > BOTTOM:
            self.pages.append([])
            self._y = TOP

    def _place(self, x: int, text: str, size: int, *, bold: bool, up: int = 0) -> None:
        self.pages[-1].append(_Row(x, self._y - up, text, size, bold))


def _draw(rows: tuple[_Row, ...]) -> Image.Image:
    page = blank()
    draw = ImageDraw.Draw(page)
    for row in rows:
        if row.size:
            draw.text((row.x, row.y), row.text, font=font(row.size, bold=row.bold), fill=0)
        else:
            draw.rectangle((LEFT, row.y, RIGHT, row.y + 2), fill=0)
    return page


def _leading(size: int) -> int:
    return size * 5 // 4


def _rows(line: Line) -> list[str]:
    width = RIGHT - LEFT - line.indent - (LABEL_COLUMN if line.label else 0)
    return list(_rows_in(line.text, line.size, width, bold=line.bold))


def _rows_in(text: str, size: int, width: int, *, bold: bool) -> Iterator[str]:
    face = font(size, bold=bold)
    for paragraph in text.split("\n"):
        yield from _wrapped(_legible(paragraph), face, width)


def _widths(weights: tuple[int, ...]) -> list[int]:
    """Dots for each column: none too narrow for a date, the rest by what stands in it."""
    room = RIGHT - LEFT
    least = min(NARROWEST, room // len(weights))
    # a long text takes more rows instead of all the width
    wanted = [min(weight, 60) + 4 for weight in weights]
    spare = room - least * len(weights)
    return [least + spare * weight // sum(wanted) for weight in wanted]


def _label_rows(line: Line) -> list[str]:
    if not line.label:
        return []
    return _wrapped(_legible(line.label), font(line.size, bold=True), LABEL_COLUMN - line.indent - 24)


def _wrapped(text: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    rows = [""]
    for word in text.split(" "):
        longer = f"{rows[-1]} {word}" if rows[-1] else word
        if len(longer) <= LONGEST_ROW and face.getlength(longer) <= width:
            rows[-1] = longer
        else:
            rows[len(rows) if rows[-1] else -1 :] = _broken(word, face, width)
    return rows


def _broken(word: str, face: ImageFont.FreeTypeFont, width: int) -> Iterator[str]:
    """The word in pieces that fit, nearly always one."""
    start = 0
    while start < len(word):
        room = range(1, min(len(word) - start, LONGEST_ROW) + 1)
        fits = bisect_right(room, width, key=lambda length: ceil(face.getlength(word[start : start + length])))
        yield word[start : start + max(1, fits)]
        start += max(1, fits)


def _legible(text: str) -> str:
    """The text, tabs and controls as spaces. Raises `Unrenderable` if a character would print as a box."""
    plain = "".join(" " if unicodedata.category(letter) in {"Cc", "Zs"} else letter for letter in text)
    if not all(_has_glyph(letter) for letter in set(plain)):
        raise Unrenderable("The text has characters that cannot be faxed as text; give it as PDF.", code="script")
    return plain


@lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    if ord(character) < 0x80 or unicodedata.category(character) == "Cf":
        return True
    if unicodedata.category(character) == "Cs":
        return False
    # right-to-left scripts need shaping that plain type setting does not do
    if unicodedata.bidirectional(character) in {"R", "AL"}:
        return False
    face = font(BODY)
    return bytes(face.getmask(character)) != bytes(face.getmask("\uffff"))
