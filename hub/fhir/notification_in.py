"""What a received message bundle says: the notice, whom it is about, and what became of a referral.

Rules kept: a notice holds what the event needs, when, which setting, where (§2.13(a)); diagnoses and coverage are items
of their own, so that each is decided by itself; what may turn a meaning round (`modifierExtension`) is a person's.
"""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.arrivals import Arrival, ArrivedPacket, Place
from hub.errors import Malformed
from hub.fhir import labels_in
from hub.fhir.message_in import Json, Message, dicts, text
from hub.model import Document, Event, MemberIdentity, MessageKind

MEDIA_TYPE = "application/fhir+json"
DISCLOSURE = "urn:part2hub:disclosure"
"""The system under which the hub's own referrals carry their id."""
STEPS = {
    "accepted": "accepted",
    "rejected": "declined",
    "in-progress": "in_progress",
    "on-hold": "pending",
    "completed": "completed",
    "failed": "expired",
    "cancelled": "cancelled",
    "entered-in-error": "cancelled",
}
"""Task.status as the step of a referral that a status report tells of."""
_EVENTS = {
    "notification-admit": ("admit", MessageKind.ADMIT_NOTICE),
    "notification-transfer": ("transfer", MessageKind.ADMIT_NOTICE),
    "notification-outpatient-visit": ("visit", MessageKind.ADMIT_NOTICE),
    "notification-discharge": ("discharge", MessageKind.DISCHARGE_NOTICE),
}
_STATUS = "notification-progress-update"
_TITLES = {
    "admit": "Admission notice",
    "transfer": "Transfer notice",
    "visit": "Outpatient visit notice",
    "discharge": "Discharge notice",
    "admit_cancelled": "Correction: the admission did not take place",
    "discharge_cancelled": "Correction: the discharge did not take place",
}
_WITHDRAWN = ("cancelled", "entered-in-error")
_SETTINGS = {"EMER": "emergency", "IMP": "inpatient", "ACUTE": "inpatient", "NONAC": "residential", "AMB": "outpatient"}
_CIN = re.compile(r"[0-9]{8}[A-Z]")
_MEDICAID = {"MA", "MC"}
_CONTROLS = dict.fromkeys([*range(0x20), 0x7F], " ")


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


def status_document(step: str, reason: str) -> Document:
    """The words that tell what became of a referral."""
    words = step.replace("_", " ")
    return text_item("status", f"Referral {words}", "attendance", [f"Referral {words}", _said("Reason", reason)])


def text_item(name: str, title: str, information: str, lines: list[str]) -> Document:
    """A short text as an item; each line is cut at 500 characters."""
    content = "\n".join(line.translate(_CONTROLS)[:500] for line in lines if line) + "\n"
    return Document(
        id=name, title=title, information=information, media_type="text/plain; charset=utf-8", content=content.encode()
    )


def _content(message: Message, zone: ZoneInfo) -> ArrivedPacket:
    if message.event in _EVENTS:
        return _notice(message, zone)
    if message.event == _STATUS:
        return _answer(message)
    raise Malformed("The hub takes no such event.", code="event-unknown", field="MessageHeader.eventCoding")


def _notice(message: Message, zone: ZoneInfo) -> ArrivedPacket:
    told, kind = _EVENTS[message.event]
    encounter = _focus(message, "Encounter")
    withdrawn = encounter.get("status") in _WITHDRAWN and told != "visit"
    event = {"discharge": "discharge_cancelled"}.get(told, "admit_cancelled") if withdrawn else told
    at = _when(encounter, told)
    thread = _visit(encounter)
    review = [*labels_in.review_of(message.labels), *_modified(message)]
    review += ["retraction.unnumbered"] if withdrawn and not thread else []
    place: Place = "retracts" if withdrawn else "opens"
    classed = encounter.get("class")
    setting = _SETTINGS.get(text(classed.get("code")), "") if isinstance(classed, dict) else ""
    happened = Event(kind=event, at=at, setting=setting)
    documents = [_words(message, encounter, happened, zone), *([] if withdrawn else _beside(message))]
    return ArrivedPacket(
        kind=kind,
        purpose="operations",
        person=_person(message, encounter.get("subject"), "Encounter.subject"),
        documents=tuple(documents),
        event=happened,
        review=tuple(dict.fromkeys(review)),
        thread=thread,
        place=place,
    )


def _answer(message: Message) -> ArrivedPacket:
    task = _focus(message, "Task")
    step = STEPS.get(text(task.get("status")))
    if step is None:
        raise Malformed("The hub takes no report of such a status.", code="event-unknown", field="Task.status")
    numbers = [text(each.get("value")) for each in dicts(task.get("identifier")) if each.get("system") == DISCLOSURE]
    stated = task.get("statusReason")
    reason = text(stated.get("text")) if isinstance(stated, dict) else ""
    review = [*labels_in.review_of(message.labels), *_modified(message)]
    review += [] if numbers and numbers[0] else ["referral.unnumbered"]
    at = _instant(task.get("lastModified"), "Task.lastModified")
    return ArrivedPacket(
        kind=MessageKind.STATUS_REPORT,
        purpose="treatment",
        person=_person(message, task.get("for"), "Task.for"),
        documents=(status_document(step, reason),),
        event=Event(kind=step, at=at),
        review=tuple(dict.fromkeys(review)),
        thread=f"referral/{numbers[0]}" if numbers and numbers[0] else "",
        place="answers",
    )


def _focus(message: Message, kind: str) -> Json:
    found = [each for each in map(message.at, message.header["focus"]) if each and each["resourceType"] == kind]
    if len(found) != 1:
        raise Malformed(f"The focus of this event is one {kind}.", field="MessageHeader.focus")
    return found[0]


def _modified(message: Message) -> list[str]:
    meant = any("modifierExtension" in each or "implicitRules" in each for each in message.resources)
    return ["modifier.unknown"] if meant else []


def _when(encounter: Json, told: str) -> int:
    period = encounter.get("period")
    moved = [each.get("period") for each in dicts(encounter.get("location"))] if told == "transfer" else []
    if moved and isinstance(moved[-1], dict) and "start" in moved[-1]:
        period = moved[-1]  # where the patient is now, since when
    name = "end" if told == "discharge" else "start"
    return _instant(period.get(name) if isinstance(period, dict) else None, f"Encounter.period.{name}")


def _instant(value: object, field: str) -> int:
    try:
        at = datetime.fromisoformat(text(value))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Malformed("An instant with its offset is needed.", field=field)
    return int(at.timestamp() * 1_000_000)


def _visit(encounter: Json) -> str:
    for each in dicts(encounter.get("identifier")):
        if number := text(each.get("value")):
            return f"visit/{text(each.get('system'))}|{number}"
    return ""


def _words(message: Message, encounter: Json, event: Event, zone: ZoneInfo) -> Document:
    places = [each.get("location") for each in dicts(encounter.get("location"))]
    where = [text(each.get("display")) for each in places if isinstance(each, dict)]
    stay = encounter.get("hospitalization")
    left = stay.get("dischargeDisposition") if isinstance(stay, dict) and event.kind == "discharge" else None
    withdrawn = event.kind.endswith("_cancelled")
    lines = [
        _TITLES[event.kind],
        _said("When", datetime.fromtimestamp(event.at / 1_000_000, zone).strftime("%Y-%m-%d %H:%M %Z")),
        _said("Setting", event.setting),
        _said("Where", ", ".join(filter(None, where))),
        _said("Discharged to", text(left.get("text")) if isinstance(left, dict) else ""),
        "Please correct your records: the earlier notice about this visit is withdrawn." if withdrawn else "",
        "Confidentiality: R (restricted)." if labels_in.restricted(message.labels) else "",
    ]
    return text_item("notice", _TITLES[event.kind], "attendance", lines)


def _beside(message: Message) -> list[Document]:
    """Diagnoses and coverage, where the sender stated them (required if present)."""
    diagnoses = [each for each in map(_coded, (one.get("code") for one in message.all("Condition"))) if each]
    payers = [text(who.get("display")) for one in message.all("Coverage") for who in dicts(one.get("payor"))]
    found = []
    if diagnoses:
        found.append(text_item("diagnoses", "Diagnoses", "diagnosis", ["Diagnoses", *dict.fromkeys(diagnoses)]))
    if payers := list(dict.fromkeys(filter(None, payers))):
        found.append(text_item("coverage", "Coverage", "billing", ["Coverage", *payers]))
    return found


def _coded(concept: object) -> str:
    if not isinstance(concept, dict):
        return ""
    codings = dicts(concept.get("coding"))
    code = text(codings[0].get("code")) if codings else ""
    words = text(concept.get("text")) or (text(codings[0].get("display")) if codings else "")
    return f"{code} {words}".strip()


def _person(message: Message, reference: object, field: str) -> MemberIdentity:
    patient = message.at(reference)
    if patient is None or patient["resourceType"] != "Patient":
        raise Malformed("The patient is not in the bundle.", field=field)
    names = dicts(patient.get("name"))
    name = next((each for each in names if each.get("use") == "official"), names[0] if names else {})
    given = [text(each) for each in name.get("given", [])] if isinstance(name.get("given"), list) else []
    sex = text(patient.get("gender"))
    return MemberIdentity(
        given=given[0] if given else "",
        family=text(name.get("family")),
        born=text(patient.get("birthDate")),
        cin=_cin(patient),
        sex=sex if sex in ("male", "female", "other") else "unknown",
    )


def _cin(patient: Json) -> str:
    """A number counts as a CIN only with its type beside it (table 0203 MA, MC)."""
    for each in dicts(patient.get("identifier")):
        kind = each.get("type")
        codes = {text(one.get("code")) for one in dicts(kind.get("coding"))} if isinstance(kind, dict) else set()
        number = text(each.get("value")).upper()
        if codes & _MEDICAID and _CIN.fullmatch(number):
            return number
    return ""


def _said(label: str, value: str) -> str:
    return f"{label}: {value}" if value else ""
