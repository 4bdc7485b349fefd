"""Paper for the demo's documents: a letterhead, the patient's band on every page, tables, boxes and signatures.

Rules kept: type and rules dark enough to survive a fax; the same input gives the same bytes, so nothing here asks for
the time or for chance.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Self

from fpdf import FPDF
from fpdf.fonts import FontFace

INK, GREY, SHADE = (20, 20, 20), (70, 70, 70), (232, 232, 232)
LINE = 5.2
"""Millimetres from one row of body type to the next."""


@dataclass(frozen=True)
class Letterhead:
    """Who issues a document."""

    name: str
    address: str
    phone: str
    fax: str
    colour: tuple[int, int, int] = (28, 62, 84)


class Paper(FPDF):
    """One document on Letter paper. Every method that adds something returns the paper."""

    def __init__(self, head: Letterhead, title: str, band: str, on: date) -> None:
        super().__init__(format="letter", unit="mm")
        self._head, self._title, self._band = head, title, band
        self.set_creation_date(datetime.combine(on, time(17), UTC))
        self.set_title(title)
        self.set_margins(18, 16)
        self.set_auto_page_break(auto=True, margin=20)
        self.alias_nb_pages()
        self.add_page()

    def header(self) -> None:
        self.set_text_color(*self._head.colour)
        self.set_font("times", "B", 19)
        self.cell(110, 8, self._head.name)
        self.set_font("helvetica", "", 8.5)
        self.set_text_color(*GREY)
        self.multi_cell(0, 4, f"{self._head.address}\nPhone {self._head.phone}   Fax {self._head.fax}", align="R")
        self.set_draw_color(*self._head.colour)
        self.set_line_width(0.8)
        self.line(self.l_margin, 26, self.w - self.r_margin, 26)
        self.set_y(28.5)
        self.set_text_color(*INK)
        self.set_font("helvetica", "B", 13.5)
        self.cell(0, 7, self._title, new_x="LMARGIN", new_y="NEXT")
        self.set_font("helvetica", "", 9)
        self.cell(0, 5, self._band, new_x="LMARGIN", new_y="NEXT")
        self.ln(2)

    def footer(self) -> None:
        self.set_y(-14)
        self.set_draw_color(*GREY)
        self.set_line_width(0.2)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.set_font("helvetica", "", 8)
        self.set_text_color(*GREY)
        self.cell(0, 6, f"Confidential. {self._head.name}   Page {self.page_no()} of {{nb}}", align="C")

    def section(self, text: str) -> Self:
        """A heading with a rule below, kept with what follows."""
        if self.will_page_break(24):
            self.add_page()
        self.ln(2.5)
        self.set_font("helvetica", "B", 10.5)
        self.set_text_color(*self._head.colour)
        self.cell(0, 6, text, new_x="LMARGIN", new_y="NEXT")
        self.set_draw_color(*self._head.colour)
        self.set_line_width(0.3)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.set_text_color(*INK)
        self.ln(1.5)
        return self

    def prose(self, *paragraphs: str) -> Self:
        self.set_font("helvetica", "", 10)
        for paragraph in paragraphs:
            self.multi_cell(0, LINE, paragraph, align="L", new_x="LMARGIN", new_y="NEXT")
            self.ln(1.2)
        return self

    def facts(self, *pairs: tuple[str, str]) -> Self:
        """Labels and values, two pairs to a row, as the head of a form."""
        self.set_font("helvetica", "", 9.5)
        self._thin()
        with self.table(
            col_widths=(30, 60, 30, 60),
            first_row_as_headings=False,
            line_height=LINE - 0.4,
            padding=0.9,
            text_align="LEFT",
        ) as table:
            for left, right in zip(pairs[::2], [*pairs[1::2], ("", "")], strict=False):
                row = table.row()
                for label, value in (left, right):
                    self.set_font("helvetica", "B", 8.5)
                    row.cell(label)
                    self.set_font("helvetica", "", 9.5)
                    row.cell(value)
        self.ln(2)
        return self

    def grid(self, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Self:
        """A table with a heading row."""
        self.set_font("helvetica", "", 9)
        self._thin()
        with self.table(
            col_widths=tuple(widths),
            line_height=LINE - 0.6,
            padding=1,
            text_align="LEFT",
            v_align="T",
            headings_style=FontFace(emphasis="BOLD", fill_color=SHADE),
        ) as table:
            for cells in (heads, *rows):
                table.row(cells)
        self.ln(2)
        return self

    def boxes(self, *choices: tuple[str, bool]) -> Self:
        """Check boxes, ticked or not, one to a row."""
        self.set_font("helvetica", "", 9.5)
        for text, ticked in choices:
            x, y = self.get_x() + 1, self.get_y() + 0.8
            self.set_draw_color(*INK)
            self.set_line_width(0.3)
            self.rect(x, y, 3.4, 3.4)
            if ticked:
                self.set_line_width(0.6)
                self.polyline([(x + 0.6, y + 1.7), (x + 1.5, y + 2.8), (x + 3.3, y - 0.4)])
            self.set_x(self.l_margin + 7)
            self.multi_cell(0, LINE, text, align="L", new_x="LMARGIN", new_y="NEXT")
        return self

    def signed(self, name: str, role: str, when: str, *, by_hand: bool = False) -> Self:
        """A signature line; by hand, a stroke of the pen stands on it."""
        if self.will_page_break(22):
            self.add_page()
        self.ln(10)
        y = self.get_y()
        if by_hand:
            self._stroke(self.l_margin + 4, y - 2, name)
        self.set_draw_color(*INK)
        self.set_line_width(0.25)
        self.line(self.l_margin, y, self.l_margin + 82, y)
        self.line(self.l_margin + 100, y, self.l_margin + 145, y)
        self.set_font("helvetica", "", 8.5)
        caption = f"{name}, {role}" if by_hand else f"Electronically signed: {name}, {role}"
        self.cell(100, 4.5, caption)
        self.cell(0, 4.5, "Date and time", new_x="LMARGIN", new_y="NEXT")
        self.set_font("courier", "B", 10)
        self.text(self.l_margin + 102, y - 1.2, when)
        return self

    def made(self) -> bytes:
        return bytes(self.output())

    def _thin(self) -> None:
        self.set_draw_color(*GREY)
        self.set_line_width(0.2)

    def _stroke(self, x: float, y: float, name: str) -> None:
        """The name as a quick hand writes it: a loop for each letter, as high as the letter."""
        chance = random.Random(name)
        self.set_draw_color(25, 35, 90)
        self.set_line_width(0.45)
        slant, width, at = chance.uniform(0.6, 3.2), chance.uniform(2.2, 3.6), (x, y)
        for letter in name.replace(".", "").replace(" ", ""):
            rise = 9.5 if letter.isupper() else 6.5 if letter in "bdfhklt" else -3.0 if letter in "gjpqy" else 2.2
            rise *= chance.uniform(0.75, 1.25)
            end = (at[0] + width * chance.uniform(0.7, 1.3), y + chance.uniform(-0.5, 0.3))
            self.bezier([at, (at[0] + slant, at[1] - rise), (end[0] + slant, at[1] - rise), end])
            at = end
        self.set_line_width(0.2)
