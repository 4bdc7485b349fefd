"""A referral, or what became of one, as the packet that it is.

Rules kept: whom a referral is for is what the file of peers says, else a person's to find; a restriction of its records
is always a person's, since a referral carries more than a notice says.
"""

from adapters.accompaniment import instant_text
from adapters.mllp import notices
from adapters.mllp.enclosed import enclosed
from adapters.mllp.message import Message
from adapters.mllp.peers import Peer
from adapters.mllp.referrals import Referral, referral_of
from adapters.mllp.restrictions import Restriction, review_of
from adapters.mllp.times import Zone, day, has_hour, instant, zone_of
from hub.arrivals import ArrivedPacket
from hub.model import Document, Event, MemberIdentity, MessageKind


def referred(
    message: Message,
    person: MemberIdentity,
    restrictions: tuple[Restriction, ...],
    peer: Peer,
    zone: Zone,
    now: int,
) -> tuple[str, ArrivedPacket]:
    """The step that the message tells, and the packet that it becomes."""
    referral = referral_of(message)
    review = review_of(restrictions, records=True)
    at = instant(message.header.get(7), zone) or now
    if len({each.get(2) for each in message.all("ORC")} - {""}) > 1:
        review = (*review, "referral.several")
    documents: tuple[Document, ...] = ()
    slot, when = _appointment(message, zone)
    if referral.asks:
        documents, unclassed = notices.request(message, referral, restrictions)
        review = (*review, *unclassed)
    elif referral.step:
        status = notices.status(referral, when, restrictions)
        records, unclassed = enclosed(message, notes=False)
        documents, review = (status, *records), (*review, *unclassed)
    else:
        review = (*review, "referral.unclear")
    if not referral.id and not referral.asks:
        review = (*review, "referral.unnumbered")
    packet = ArrivedPacket(
        kind=MessageKind.REFERRAL_PACKET if referral.asks else MessageKind.STATUS_REPORT,
        purpose="treatment",
        person=person,
        documents=documents,
        event=Event(kind=referral.step, at=at) if documents and not referral.asks else None,
        recipients=_receivers(referral, peer) if referral.asks else (),
        review=review,
        thread=f"referral/{referral.id}" if referral.id else "",
        place="opens" if referral.asks else "answers",
        slot=slot if referral.step == "scheduled" else None,
    )
    return referral.step or "unclear", packet


def _receivers(referral: Referral, peer: Peer) -> tuple[str, ...]:
    """Whom a referral is for: as the file of peers has it, else as the message says it, for a person to find."""
    for name in referral.to:
        if name in peer.receivers:
            return (peer.receivers[name],)
    return (f"v2:{referral.to[0]}",) if referral.to else ("v2:",)


_APPOINTMENT = (
    ("SCH", 11, 4),
    ("TQ1", 7, 1),
    ("AIS", 4, 1),
    ("AIG", 8, 1),
    ("AIL", 6, 1),
    ("AIP", 6, 1),
    ("ARQ", 11, 1),
)
"""Where systems state when it is, in the order in which they are believed."""


def _appointment(message: Message, zone: Zone) -> tuple[int | None, str]:
    """When somebody is expected, and in words; a day without an hour is said, and is no such time."""
    stated, on = zone_of(message.header.get(7), zone), ""
    for segment, field, component in _APPOINTMENT:
        text = message.first(segment).get(field, component)
        at = instant(text, stated)
        if at is not None and has_hour(text):
            return at, instant_text(at, zone)
        on = on or day(text)
    return None, on
