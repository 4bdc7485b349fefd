"""A table as PDF: landscape, the head of the table on every page, each row as tall as its fullest cell."""

import re
from typing import Any

from fpdf import FPDF

from hub.compliance.exports.tables import Cell

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
"""In the county's zone already; a person reads the day and the minute."""
_CODE = re.compile(r"[a-z.]+(?:_[a-z.]+)+")
"""Read as words, and broken between them."""
_SIZE, _LINE, _HEAD = 7, 3.4, 9
_BASE = 2.44
"""Millimetres from the top of a line to where its letters stand."""
_INK, _GREY, _BLUE, _PALE = (20, 20, 20), (95, 95, 95), (22, 60, 104), (238, 242, 247)
_LEFT_OUT = frozenset(
    {
        "submission_id",
        "decision_id",
        "concluded_at",
        "accounting",
        "counts",
        "entry",
        "opened_at",
        "opened_by",
        "recorded_by",
    }
)
"""What a reader on paper does without; the other forms have it."""
_NARROW = frozenset({"count", "state", "phase", "outcome", "certain", "law", "affected", "purpose"})
_WIDE = frozenset({"clocks", "address", "reasons"})


def report_pdf(title: str, columns: tuple[str, ...], rows: list[tuple[Cell, ...]]) -> bytes:
    """The report. `title`: what it is, when and for whom it was made; nothing about a person."""
    left_out = _LEFT_OUT | {name.removesuffix("_name") for name in columns if name.endswith("_name")}
    kept = [n for n, name in enumerate(columns) if name not in left_out]
    paper = _Report(title, [columns[n] for n in kept])
    for row in rows:
        paper.row([_text(row[n]) for n in kept])
    return bytes(paper.output())


class _Report(FPDF):
    def __init__(self, title: str, columns: list[str]) -> None:
        super().__init__(orientation="landscape", format="letter", unit="mm")
        self._title = title
        self._columns = columns
        self._letters: dict[str, float] = {}
        self.set_title("Report")
        self.set_lang("en-US")
        self.set_margins(12, 12)
        self.c_margin = 0.8
        self.set_auto_page_break(auto=False)
        self.alias_nb_pages()
        shares = [0.75 if name in _NARROW else 1.6 if name in _WIDE else 1.0 for name in columns]
        self._widths = [self.epw * share / sum(shares) for share in shares]
        self.add_page()

    def header(self) -> None:
        self.set_font("helvetica", "B", _HEAD)
        self.set_text_color(*_INK)
        self.cell(0, 5, self._title, new_x="LMARGIN", new_y="NEXT")
        self.ln(1.5)
        self.set_font("helvetica", "B", _SIZE)
        self.set_text_color(*_BLUE)
        self.set_fill_color(*_PALE)
        for name, width in zip(self._columns, self._widths, strict=True):
            self.cell(width, 5, name.removesuffix("_id").replace("_", " "), fill=True)
        self.ln(5.6)

    def footer(self) -> None:
        self.set_y(-9)
        self.set_font("helvetica", "", _SIZE)
        self.set_text_color(*_GREY)
        self.cell(0, 4, f"{self.page_no()} / {{nb}}", align="R")

    def row(self, cells: list[str]) -> None:
        """One row; a cell that is too long goes on below."""
        self.set_font("helvetica", "", _SIZE)
        wrapped = [self._wrapped(cell, width) for cell, width in zip(cells, self._widths, strict=True)]
        height = max(map(len, wrapped)) * _LINE + 1.2
        if self.get_y() + height > self.h - 12:
            self.add_page()
            self.set_font("helvetica", "", _SIZE)
        self.set_text_color(*_INK)
        top, left = self.get_y(), self.l_margin
        for lines, width in zip(wrapped, self._widths, strict=True):
            for number, line in enumerate(lines):
                # Not `cell`, which measures and wraps anew: a third of the time.
                self.text(left + self.c_margin, top + number * _LINE + _BASE, line)
            left += width
        self.set_draw_color(*_PALE)
        self.line(self.l_margin, top + height - 0.6, self.w - self.r_margin, top + height - 0.6)
        self.set_xy(self.l_margin, top + height)

    def _wrapped(self, text: str, width: float) -> list[str]:
        room = width - 2 * self.c_margin
        lines, line, used = [], "", 0.0
        for letter in text:
            used += self._letter(letter)
            if used <= room:
                line += letter
                continue
            # Broken at the last space, if there is one; ids have none.
            head, space, rest = line.rpartition(" ")
            lines.append(head if space else line)
            line = (rest + letter if space else letter).lstrip()
            used = sum(map(self._letter, line))
        return [*lines, line]

    def _letter(self, letter: str) -> float:
        """Its width; measured once, as letters of this font stand side by side and nothing else."""
        if letter not in self._letters:
            self._letters[letter] = self.get_string_width(letter)
        return self._letters[letter]


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    text = {True: "yes", False: "no"}[cell] if isinstance(cell, bool) else str(cell)
    if _INSTANT.fullmatch(text):
        text = f"{text[:10]} {text[11:16]}"
    elif _CODE.fullmatch(text):
        text = text.replace("_", " ")
    return text.encode("latin-1", "replace").decode("latin-1")
