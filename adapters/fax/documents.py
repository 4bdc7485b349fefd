"""Each document as fax pages: PDF, TIFF, PNG, JPEG, plain text, JSON and XML (FHIR, C-CDA, others).

Rules kept: a document is drawn whole or not at all (`Unrenderable`), never with pages or characters
missing; what a sender hands in is bounded in pages and in dots before it is decoded; type turns black or
white, photographs into dots.
"""

import io
import struct
from collections.abc import Callable
from functools import partial

import pypdfium2
from msgspec import structs
from PIL import Image, ImageOps

from adapters.fax.enclosed import Wrapped
from adapters.fax.markup import lines_of_xml
from adapters.fax.readable import lines_of_json
from adapters.fax.sheet import (
    BOTTOM,
    DOTS_PER_INCH,
    LEFT,
    TOP,
    WIDTH,
    Line,
    Page,
    blank,
    compose,
)
from adapters.fax.whole import require_whole
from hub.errors import Unrenderable
from hub.model import Document
from hub.ports import PDFIUM

MAX_PAGES = 200
MAX_DEPTH = 3
"""Documents in documents; one that holds itself has no end."""
MAX_DOTS = 80_000_000
"""A Letter page at 600 dots per inch has 34 million; a decompression bomb has more in a few bytes."""
DAMAGE = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, struct.error),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)
"""What Pillow raises for images that are not what they say."""
MAX_TEXT = 2_000_000
"""Bytes; a page of text has some five thousand."""
INK = 168
"""Grey below this prints black: light table shading vanishes, grey small print stays."""
SQUEEZE = DOTS_PER_INCH[1] / DOTS_PER_INCH[0]
"""A fax dot is a little higher than wide."""


def pages_of(document: Document, depth: int = 0) -> list[Page]:
    """The document's pages in order, not yet drawn; `depth`: in so many others. Raises `Unrenderable` for content that
    has none.
    """
    if depth > MAX_DEPTH:
        raise Unrenderable("The document holds another one inside; give that one by itself.", code="enclosed")
    media_type = document.media_type.partition(";")[0].strip().lower()
    readers: dict[str, Callable[[Document], list[Page]]] = {
        "application/pdf": _pdf,
        "image/tiff": _tiff,
        "image/png": _image,
        "image/jpeg": _image,
        "text/plain": _text,
        "application/json": partial(_json, depth=depth),
        "application/fhir+json": partial(_json, depth=depth),
        "application/xml": partial(_xml, depth=depth),
        "text/xml": partial(_xml, depth=depth),
        "application/fhir+xml": partial(_xml, depth=depth),
        "application/hl7-cda+xml": partial(_xml, depth=depth),
    }
    if media_type not in readers:
        raise Unrenderable("This kind of document cannot be faxed; give it as PDF.", code="media-type")
    pages = readers[media_type](document)
    if len(pages) > MAX_PAGES:
        raise Unrenderable("The document has more pages than a fax carries.", code="too-many-pages")
    return pages


def _text(document: Document) -> list[Page]:
    return compose([_title(document), *(Line(row) for row in _decoded(document).splitlines())])


def _json(document: Document, depth: int) -> list[Page]:
    enclosed: list[Wrapped] = []
    lines = lines_of_json(_decoded(document), enclosed)
    return [*compose([_title(document), *lines]), *_inside(document, enclosed, depth)]


def _xml(document: Document, depth: int) -> list[Page]:
    if len(document.content) > MAX_TEXT:
        raise Unrenderable("The document has more pages than a fax carries.", code="too-many-pages")
    enclosed: list[Wrapped] = []
    told = lines_of_xml(document.content, document.title, enclosed)
    if isinstance(told, Wrapped):
        return _inside(document, [told], depth)
    return [*compose(told), *_inside(document, enclosed, depth)]


def _inside(document: Document, enclosed: list[Wrapped], depth: int) -> list[Page]:
    """The pages of the documents inside a document. Raises `Unrenderable` if one of them cannot be drawn whole."""
    pages: list[Page] = []
    for each in enclosed:
        inside = structs.replace(
            document, title=each.title or document.title, media_type=each.media_type, content=each.content
        )
        pages += pages_of(inside, depth + 1)
        if len(pages) > MAX_PAGES:
            raise Unrenderable("The document has more pages than a fax carries.", code="too-many-pages")
    return pages


def _title(document: Document) -> Line:
    return Line(document.title, size=40, bold=True)


def _decoded(document: Document) -> str:
    if len(document.content) > MAX_TEXT:
        raise Unrenderable("The document has more pages than a fax carries.", code="too-many-pages")
    try:
        return document.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unrenderable("The text is not UTF-8.", code="encoding") from None


def _pdf(document: Document) -> list[Page]:
    with PDFIUM, _opened_pdf(document.content) as pdf:
        return [partial(_pdf_page, document.content, number) for number in range(len(pdf))]


def _pdf_page(content: bytes, number: int) -> Image.Image:
    with PDFIUM, _opened_pdf(content) as pdf:
        try:
            page = pdf[number]
            wide, high = page.get_size()
            # fitted to the sheet before drawing, so that no page size asks for more dots than a sheet has
            scale = min(WIDTH / wide, (BOTTOM - TOP) / SQUEEZE / high)
            drawn = page.render(scale=scale, grayscale=True, may_draw_forms=True).to_pil()
        except pypdfium2.PdfiumError:
            raise Unrenderable("A page of the PDF cannot be drawn.", code="damaged") from None
    return _on_sheet(drawn, margin=0)


def _opened_pdf(content: bytes) -> pypdfium2.PdfDocument:
    try:
        pdf = pypdfium2.PdfDocument(content)  # type: ignore[no-untyped-call]
        pdf.init_forms()  # type: ignore[no-untyped-call]
    except pypdfium2.PdfiumError:
        raise Unrenderable("The PDF is damaged or locked with a password.", code="damaged") from None
    return pdf


def _tiff(document: Document) -> list[Page]:
    require_whole(document.content)
    return _image(document)


def _image(document: Document) -> list[Page]:
    with _opened_image(document.content) as image:
        frames = getattr(image, "n_frames", 1)
        return [partial(_image_page, document.content, frame) for frame in range(frames)]


def _image_page(content: bytes, frame: int) -> Image.Image:
    with _opened_image(content) as image:
        try:
            image.seek(frame)
            if image.width * image.height > MAX_DOTS:
                raise Unrenderable("The image is larger than a fax can carry.", code="too-large")
            horizontal, vertical = image.info.get("dpi", (1, 1))
            upright = ImageOps.exif_transpose(image)
            grey = _flattened(upright)
        except DAMAGE:
            raise Unrenderable("The image is damaged.", code="damaged") from None
    if horizontal and vertical and upright.size == image.size:
        grey = _squared(grey, float(horizontal) / float(vertical))
    return _on_sheet(grey, margin=LEFT)


def _squared(image: Image.Image, ratio: float) -> Image.Image:
    """With square dots. An image that says it has a million dots to the inch would fill the memory."""
    if not 0.01 <= ratio <= 100 or image.width * image.height * ratio > MAX_DOTS:
        raise Unrenderable("The image is larger than a fax can carry.", code="too-large")
    return image.resize((image.width, max(1, round(image.height * ratio))))


def _opened_image(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=("TIFF", "PNG", "JPEG"))
    except DAMAGE:
        raise Unrenderable("The image is damaged or of another kind than stated.", code="damaged") from None


def _flattened(image: Image.Image) -> Image.Image:
    """Grey on white paper: what is transparent is paper. Raises ValueError for numbers that are no shades."""
    if image.mode.startswith("I;16"):
        # Pillow would cut everything above 255 to white
        return image.convert("I").point(lambda level: level * (1 / 257)).convert("L")
    if image.mode in {"I", "F"}:
        raise ValueError("no known range of shades")
    if image.mode in {"RGBA", "LA", "P", "PA"}:
        layered = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), layered).convert("L")
    return image.convert("L")


def _on_sheet(grey: Image.Image, margin: int) -> Image.Image:
    """A grey picture with square dots, fitted between header and footer undistorted, in black and white."""
    wide, high = WIDTH - 2 * margin, BOTTOM - TOP
    scale = min(wide / grey.width, high / (grey.height * SQUEEZE))
    fitted = grey.resize((max(1, round(grey.width * scale)), max(1, round(grey.height * SQUEEZE * scale))))
    sheet = blank()
    sheet.paste(_bilevel(fitted), ((WIDTH - fitted.width) // 2, TOP))
    return sheet


def _bilevel(grey: Image.Image) -> Image.Image:
    """Type by threshold, which keeps strokes whole; photographs by dots, which keep tones."""
    counts = grey.histogram()
    tones = sum(counts[48:INK]) / (grey.width * grey.height)
    if tones > 0.12:
        return grey.convert("1", dither=Image.Dither.FLOYDSTEINBERG)
    return grey.point([0 if level < INK else 255 for level in range(256)], mode="1")
