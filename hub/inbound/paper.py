"""Arrived paper: pages without words a machine could read. A person looks at them and says what they are.

Rules kept: pages of strangers are decoded within bounds and shown as pictures made here, never as the file that came;
what a person says becomes the same packet that a partner's system would have sent, and goes the same way.
"""

import asyncio

from hub.arrivals import Arrival, ArrivedPacket
from hub.errors import Conflict, NotAvailable
from hub.model import Document, Frozen, MemberIdentity, MessageKind

PAPER = frozenset({"image/tiff", "application/pdf"})


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


async def pages_in(arrival: Arrival) -> int | None:
    """How many pages it has; none if it is no paper or cannot be read."""
    if arrival.media_type not in PAPER:
        return None
    from hub.inbound import pictures  # noqa: PLC0415 - Pillow: memory that only arrived paper needs

    return await asyncio.to_thread(pictures.count, arrival.raw, arrival.media_type)


async def picture(arrival: Arrival, number: int) -> bytes:
    """The page, counted from 1, as PNG with square dots. Raises `NotAvailable` if there is none that can be read."""
    if arrival.media_type not in PAPER:
        raise NotAvailable
    from hub.inbound import pictures  # noqa: PLC0415 - as above

    return await asyncio.to_thread(pictures.page, arrival.raw, arrival.media_type, number)
