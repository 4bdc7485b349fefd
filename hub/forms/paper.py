"""The hub's own consent and revocation forms as PDF: printable, and fillable on a screen.

Rules kept here:
- 14-point type: an authorization under California's Confidentiality of Medical Information Act is "in a typeface no
  smaller than 14-point type" (Civ. Code 56.11(a)); what accompanies it (paragraphs, page feet) may be smaller.
- The title and the file name say nothing about a person; a prefilled form does, inside only.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple, cast

from fpdf import FPDF
from fpdf.output import OutputProducer

from hub.forms.fields import Box, Producer, place_field
from hub.forms.own import EDITION, Block, Kind, Language, Section, words

_BODY, _SMALL = 14, 8.5
_LINE = 6.6
"""Millimetres from one row of 14-point type to the next."""
_INK, _GREY, _BLUE = (20, 20, 20), (95, 95, 95), (22, 60, 104)
_BOX = 4.23
"""Millimetres: 12 points, the size of a box to check."""
_LABEL = 52
_HEAD, _SHORT = 13, 95
NOBODY: Mapping[str, str] = {}


class Signed(NamedTuple):
    """An electronic signature: the name as typed, when the system recorded it, what had been read back before."""

    name: str
    at: str
    read_back: str
    for_patient: bool = False
    """Somebody signed in the patient's place, on the line made for that."""


def form_pdf(
    kind: Kind, language: Language, prefilled: Mapping[str, str] = NOBODY, signed: Signed | None = None
) -> bytes:
    """The form. `prefilled`: values by field, as `patient_name`; any value checks a box. Signed, nothing can be filled
    in any more.
    """
    paper = Form(kind, language, prefilled, signed)
    for section, blocks in words(language).of(kind):
        paper.section(section, blocks)
    if signed is not None:
        paper.read_aloud(signed.read_back)
    return bytes(paper.output(output_producer_class=OutputProducer if signed else Producer))


class Form(FPDF):
    """One form on Letter paper."""

    def __init__(self, kind: Kind, language: Language, prefilled: Mapping[str, str], signed: Signed | None) -> None:
        super().__init__(format="letter", unit="mm")
        self._kind, self._language, self._prefilled = kind, language, prefilled
        self._words, self._signed = words(language), signed
        self.set_creation_date(datetime(2026, 2, 16, tzinfo=UTC))  # the same form is the same bytes
        self.set_title(self._words.titles[kind])
        self.set_lang("en-US" if language == "en" else "es-US")
        self.set_margins(20, 16)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=18)
        self.alias_nb_pages()
        self.add_page()

    def header(self) -> None:
        if self.page_no() > 1:
            self.set_y(16)
            return
        self.set_text_color(*_BLUE)
        self.set_font("helvetica", "B", 19)
        self.multi_cell(0, 9, self._words.titles[self._kind], align="L", new_x="LMARGIN", new_y="NEXT")
        self.set_text_color(*_GREY)
        self.set_font("helvetica", "", 11)
        self.cell(0, 6, self._words.subtitle, new_x="LMARGIN", new_y="NEXT")
        self.ln(1)

    def footer(self) -> None:
        self.set_y(-13)
        self.set_font("helvetica", "", _SMALL)
        self.set_text_color(*_GREY)
        title = self._words.titles[self._kind]
        said = {"title": title, "kind": self._kind, "language": self._language, "edition": EDITION}
        self.cell(0, 5, self._words.foot.format(page=self.page_no(), **said), align="C")

    def section(self, section: Section, blocks: list[Block]) -> None:
        """A heading with its paragraph, and what stands below it."""
        needed = sum(map(self._height, blocks))
        # A short section stands on one page; a long one starts with its first words.
        if self.will_page_break(_HEAD + (needed if needed < _SHORT else self._height(blocks[0]))):
            self.add_page()
        self.ln(3)
        self._rule(0.5)
        self.ln(1.2)
        self.set_text_color(*_BLUE)
        self.set_font("helvetica", "B", 15)
        self.cell(130, 7.5, section.head)
        self._cite(section.law)
        self.ln(8.5)
        for block in blocks:
            self._block(block)

    def read_aloud(self, text: str) -> None:
        """What was read to the signer before signing."""
        block = Block(text=text)
        self.section(Section(head=self._words.read_back, blocks=(block,)), [block])

    def _block(self, block: Block) -> None:
        if self.will_page_break(self._height(block)):
            self.add_page()
        if block.text is not None:
            self._text(block.text)
        elif block.line is not None:
            self._line(block)
        elif block.box is not None:
            self._tick_box(block, self.l_margin, self.epw)
            self.ln(1.2)
        elif block.boxes:
            self._side_by_side(block.boxes)
        else:
            self._signature(block)

    def _text(self, text: str) -> None:
        self._body()
        self.multi_cell(0, _LINE, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(1.6)

    def _line(self, block: Block) -> None:
        """A label, and a line to write on; a text field over the line."""
        self._body()
        y = self.get_y()
        self.set_y(y + 1.6)
        self.cell(_LABEL, _LINE, block.line or "")
        x, width = self.l_margin + _LABEL, 60 if block.short else self.epw - _LABEL
        self._write(block.field or "", block.line or "", (x, y, width, 8.4))
        self.set_xy(self.l_margin, y + 10.2)

    def _write(self, field: str, label: str, box: Box) -> None:
        x, y, width, height = box
        self.set_draw_color(*_GREY)
        self.set_line_width(0.25)
        self.line(x, y + height, x + width, y + height)
        value = self._prefilled.get(field, "")
        if value and (_latin(value) or self._signed):
            # Drawn, so that it prints from any viewer; what these fonts lack goes into the field.
            self.set_xy(x + 1, y + 1.6)
            self.set_text_color(*_INK)
            self.cell(width, _LINE, _latin_only(value))
        elif not self._signed:
            place_field(self, "Tx", field, label or field, box, value)

    def _tick_box(self, block: Block, x: float, width: float) -> None:
        self._body()
        y = self.get_y()
        self.set_draw_color(*_INK)
        self.set_line_width(0.35)
        self.rect(x + 0.3, y + 1.2, _BOX, _BOX)
        box = (x + 0.3, y + 1.2, _BOX, _BOX)
        name = block.field or ""
        if block.ticked or (self._signed and self._prefilled.get(name)):
            self.set_line_width(0.8)
            self.polyline([(x + 1.2, y + 3.3), (x + 2.0, y + 4.4), (x + 3.6, y + 1.9)])
        elif not self._signed:
            place_field(self, "Btn", name, block.box or "", box, self._prefilled.get(name, ""))
        self.set_xy(x + 8, y)
        if block.write is None:
            self.multi_cell(width - 8, _LINE, block.box or "", align="L", new_x="LMARGIN", new_y="NEXT")
            return
        self.cell(text=block.box or "", h=_LINE)
        left = self.get_x() + 3
        self._write(block.write, block.box or "", (left, y - 2, x + width - left, 8.4))
        self.set_xy(self.l_margin, y + _LINE)

    def _side_by_side(self, boxes: tuple[Block, ...]) -> None:
        half = self.epw / 2
        for left in range(0, len(boxes), 2):
            y = self.get_y()
            for column, block in enumerate(boxes[left : left + 2]):
                self.set_y(y)
                self._tick_box(block, self.l_margin + column * half, half)
            self.set_y(y + _LINE + 1)
        self.ln(1)

    def _signature(self, block: Block) -> None:
        """Signed by hand, with the date beside it: no field, since a typed name on a paper form is no signature."""
        self.ln(11)
        y = self.get_y()
        self.set_draw_color(*_INK)
        self.set_line_width(0.3)
        self.line(self.l_margin, y, self.l_margin + 112, y)
        self.line(self.l_margin + 120, y, self.w - self.r_margin, y)
        if self._signed and bool(block.date_law) is not self._signed.for_patient:
            self._electronic(self._signed, y)
        self.set_y(y)
        self.set_font("helvetica", "", 11)
        self.set_text_color(*_GREY)
        self.cell(120, 6, block.signature or "")
        self.cell(0, 6, block.date or "", new_x="LMARGIN", new_y="NEXT")
        self.ln(1)

    def _electronic(self, signed: Signed, y: float) -> None:
        self.set_text_color(*_INK)
        self.set_font("times", "I", 17)
        self.text(self.l_margin + 2, y - 2, _latin_only(signed.name))
        self.set_font("helvetica", "", 10)
        self.text(self.l_margin + 120, y - 2, signed.at)

    def _height(self, block: Block) -> float:
        """Millimetres that a block takes, at least."""
        if block.text is not None or block.box is not None:
            self._body()
            width = self.epw - (8 if block.box is not None else 0)
            text = block.text or block.box or ""
            rows = cast("list[str]", self.multi_cell(width, _LINE, text, dry_run=True, output="LINES", align="L"))
            return len(rows) * _LINE + 1.6
        if block.boxes:
            return (len(block.boxes) + 1) // 2 * (_LINE + 1) + 1
        return 10.2 if block.line is not None else 18

    def _cite(self, law: str | None) -> None:
        self.set_font("helvetica", "", _SMALL)
        self.set_text_color(*_GREY)
        self.cell(0, 7.5, f"42 CFR {law}" if law else "", align="R")

    def _rule(self, width: float) -> None:
        self.set_draw_color(*_BLUE)
        self.set_line_width(width)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())

    def _body(self) -> None:
        self.set_font("helvetica", "", _BODY)
        self.set_text_color(*_INK)


def _latin_only(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")


def _latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
