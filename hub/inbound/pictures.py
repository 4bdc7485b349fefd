"""Pages of arrived paper as pictures that a browser shows.

Rules kept: bounded in pages and in dots before anything is decoded; damage is an answer, not an error.
"""

import io

from PIL import Image

from hub.errors import NotAvailable

MAX_PAGES = 400
MAX_DOTS = 20_000_000
"""A fax page has four to eight million; a decompression bomb has more in a few bytes."""
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError),
    *(Image.DecompressionBombError, Warning),
)
"""What Pillow raises for files that are not what they say."""


def count(tiff: bytes) -> int | None:
    """How many pages; none if that cannot be read."""
    try:
        with Image.open(io.BytesIO(tiff), formats=("TIFF",)) as image:
            return min(int(getattr(image, "n_frames", 1)), MAX_PAGES)
    except _DAMAGE:
        return None


def page(tiff: bytes, number: int) -> bytes:
    """The page, counted from 1, as PNG with square dots. Raises `NotAvailable` if there is none that can be read."""
    if not 1 <= number <= MAX_PAGES:
        raise NotAvailable
    try:
        return _png(tiff, number - 1)
    except _DAMAGE:
        raise NotAvailable from None


def _png(tiff: bytes, frame: int) -> bytes:
    with Image.open(io.BytesIO(tiff), formats=("TIFF",)) as image:
        image.seek(frame)
        if image.width * image.height > MAX_DOTS:
            raise ValueError("more dots than a page has")
        across, down = image.info.get("dpi", (1, 1))
        drawn = image.convert("L")
    if across and down and across != down:
        # a page at 204 by 98 dots to the inch would look squashed
        drawn = drawn.resize((drawn.width, max(1, round(drawn.height * float(across) / float(down)))))
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()
