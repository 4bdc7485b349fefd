"""A v2 message as an arrival: whose, what, about whom, and what a person must look at first.

Rules kept: a message that can be taken is taken whatever the hub will decide about it; nothing here looks at consent;
what cannot be understood is taken with its trouble, for a person.
"""

from adapters.mllp import notices
from adapters.mllp.accept import PRODUCTION, door, idle
from adapters.mllp.acknowledge import Fault, is_answer
from adapters.mllp.enclosed import enclosed
from adapters.mllp.identities import identity_of
from adapters.mllp.message import Message
from adapters.mllp.peers import NOBODY, Peer
from adapters.mllp.person import has_key, person_of
from adapters.mllp.referrals import Referral, referral_of
from adapters.mllp.restrictions import Effect, Restriction, restrictions_of
from adapters.mllp.times import Zone, instant, zone_of
from adapters.mllp.visits import KINDS, Visit, visit_of
from hub.arrivals import Arrival, ArrivedPacket, ArrivedUpdate
from hub.model import Document, Event, Frozen, MemberIdentity, MessageKind

MEDIA_TYPE = "application/hl7-v2+er7"


class Reading(Frozen, frozen=True, kw_only=True):
    """What a message is to the hub. `fault`: what is answered instead of success; `arrival`: what is kept."""

    event: str = ""
    fault: Fault | None = None
    arrival: Arrival | None = None
    person: MemberIdentity | None = None
    restrictions: tuple[Restriction, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def has_key(self) -> bool:
        return self.person is not None and has_key(self.person)


def read(
    message: Message,
    raw: bytes,
    *,
    zone: Zone,
    now: int,
    peer: Peer = NOBODY,
    processing: frozenset[str] = PRODUCTION,
) -> Reading:
    """Reads it whole. Never raises for what a sender writes."""
    if is_answer(message):
        return Reading(event="acknowledgement")
    fault = door(message, processing)
    if fault is not None:
        kept = _arrival(message, raw, peer, None, trouble=message.warnings[0]) if fault.keeps else None
        return Reading(fault=fault, arrival=kept, warnings=message.warnings)
    restrictions = restrictions_of(message, zone_of(message.header.get(7), zone), now)
    person = person_of(message, peer.authorities)
    content: ArrivedPacket | ArrivedUpdate
    if idle(message):
        review = review_of(restrictions)
        touched = identity_of(message, person, restrictions, review, peer.authorities) if _adt(message) else None
        if touched is None:
            return Reading(event="none", warnings=message.warnings)
        event, content, warnings = "none", touched, ()
    else:
        event, content, warnings = (_visit if _adt(message) else _referral)(
            message, person, restrictions, peer, zone, now
        )
    trouble = _trouble(message, peer)
    return Reading(
        event=event,
        arrival=_arrival(message, raw, peer, content, trouble=trouble),
        person=person,
        restrictions=restrictions,
        warnings=(*message.warnings, *warnings, *(() if has_key(person) else ("patient-without-key",))),
    )


def _adt(message: Message) -> bool:
    return message.type[0] == "ADT"


def _trouble(message: Message, peer: Peer) -> str:
    if peer.facilities and message.header.get(4) not in peer.facilities:
        return "facility-differs"
    # A part of a longer message (2.10.2): what is not in it may be in another.
    return "continued" if message.has("DSC") or message.header.get(14) else ""


def unreadable(message: Message, raw: bytes, peer: Peer) -> Reading:
    """A message that the hub's own reader fails on: taken whole, for a person."""
    return Reading(arrival=_arrival(message, raw, peer, None, trouble="unreadable"))


_Content = tuple[str, ArrivedPacket | ArrivedUpdate, tuple[str, ...]]


def _visit(
    message: Message,
    person: MemberIdentity,
    restrictions: tuple[Restriction, ...],
    peer: Peer,
    zone: Zone,
    now: int,
) -> _Content:
    visit = visit_of(message, zone, now)
    review = review_of(restrictions)
    if len({(each.raw(3), each.raw(5)) for each in message.all("PID")}) > 1:
        review = (*review, "patient.several")
    thread = f"visit/{visit.number}" if visit.number else ""
    if visit.event == "update":
        return visit.event, _update(visit, person, restrictions, review, thread), visit.warnings
    cancels = visit.event.endswith("_cancelled")
    if cancels and not thread:
        review = (*review, "retraction.unnumbered")
    packet = ArrivedPacket(
        kind=KINDS[visit.event],
        purpose=peer.purpose,
        person=person,
        documents=(notices.notice(visit, restrictions, zone),),
        event=visit.reported,
        recipients=peer.recipients.get(visit.event, ()),
        review=review,
        thread=thread,
        place="retracts" if cancels else "opens",
    )
    return visit.event, packet, visit.warnings


def _update(
    visit: Visit, person: MemberIdentity, restrictions: tuple[Restriction, ...], review: tuple[str, ...], thread: str
) -> ArrivedUpdate:
    return ArrivedUpdate(
        person=person,
        thread=thread,
        setting=visit.setting,
        place=visit.place,
        hidden=notices.hides_place(restrictions),
        restricted=bool(restrictions),
        admitted_at=visit.admitted_at,
        discharged_at=visit.discharged_at,
        disposition=visit.disposition,
        review=review,
    )


def _referral(
    message: Message,
    person: MemberIdentity,
    restrictions: tuple[Restriction, ...],
    peer: Peer,
    zone: Zone,
    now: int,
) -> _Content:
    referral = referral_of(message)
    review = review_of(restrictions, records=True)
    at = instant(message.header.get(7), zone) or now
    if len({each.get(2) for each in message.all("ORC")} - {""}) > 1:
        review = (*review, "referral.several")
    documents: tuple[Document, ...] = ()
    if referral.asks:
        documents, unclassed = notices.request(message, referral, restrictions)
        review = (*review, *unclassed)
    elif referral.step:
        status = notices.status(referral, _appointment(message, zone), restrictions)
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
    )
    return referral.step or "unclear", packet, ()


def review_of(restrictions: tuple[Restriction, ...], *, records: bool = False) -> tuple[str, ...]:
    """The codes under which a person looks at what is restricted; `records`: it holds more than a notice says."""
    weighed = (Effect.LABEL,) if records else (Effect.LABEL, Effect.NO_LOCATION, Effect.SUBJECT)
    return tuple(
        dict.fromkeys(f"restricted.{each.carrier.lower()}" for each in restrictions if each.effect not in weighed)
    )


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


def _appointment(message: Message, zone: Zone) -> str:
    stated = zone_of(message.header.get(7), zone)
    for segment, field, component in _APPOINTMENT:
        at = instant(message.first(segment).get(field, component), stated)
        if at is not None:
            return notices.local(at, zone)
    return ""


def _arrival(
    message: Message, raw: bytes, peer: Peer, content: ArrivedPacket | ArrivedUpdate | None, *, trouble: str
) -> Arrival:
    return Arrival(
        channel="mllp",
        key=key_of(message, peer),
        raw=raw,
        media_type=MEDIA_TYPE,
        organization=peer.organization,
        content=content,
        trouble=trouble,
    )


def key_of(message: Message, peer: Peer) -> str:
    """MSH-3, 4, 9 and 10 within what a partner sends.

    MSH-9 is in it because systems number each kind of message by itself: an A03 with the number of an A01 is another
    message, not the same one sent twice.
    """
    sent = message.header
    return "\x1f".join((peer.organization, sent.raw(3), sent.raw(4), "^".join(message.type), message.control_id))
