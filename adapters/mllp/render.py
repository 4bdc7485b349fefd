"""A parcel as a v2 message (2.5.1): notices as ADT, referrals as REF^I12, status as OSU^O51 or (documents) ORU^R01.

Rules kept: the §2.32 notice, the consent copies and the labels stand in the message as text that a reader sees, before
the documents; confidentiality is stated in PD1-12, PV2-22 and, ahead of their version, in MSH-26 to MSH-28 (R,
NORDSCLCD); documents are encapsulated whole (ED, base64).
"""

import base64
from collections.abc import Iterator, Mapping

from adapters.accompaniment import cover_text, stated
from adapters.classes import INFORMATION_V2
from adapters.mllp.escapes import STANDARD, escape
from adapters.mllp.times import stamp
from hub.errors import Unrenderable
from hub.model import Correspondent, Document, Event, MessageKind, Parcel

_TRIGGERS = {
    "admit": ("A01", "ADT_A01"),
    "transfer": ("A02", "ADT_A02"),
    "discharge": ("A03", "ADT_A03"),
    "visit": ("A04", "ADT_A01"),
    "admit_cancelled": ("A11", "ADT_A09"),
    "transfer_cancelled": ("A12", "ADT_A12"),
    "discharge_cancelled": ("A13", "ADT_A01"),
}
_OF_KIND = {MessageKind.ADMIT_NOTICE: "admit", MessageKind.DISCHARGE_NOTICE: "discharge"}
_ORDER = {
    "accepted": ("OK", "IP"),
    "declined": ("UA", "CA"),
    "scheduled": ("SC", "SC"),
    "no_show": ("SC", "A"),
    "in_progress": ("SC", "A"),
    "pending": ("SC", "A"),
    "completed": ("RE", "CM"),
    "cancelled": ("CA", "CA"),
    "appointment_cancelled": ("SC", "A"),
    "expired": ("DC", "CA"),
}
_CLASSES = {"emergency": "E", "inpatient": "I", "residential": "I", "outpatient": "O"}
_SEX = {"female": "F", "male": "M", "other": "O"}
_CONTROL_ID = 20
"""What 2.5.1 allows in MSH-10; the end of a delivery id is its random part and the number of the attempt."""


def control_id(parcel: Parcel) -> str:
    """MSH-10 of the delivery: the same for the same attempt."""
    return parcel.delivery[-_CONTROL_ID:]


def message_of(parcel: Parcel) -> bytes:
    """The message, unframed, UTF-8. Raises `Unrenderable` for a kind that v2 has no message for."""
    if parcel.kind in _OF_KIND:
        lines = _adt(parcel, parcel.event or Event(kind=_OF_KIND[parcel.kind], at=parcel.created_at))
    elif parcel.kind is MessageKind.REFERRAL_PACKET:
        lines = _referral(parcel)
    elif parcel.kind is MessageKind.STATUS_REPORT:
        texts = all(document.media_type.startswith("text/plain") for document in parcel.documents)
        lines = _status(parcel) if texts else _report(parcel)
    else:
        raise Unrenderable("HL7 v2 has no message for this kind; it goes by another channel.", code="kind-unsupported")
    return "".join(f"{line}\r" for line in lines).encode()


def _adt(parcel: Parcel, event: Event) -> Iterator[str]:
    trigger, structure = _TRIGGERS.get(event.kind, _TRIGGERS[_OF_KIND[parcel.kind]])
    yield header(parcel, "ADT", trigger, structure)
    yield segment("EVN", {1: trigger, 2: stamp(parcel.created_at), 6: stamp(event.at)})
    yield patient(parcel)
    yield segment("PD1", {12: "Y"})
    ends = "discharge" in event.kind
    when = {} if event.kind.endswith("_cancelled") else {45 if ends else 44: stamp(event.at)}
    visit = escape(stated(parcel.documents, "Visit"))
    yield segment("PV1", {1: "1", 2: _CLASSES.get(event.setting, "U"), 19: visit, **when})
    yield segment("PV2", {22: "Y"})
    yield from _texts_and_documents(parcel)


def _referral(parcel: Parcel) -> Iterator[str]:
    yield header(parcel, "REF", "I12", "REF_I12")
    urgent = "S^STAT^HL70280" if parcel.priority == "urgent" else "R^Routine^HL70280"
    yield segment("RF1", {1: "P^Pending^HL70283", 2: urgent, 6: parcel.disclosure, 7: stamp(parcel.created_at)})
    for role, party in (("RP^Referring Provider", parcel.sender), ("RT^Referred to Provider", parcel.recipient)):
        number = f"{party.npi}^NPI" if party.npi else f"{escape(party.id)}^PI"
        yield segment("PRD", {1: f"{role}^HL70286", 2: f"^{escape(party.name)}", 7: number})
    yield patient(parcel)
    yield segment("OBR", {1: "1", 4: "57133-1^Referral note^LN", 7: stamp(parcel.created_at)})
    yield from _texts_and_documents(parcel)


def _status(parcel: Parcel) -> Iterator[str]:
    yield header(parcel, "OSU", "O51", "OSU_O51")
    yield from _notes(parcel)
    yield patient(parcel)
    yield order(parcel)


def _report(parcel: Parcel) -> Iterator[str]:
    yield header(parcel, "ORU", "R01", "ORU_R01")
    yield patient(parcel)
    yield order(parcel)
    yield segment("OBR", {1: "1", 4: "57133-1^Referral note^LN", 7: stamp(parcel.created_at)})
    yield from _texts_and_documents(parcel)


def order(parcel: Parcel) -> str:
    """ORC of what became of a referral, which it names by the number under which it was asked."""
    action, status = _ORDER.get(parcel.event.kind if parcel.event else "", ("SC", "A"))
    return segment("ORC", {1: action, 2: escape(number_of(parcel)), 5: status, 9: stamp(parcel.created_at)})


def number_of(parcel: Parcel) -> str:
    """The number of the referral that a status is about; its own, if it names none."""
    return stated(parcel.documents, "Referral") or parcel.disclosure


def header(parcel: Parcel, code: str, trigger: str, structure: str, more: Mapping[int, str] | None = None) -> str:
    """MSH; `more` are further fields, numbered as `segment` does: MSH-n is n - 1."""
    fields = {
        2: "PART2HUB", 3: _facility(parcel.sender), 4: "", 5: _facility(parcel.recipient), 6: stamp(parcel.created_at),
        8: f"{code}^{trigger}^{structure}", 9: control_id(parcel), 10: "P", 11: "2.5.1", 17: "UNICODE UTF-8",
        25: "R^Restricted^HL70952", 26: "NORDSCLCD^No redisclosure without consent directive^HL70953",
        27: escape(parcel.accompaniment.notice_short),
    }  # fmt: skip
    return segment("MSH", {1: STANDARD.encoding, **fields, **(more or {})})


def _facility(party: Correspondent) -> str:
    return f"{escape(party.id)}^{party.npi}^NPI" if party.npi else escape(party.id)


def patient(parcel: Parcel, system: str = "") -> str:
    """PID; `system` is the OID of the authority for CINs, for partners that go by it."""
    member, authority = parcel.member, f"MEDI-CAL&{system}&ISO" if system else "MEDI-CAL"
    number = f"{member.cin}^^^{authority}^MA" if member.cin else f"{parcel.disclosure}^^^PART2HUB^U"
    name = f"{escape(member.family)}^{escape(member.given)}"
    return segment("PID", {1: "1", 3: number, 5: name, 7: member.born.replace("-", ""), 8: _SEX.get(member.sex, "U")})


def _notes(parcel: Parcel) -> Iterator[str]:
    texts = [cover_text(parcel), *(document.content.decode("utf-8", "replace") for document in parcel.documents)]
    for number, text in enumerate(texts, 1):
        yield segment("NTE", {1: str(number), 2: "P", 3: escape(text.strip())})


def _texts_and_documents(parcel: Parcel) -> Iterator[str]:
    cover = escape(cover_text(parcel).strip())
    yield segment("OBX", {1: "1", 2: "FT", 3: "PART2-NOTICE^Notice to the recipient^L", 5: cover, 11: "F"})
    for number, document in enumerate(parcel.documents, 2):
        typed = f"{document.information}^{escape(document.title)}^{INFORMATION_V2}"
        yield segment("OBX", {1: str(number), 2: "ED", 3: typed, 5: _encapsulated(document), 11: "F"})


def _encapsulated(document: Document) -> str:
    kind, _, subtype = document.media_type.partition(";")[0].partition("/")
    coded = base64.b64encode(document.content).decode("ascii")
    return f"PART2HUB^{kind.upper() or 'AP'}^{escape(subtype.upper())}^Base64^{coded}"


def segment(name: str, fields: dict[int, str]) -> str:
    """A segment without its end; fields by number, MSH's counted from the encoding characters."""
    values = [fields.get(number, "") for number in range(1, max(fields) + 1)]
    return "|".join((name, *values)).rstrip("|")
