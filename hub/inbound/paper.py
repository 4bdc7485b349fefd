"""Arrived paper: pages without words a machine could read. A person looks at them and says what they are.

Rules kept: pages of strangers are decoded within bounds and shown as pictures made here, never as the file that came;
what a person says becomes the same packet that a partner's system would have sent, and goes the same way.
"""

import asyncio
import io

from PIL import Image

from hub.arrivals import Arrival, ArrivedPacket
from hub.errors import Conflict, NotAvailable
from hub.model import Document, Frozen, MemberIdentity, MessageKind

PAPER = frozenset({"image/tiff"})
MAX_PAGES = 400
MAX_DOTS = 20_000_000
"""A fax page has four to eight million; a decompression bomb has more in a few bytes."""
_DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError)


class Sorting(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person read on the pages."""

    kind: MessageKind
    purpose: str
    title: str
    information: str
    """The class of its content, a word of the case format."""
    recipients: tuple[str, ...] = ()
    """Organization ids; none: those the routing names for this kind."""


def packet(arrival: Arrival, sorting: Sorting, person: MemberIdentity) -> ArrivedPacket:
    """The arrival as a packet about this person. Raises `Conflict` if it is no paper."""
    if arrival.content is not None or arrival.media_type not in PAPER:
        raise Conflict("This arrival says by itself what it is.", code="not-paper")
    document = Document(
        id="pages",
        title=sorting.title,
        information=sorting.information,
        media_type=arrival.media_type,
        content=arrival.raw,
    )
    return ArrivedPacket(
        kind=sorting.kind,
        purpose=sorting.purpose,
        person=person,
        documents=(document,),
        recipients=sorting.recipients,
    )


def pages_in(arrival: Arrival) -> int | None:
    """How many pages it has; none if it is no paper or cannot be read."""
    if arrival.media_type not in PAPER:
        return None
    try:
        with Image.open(io.BytesIO(arrival.raw), formats=("TIFF",)) as image:
            return min(int(getattr(image, "n_frames", 1)), MAX_PAGES)
    except (*_DAMAGE, Image.DecompressionBombError):
        return None


async def picture(arrival: Arrival, number: int) -> bytes:
    """The page, counted from 1, as PNG with square dots. Raises `NotAvailable` if there is none that can be read."""
    if arrival.media_type not in PAPER or not 1 <= number <= MAX_PAGES:
        raise NotAvailable
    try:
        return await asyncio.to_thread(_picture, arrival.raw, number - 1)
    except (*_DAMAGE, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAvailable from None


def _picture(tiff: bytes, frame: int) -> bytes:
    with Image.open(io.BytesIO(tiff), formats=("TIFF",)) as image:
        image.seek(frame)
        if image.width * image.height > MAX_DOTS:
            raise ValueError("more dots than a page has")
        across, down = image.info.get("dpi", (1, 1))
        page = image.convert("L")
    if across and down and across != down:
        # a page at 204 by 98 dots to the inch would look squashed
        page = page.resize((page.width, max(1, round(page.height * float(across) / float(down)))))
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()
