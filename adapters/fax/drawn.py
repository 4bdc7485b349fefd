"""A parcel drawn as the pages of one class F file: cover, contents, documents, each sheet with its footer.

Apart from the channel, so that what draws is loaded with the first fax.
"""

import hashlib
from collections.abc import Iterator

from PIL import Image

from adapters.fax import classf, front
from adapters.fax.documents import MAX_PAGES, pages_of
from adapters.fax.sheet import Page, stamp
from hub.errors import Unrenderable
from hub.model import Parcel, Prepared


def drawn(parcel: Parcel, max_bytes: int) -> Prepared:
    """The parcel as one TIFF file. Raises `Unrenderable` for what cannot be drawn whole or is too large."""
    pages = _pages(parcel)
    body = classf.write(_sheets(parcel, pages), len(pages))
    if len(body) > max_bytes:
        raise Unrenderable("The packet is larger than a fax carries.", code="too-large")
    return Prepared(parcel=parcel, body=body, digest=hashlib.sha256(body).digest(), pages=len(pages))


def _pages(parcel: Parcel) -> list[Page]:
    documents = [(document, pages_of(document)) for document in parcel.documents]
    # the list of contents names page numbers that depend on its own length, so it is set twice
    inside = len(front.contents(parcel, [(document, 0) for document, _ in documents]))
    first, enclosed = 2 + inside, []
    for document, pages in documents:
        enclosed.append((document, first))
        first += len(pages)
    total = first - 1
    if total > MAX_PAGES:
        raise Unrenderable("The packet has more pages than a fax carries.", code="too-many-pages")
    body = [page for _, pages in documents for page in pages]
    return [front.cover(parcel, total), *front.contents(parcel, enclosed), *body]


def _sheets(parcel: Parcel, pages: list[Page]) -> Iterator[Image.Image]:
    footers = front.footers(parcel)
    for number, page in enumerate(pages, 1):
        drawn = page()
        stamp(drawn, f"{parcel.delivery} · page {number} of {len(pages)}", footers if number > 1 else [])
        yield drawn
