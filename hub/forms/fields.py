"""Fields that can be filled in on a screen: AcroForm widgets (ISO 32000-1, 12.7) on pages that fpdf2 draws.

fpdf2 (2.8) writes annotations and lets its producer be replaced, but has no form fields of its own yet; the two are
put together here. Lines and boxes are drawn on the page too, so that a form prints and can be filled in by pen.
"""

from typing import Any, cast

from fpdf import FPDF
from fpdf.annotations import PDFAnnotation
from fpdf.output import OutputProducer, PDFCatalog
from fpdf.syntax import Name, PDFContentStream, PDFString, Raw

Box = tuple[float, float, float, float]
_TICK = b"q 1.4 w 0.08 0.1 0.4 RG 2.6 6 m 4.8 3 l 9.2 10 l S Q"
_BOX_PT = 12.0
_FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


class Widget(PDFAnnotation):
    """One field. Attribute names are the PDF's own, as fpdf2 spells them (`t_u` is /TU, `a_s` is /AS)."""

    def __init__(self, kind: str, name: str, label: str, place: Box, value: str) -> None:
        """`kind`: Tx (text) or Btn (a box to check). `place`: x, top y, width, height in points from the lower left.

        `value`: what stands in it, empty for nothing; any for a checked box.
        """
        x, y, width, height = place
        super().__init__("Widget", x, y, width, height, field_type=kind)
        self.t = PDFString(name)
        self.t_u = PDFString(label)
        self._ticks = kind == "Btn"
        if kind == "Tx":
            self.d_a = Raw("(/Helv 12 Tf 0.08 0.1 0.4 rg)")
            self.v = PDFString(value) if value else None
        else:
            self.v = self.a_s = Name("Yes" if value else "Off")

    @property
    def ticks(self) -> bool:
        """Whether it is a box to check."""
        return self._ticks


class Producer(OutputProducer):
    """Writes the document with its form."""

    def _add_annotations_as_objects(self) -> Any:
        found = super()._add_annotations_as_objects()
        for widget in widgets_of(self.fpdf):
            if widget.ticks:
                looks = {state: self._appearance(content) for state, content in (("Yes", _TICK), ("Off", b"q Q"))}
                states = " ".join(f"/{state} {ref}" for state, ref in looks.items())
                widget.a_p = cast("Any", Raw(f"<< /N << {states} >> >>"))
        return found

    def _finalize_catalog(self, catalog_obj: PDFCatalog, *others: Any, **named: Any) -> None:
        super()._finalize_catalog(catalog_obj, *others, **named)
        fields = " ".join(widget.ref for widget in widgets_of(self.fpdf))
        form = f"/Fields [{fields}] /NeedAppearances true /DA (/Helv 12 Tf 0 g) /DR << /Font << /Helv {_FONT} >> >>"
        catalog_obj.acro_form = cast("Any", Raw(f"<< {form} >>"))  # fpdf2 writes whatever text stands here

    def _appearance(self, content: bytes) -> str:
        """A drawing of a box's state (12.5.5)."""
        drawn: Any = PDFContentStream(contents=content)
        drawn.type, drawn.subtype = Name("XObject"), Name("Form")
        drawn.b_box = Raw(f"[0 0 {_BOX_PT} {_BOX_PT}]")
        self._add_pdf_obj(drawn, "annotations")
        return str(drawn.ref)


def widgets_of(pdf: FPDF) -> list[Widget]:
    """Every field of the document, page by page."""
    return [each for page in pdf.pages.values() for each in page.annots or () if isinstance(each, Widget)]


def place_field(pdf: FPDF, kind: str, name: str, label: str, box: Box, value: str) -> None:
    """Put a field on the current page. `box`: x, y (from the top), width, height in the document's unit."""
    x, y, width, height = (each * pdf.k for each in box)
    pdf.pages[pdf.page].add_annotation(Widget(kind, name, label, (x, pdf.h_pt - y, width, height), value))
