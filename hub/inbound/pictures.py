"""Pages of arrived paper as pictures that a browser shows.

Rules kept: bounded in pages and in dots before anything is decoded; damage is an answer, not an error.
"""

import io

import pypdfium2
from PIL import Image

from hub.errors import NotAvailable
from hub.ports import PDFIUM

PDF = "application/pdf"
WIDTH = 1728
"""Dots of a page drawn from PDF, as those of a fax."""
MAX_PAGES = 400
MAX_DOTS = 20_000_000
"""A fax page has four to eight million; a decompression bomb has more in a few bytes."""
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError),
    *(Image.DecompressionBombError, pypdfium2.PdfiumError, Warning, ArithmeticError, MemoryError),
)
"""What is raised for files that are not what they say."""


def count(content: bytes, media_type: str) -> int | None:
    """How many pages; none if that cannot be read."""
    try:
        if media_type == PDF:
            with PDFIUM, _opened(content) as pdf:
                return min(len(pdf), MAX_PAGES)
        with Image.open(io.BytesIO(content), formats=("TIFF",)) as image:
            return _frames(image)
    except _DAMAGE:
        return None


def page(content: bytes, media_type: str, number: int) -> bytes:
    """The page, counted from 1, as PNG with square dots. Raises `NotAvailable` if there is none that can be read."""
    if not 1 <= number <= MAX_PAGES:
        raise NotAvailable
    try:
        drawn = _from_pdf(content, number - 1) if media_type == PDF else _from_tiff(content, number - 1)
    except _DAMAGE:
        raise NotAvailable from None
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()


def _frames(tiff: Image.Image) -> int:
    """Up to the bound: a few megabytes can chain a hundred thousand, and following them all takes minutes."""
    for number in range(MAX_PAGES):
        try:
            tiff.seek(number)
        except EOFError:
            return number
    return MAX_PAGES


def _from_tiff(tiff: bytes, frame: int) -> Image.Image:
    with Image.open(io.BytesIO(tiff), formats=("TIFF",)) as image:
        image.seek(frame)
        if image.width * image.height > MAX_DOTS:
            raise ValueError("more dots than a page has")
        across, down = image.info.get("dpi", (1, 1))
        drawn = image.convert("L")
    if across and down and across != down:
        # a page at 204 by 98 dots to the inch would look squashed
        high = max(1, round(drawn.height * float(across) / float(down)))
        if drawn.width * high > MAX_DOTS:
            raise ValueError("more dots than a page has")
        drawn = drawn.resize((drawn.width, high))
    return drawn


def _from_pdf(pdf: bytes, number: int) -> Image.Image:
    with PDFIUM, _opened(pdf) as document:
        sheet = document[number]
        wide, high = sheet.get_size()
        if not wide or WIDTH * WIDTH * high / wide > MAX_DOTS:
            raise ValueError("more dots than a page has")
        drawn: Image.Image = sheet.render(scale=WIDTH / wide, grayscale=True).to_pil()
    return drawn


def _opened(pdf: bytes) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(pdf)  # type: ignore[no-untyped-call]
