"""What an opened message is to the hub: a packet, or an answer to something of ours.

    X-Direct-Context                  kind, purpose and patient, as far as it says them
    XDM package (application/zip)     its documents, with their types, and the patient of its metadata
    C-CDA document                    its type, and its patient if nothing else names one
    HL7 v2 (360X, encapsulated)       a referral or its status, read as one that came by MLLP
    In-Reply-To, References           one of our deliveries: an answer to that referral

Rules kept: what the message does not say is asked of a person (`review`), never guessed to a permit's advantage; the
text of the mail itself is a document only where there is no other, as it may hold anybody's notice or greeting.
Attack stopped: whoever carries an unwrapped mail writes into its headers which referral it answers.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from adapters.email.context.model import Context, ContextError
from adapters.email.context.read import HEADER, find_context
from adapters.email.intake.parts import Part, parts_in
from adapters.email.intake.patients import NOBODY, in_cda, in_context, in_xdm, is_named, one_of
from adapters.email.mime import Entity
from adapters.email.notices.fields import message_id_of
from hub.arrivals import ArrivedPacket
from hub.errors import Malformed
from hub.model import CONTROLS, Document, MemberIdentity, MessageKind

Delivery = Callable[[str], str]
_KINDS = {
    ("referral", "order"): MessageKind.REFERRAL_PACKET,
    ("referral", "report"): MessageKind.STATUS_REPORT,
    ("referral", "result"): MessageKind.STATUS_REPORT,
    ("referral", "response"): MessageKind.STATUS_REPORT,
    ("referral", "notification"): MessageKind.STATUS_REPORT,
}
_PURPOSES = {"treatment", "payment", "operations"}
_V2 = {"application/hl7-v2+er7", "x-application/hl7-v2+er7", "application/x-direct-encapsulated+hl7v2"}
_MOST_DOCUMENTS = 40
_UNREAD = "document.unread"


class Unread(NamedTuple):
    """A message without anything that goes on; `codes` say what in it could not be read, none if nothing was in it."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Readers:
    """What other parts of the hub's outside know: `v2` reads one HL7 v2 message, none if it has no use for it.

    `organization` is whom an address of ours stands for; empty: the hub itself, which routes by kind.
    """

    v2: Callable[[bytes], ArrivedPacket | None]
    organization: Callable[[str], str]


def content_of(
    message: Entity, recipient: str, delivery: Delivery, readers: Readers, *, wrapped: bool
) -> ArrivedPacket | Unread:
    """The packet in a message that is no notice. `wrapped`: its headers are signed, too."""
    unread: list[str] = []
    context = _context(message, unread)
    parts = _parts(message, unread)
    packet = _v2(parts, readers, unread)
    review: list[str] = []
    if packet is None:
        answered = _answered(message, delivery)
        packet = ArrivedPacket(
            kind=_kind(context, answered, review),
            purpose=_purpose(context, review),
            person=NOBODY,
            documents=(),
        )
        if answered:
            packet = msgspec.structs.replace(packet, thread=f"referral/{answered}", place="answers")
            if not wrapped:
                review.append("referral.unproved")
    packet = msgspec.structs.replace(packet, person=_person([packet.person, *_people(context, parts)], review))
    documents = packet.documents + _documents(parts, review, alone=not packet.documents)
    if not documents:
        return Unread(tuple(unread))
    if len(documents) > _MOST_DOCUMENTS:
        unread.append(_UNREAD)
    to = readers.organization(recipient)
    return msgspec.structs.replace(
        packet,
        documents=documents[:_MOST_DOCUMENTS],
        recipients=(to,) if to and packet.place == "opens" else packet.recipients,
        review=tuple(dict.fromkeys([*packet.review, *unread, *review])),
    )


def _context(message: Entity, unread: list[str]) -> Context | None:
    try:
        return find_context(message)
    except ContextError as error:
        unread.append(error.detail_code)
        return None


def _parts(message: Entity, unread: list[str]) -> list[Part]:
    named = message_id_of(message.field(HEADER))
    try:
        return parts_in(message, without=named)
    except Malformed as error:
        unread.append(error.detail_code)
        return []


def _answered(message: Entity, delivery: Delivery) -> str:
    """The disclosure of ours that it answers; empty if none."""
    stated = [message.field("in-reply-to"), *reversed(message.field("references").split())]
    found = next(filter(None, (delivery(message_id_of(each)) for each in stated)), "")
    return found[:32]


def _v2(parts: list[Part], readers: Readers, unread: list[str]) -> ArrivedPacket | None:
    """The packet in an enclosed v2 message; one that does not go on may restrict the rest, and is a person's."""
    enclosed = [readers.v2(each.content) for each in parts if each.media_type in _V2]
    if len(enclosed) > 1 or None in enclosed:
        unread.append(_UNREAD)
    return next((each for each in enclosed if each is not None), None)


def _kind(context: Context | None, answered: str, review: list[str]) -> MessageKind:
    stated = _KINDS.get((context.category, context.action)) if context else None
    if stated is not None:
        return stated
    if answered:
        return MessageKind.STATUS_REPORT
    review.append("kind.unstated")
    return MessageKind.REFERRAL_PACKET


def _purpose(context: Context | None, review: list[str]) -> str:
    if context is not None and context.purpose in _PURPOSES:
        return context.purpose
    review.append("purpose.unstated" if context is None or not context.purpose else "purpose.other")
    return "treatment"


def _person(people: list[MemberIdentity], review: list[str]) -> MemberIdentity:
    """Whom it is about. Where its parts name several people a person looks: not even an answer to a referral, whose
    patient is known, may carry another's document.
    """
    named = [each for each in people if is_named(each)]
    found = one_of(named)
    if named and not is_named(found):
        review.append("person.several")
    return found


def _people(context: Context | None, parts: Iterable[Part]) -> Iterator[MemberIdentity]:
    if context is not None and context.patient:
        yield in_context(context.patient)
    for part in parts:
        if part.pid:
            yield in_xdm(part.pid)
        if part.cda is not None:
            yield in_cda(part.cda)


def _documents(parts: list[Part], review: list[str], *, alone: bool) -> tuple[Document, ...]:
    """The mail's documents; its own text only if nothing else is in it (`alone`: no v2 message either)."""
    found = [each for each in parts if each.media_type not in _V2 and not each.is_text_of_mail]
    if alone and not found:
        found = [each for each in parts if each.is_text_of_mail and each.content.strip()]
    documents = []
    for number, part in enumerate(found, 1):
        if not part.information:
            review.append("information.unstated")
        documents.append(
            Document(
                id=f"mail{number}",
                title=part.title.translate(CONTROLS)[:100] or f"Document {number}",
                information=part.information or "medical",
                media_type=part.media_type,
                content=part.content,
            )
        )
    return tuple(documents)
