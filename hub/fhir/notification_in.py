"""What a received message bundle says: a notice about a visit, a referral, or what became of one.

Rules kept: a notice holds what the event needs, when, which setting, where (§2.13(a)); what may turn a meaning round
(`modifierExtension`), and a message that brings a second patient, is a person's.
"""

from zoneinfo import ZoneInfo

from hub.arrivals import Arrival, ArrivedPacket, Place
from hub.errors import Malformed
from hub.fhir import items_in, labels_in, referral_in
from hub.fhir.elements import instant, patient_of, person_of
from hub.fhir.message_in import Json, Message, dicts, text
from hub.model import Event, MessageKind

MEDIA_TYPE = "application/fhir+json"
_EVENTS = {
    "notification-admit": ("admit", MessageKind.ADMIT_NOTICE),
    "notification-transfer": ("transfer", MessageKind.ADMIT_NOTICE),
    "notification-outpatient-visit": ("visit", MessageKind.ADMIT_NOTICE),
    "notification-discharge": ("discharge", MessageKind.DISCHARGE_NOTICE),
}
_STATUS = "notification-progress-update"
_WITHDRAWN = ("cancelled", "entered-in-error")
_SETTINGS = {"EMER": "emergency", "IMP": "inpatient", "ACUTE": "inpatient", "NONAC": "residential", "AMB": "outpatient"}


def arrival_of(message: Message, raw: bytes, organization: str, zone: ZoneInfo) -> Arrival:
    """The message as what the hub keeps. Raises `Malformed`, `event-unknown` for one the hub does not take."""
    source = message.at(message.header.get("sender")) or {}
    return Arrival(
        channel="api",
        key=f"{organization}\x1f{message.key}",
        raw=raw,
        media_type=MEDIA_TYPE,
        organization=organization,
        claimed=text(source.get("name"))[:200],
        content=_content(message, zone),
    )


def _content(message: Message, zone: ZoneInfo) -> ArrivedPacket:
    if message.event in _EVENTS:
        return _notice(message, zone)
    if message.event in referral_in.EVENTS or message.event == _STATUS:
        return referral_in.packet(message, zone)
    raise Malformed("The hub takes no such event.", code="event-unknown", field="MessageHeader.eventCoding")


def _notice(message: Message, zone: ZoneInfo) -> ArrivedPacket:
    told, kind = _EVENTS[message.event]
    encounter = message.focus("Encounter")
    patient = patient_of(message, encounter.get("subject"), encounter, "Encounter.subject")
    withdrawn = encounter.get("status") in _WITHDRAWN
    event = {"discharge": "discharge_cancelled"}.get(told, "admit_cancelled") if withdrawn else told
    thread = _visit(encounter)
    review = [*labels_in.review_of_message(message)]
    review += ["retraction.unnumbered"] if withdrawn and not thread else []
    review += ["encounter.planned"] if encounter.get("status") == "planned" else []
    place: Place = "retracts" if withdrawn else "opens"
    classed = encounter.get("class")
    setting = _SETTINGS.get(text(classed.get("code")), "") if isinstance(classed, dict) else ""
    happened = Event(kind=event, at=_when(encounter, told, zone), setting=setting)
    documents = [items_in.notice(message, encounter, happened, zone)]
    return ArrivedPacket(
        kind=kind,
        purpose="operations",
        person=person_of(patient),
        documents=tuple(documents if withdrawn else [*documents, *items_in.beside(message, patient)]),
        event=happened,
        review=tuple(dict.fromkeys(review)),
        thread=thread,
        place=place,
    )


def _when(encounter: Json, told: str, zone: ZoneInfo) -> int:
    period = encounter.get("period")
    moved = [each.get("period") for each in dicts(encounter.get("location"))] if told == "transfer" else []
    if moved and isinstance(moved[-1], dict) and "start" in moved[-1]:
        period = moved[-1]  # where the patient is now, since when
    name = "end" if told == "discharge" else "start"
    return instant(period.get(name) if isinstance(period, dict) else None, f"Encounter.period.{name}", zone)


def _visit(encounter: Json) -> str:
    for each in dicts(encounter.get("identifier")):
        if number := text(each.get("value")):
            return f"visit/{text(each.get('system'))}|{number}"
    return ""
