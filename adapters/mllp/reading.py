"""A v2 message as an arrival: whose, what, about whom, and what a person must look at first.

Rules kept: a message that can be taken is taken whatever the hub will decide about it; nothing here looks at consent;
what cannot be understood is taken with its trouble, for a person.
"""

from adapters.mllp import notices, repeats
from adapters.mllp.accept import PRODUCTION, door, idle
from adapters.mllp.acknowledge import Fault, is_answer
from adapters.mllp.identities import identity_of
from adapters.mllp.message import Message
from adapters.mllp.peers import NOBODY, Peer
from adapters.mllp.person import has_key, person_of
from adapters.mllp.referred import referred
from adapters.mllp.restrictions import Restriction, restrictions_of, review_of
from adapters.mllp.times import Zone, zone_of
from adapters.mllp.visits import KINDS, Visit, visit_of
from hub.arrivals import Arrival, ArrivedPacket, ArrivedUpdate
from hub.model import Frozen, MemberIdentity

MEDIA_TYPE = "application/hl7-v2+er7"
_DAY = len("20260306")


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
    event, content, warnings = _content(message, person, restrictions, peer, zone, now)
    if content is None:
        return Reading(event=event, warnings=message.warnings)
    return Reading(
        event=event,
        arrival=_arrival(message, raw, peer, content, trouble=_trouble(message, peer)),
        person=person,
        restrictions=restrictions,
        warnings=(*message.warnings, *warnings, *(() if has_key(person) else ("patient-without-key",))),
    )


def _trouble(message: Message, peer: Peer) -> str:
    if peer.facilities and message.header.get(4) not in peer.facilities:
        return "facility-differs"
    # A part of a longer message (2.10.2): what is not in it may be in another.
    return "continued" if message.has("DSC") or message.header.get(14) else ""


def unreadable(message: Message, raw: bytes, peer: Peer) -> Reading:
    """A message that the hub's own reader fails on: taken whole, for a person."""
    return Reading(arrival=_arrival(message, raw, peer, None, trouble="unreadable"))


_Content = tuple[str, ArrivedPacket | ArrivedUpdate | None, tuple[str, ...]]
"""What happened, what is kept of it (nothing of what concerns nobody), warnings."""


def _content(
    message: Message, person: MemberIdentity, restrictions: tuple[Restriction, ...], peer: Peer, zone: Zone, now: int
) -> _Content:
    if message.type[0] != "ADT":
        if idle(message):
            return "none", None, ()
        step, packet = referred(message, person, restrictions, peer, zone, now)
        return step, packet, ()
    if idle(message):
        touched = identity_of(message, person, restrictions, review_of(restrictions), peer.authorities)
        return "none", touched, ()
    return _visit(message, person, restrictions, peer, zone, now)


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


def _arrival(
    message: Message, raw: bytes, peer: Peer, content: ArrivedPacket | ArrivedUpdate | None, *, trouble: str
) -> Arrival:
    return Arrival(
        channel="mllp",
        key=key_of(message, peer),
        raw=raw,
        digest=repeats.digest(raw),
        earlier=tuple(key_of(message, peer, day) for day in repeats.days_before(message.header.raw(7)[:_DAY])),
        media_type=MEDIA_TYPE,
        organization=peer.organization,
        content=content,
        trouble=trouble,
    )


def key_of(message: Message, peer: Peer, day: str | None = None) -> str:
    """MSH-3, 4, 9, 10 and a day, that of MSH-7 if none is given, within what a partner sends.

    The day is in it because control ids begin again, after 9999 in many systems: months later it is another message.
    MSH-9 is in it because systems number each kind of message by itself: an A03 with the number of an A01 is another
    message, not the same one sent twice.
    """
    sent = message.header
    day = sent.raw(7)[:_DAY] if day is None else day
    return "\x1f".join((peer.organization, sent.raw(3), sent.raw(4), "^".join(message.type), day, message.control_id))
