"""The paper of a letter: letterhead, paragraphs, a table, pages with numbers.

Rules kept here:
- 12-point type for what is read; smaller only for what is compared (codes, references).
- The document's title and the file names inside say nothing about a person.
- A name is never spelled wrong: what the standard fonts lack is set in a face that has it.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, cast

from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from hub.compliance.letters.words import Words
from hub.forms.own import Language

_BODY, _SMALL, _CODE = 12, 9, 7.5
_LINE = 6.2
_INK, _GREY, _BLUE, _PALE = (20, 20, 20), (95, 95, 95), (22, 60, 104), (238, 242, 247)
_FONTS = Path(__file__).parents[2] / "forms" / "fonts"
_STANDARD, _WIDE = "helvetica", "dejavu"


class Head(NamedTuple):
    """Who writes, to whom, when."""

    sender: str
    phone: str
    date: str
    name: str
    address: tuple[str, ...]
    reference: str


class Sheet(FPDF):
    """One letter on Letter paper, in one language."""

    def __init__(self, words: Words, language: Language, head: Head, made: datetime) -> None:
        super().__init__(format="letter", unit="mm")
        self._words, self._head = words, head
        self.set_creation_date(made)  # the same letter is the same bytes, which its digest binds
        self.set_title("Letter" if language == "en" else "Carta")
        self.set_lang("en-US" if language == "en" else "es-US")
        self.set_margins(25, 20)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=18)
        self.alias_nb_pages()
        self._face = self._chosen_face((head.sender, head.name, *head.address))
        self.add_page()

    def footer(self) -> None:
        self.set_y(-15)
        self._set("", _SMALL, _GREY)
        self.cell(0, 5, self._words.reference.format(matter=self._head.reference))
        page = self._words.page.format(page=self.page_no(), pages="{nb}")
        self.cell(0, 5, page, align="R")

    def letterhead(self, title: str) -> None:
        """The sender, the date, whom it is to, what it is."""
        head = self._head
        self._set("B", 14, _BLUE)
        self.multi_cell(0, 7, head.sender, align="L", new_x="LMARGIN", new_y="NEXT")
        self._set("", _SMALL + 1, _GREY)
        under = [self._words.privacy_office, *([self._words.phone.format(phone=head.phone)] if head.phone else [])]
        self.cell(0, 5, " · ".join(under), new_x="LMARGIN", new_y="NEXT")
        self.set_draw_color(*_BLUE)
        self.set_line_width(0.5)
        self.line(self.l_margin, self.get_y() + 2, self.w - self.r_margin, self.get_y() + 2)
        self.ln(6)
        self._set("", _BODY, _INK)
        self.lines([head.name, *head.address])
        self.ln(4)
        self.lines([head.date])
        self.ln(5)
        self._set("B", 16, _INK)
        self.multi_cell(0, 8, title, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(3)
        self.paragraph(self._words.greeting.format(name=head.name))

    def paragraph(self, text: str) -> None:
        """Words to read."""
        self._set("", _BODY, _INK)
        self.multi_cell(0, _LINE, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(3)

    def heading(self, text: str) -> None:
        """What the next paragraph is about; never alone at the foot of a page."""
        if self.will_page_break(30):
            self.add_page()
        self.ln(1)
        self._set("B", _BODY + 1, _BLUE)
        self.multi_cell(0, 7, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(0.5)

    def titled_page(self, title: str) -> None:
        """A new page with a title."""
        self.add_page()
        self._set("B", 16, _INK)
        self.multi_cell(0, 8, title, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(3)

    def lines(self, texts: Iterable[str]) -> None:
        """One text a line."""
        for text in texts:
            self.multi_cell(0, _LINE - 0.4, text, align="L", new_x="LMARGIN", new_y="NEXT")

    def steps(self, texts: Iterable[str]) -> None:
        """Numbered lines."""
        self._set("", _BODY, _INK)
        for number, text in enumerate(texts, 1):
            self.cell(8, _LINE, f"{number}.")
            self.multi_cell(self.epw - 8, _LINE, text, align="L", new_x="LMARGIN", new_y="NEXT")
            self.ln(1)
        self.ln(2)

    def code(self, text: str) -> None:
        """What is compared letter by letter."""
        self.set_font("courier", "", _CODE)
        self.set_text_color(*_INK)
        self.set_fill_color(*_PALE)
        self.multi_cell(0, 3.6, text, align="L", fill=True, padding=(2, 2), new_x="LMARGIN", new_y="NEXT")
        self.ln(3)

    def small(self, text: str) -> None:
        """A line above what is compared."""
        self._set("", _SMALL + 0.5, _INK)
        self.multi_cell(0, 4.8, text, align="L", new_x="LMARGIN", new_y="NEXT")

    def closing(self, last: str) -> None:
        """The last paragraph and the signature, on one page."""
        self._set("", _BODY, _INK)
        rows = self.multi_cell(0, _LINE, last, align="L", dry_run=True, output="LINES")
        if self.will_page_break(len(cast("list[str]", rows)) * _LINE + 31):
            self.add_page()
        self.paragraph(last)
        self.paragraph(self._words.closing)
        self.ln(7)
        self._set("", _BODY, _INK)
        self.lines([self._words.privacy_office, self._head.sender])

    def attach(self, content: bytes, name: str) -> None:
        """A file inside the PDF."""
        self.embed_file(bytes=content, basename=name, mime_type="text/plain", modification_date=self.creation_date)

    def columns(self, heads: tuple[str, ...], widths: tuple[int, ...], rows: Iterable[tuple[str, ...]]) -> None:
        """A table whose head stands again on every page."""
        self._set("", _BODY - 1, _INK)
        self.set_draw_color(*_GREY)
        self.set_line_width(0.2)
        with self.table(
            col_widths=widths,
            text_align="LEFT",
            v_align="TOP",
            line_height=5.4,
            padding=(1.6, 2, 1.6, 0),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD", color=_BLUE),
        ) as table:
            for cells in (heads, *rows):
                row = table.row()
                for cell in cells:
                    row.cell(cell)
        self.ln(5)

    def _set(self, style: str, size: float, color: tuple[int, int, int]) -> None:
        self.set_font(self._face, style, size)
        self.set_text_color(*color)

    def _chosen_face(self, texts: Iterable[str]) -> str:
        try:
            "".join(texts).encode("latin-1")
        except UnicodeEncodeError:
            self.add_font(_WIDE, "", _FONTS / "DejaVuSans.ttf")
            self.add_font(_WIDE, "B", _FONTS / "DejaVuSans-Bold.ttf")
            return _WIDE
        return _STANDARD
