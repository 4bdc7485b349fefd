"""What a FHIR message is about: the resources its MessageHeader points to, by kind of message.

Rules kept: the first resource is the focus; an admission's or discharge's Encounter says no more than the
event does; a crisis follow-up is a Communication whose priority a reader can sort by.
"""

import re
from collections.abc import Callable

from adapters.accompaniment import KIND_IN_WORDS, cover_text, stated
from adapters.api.labels import ACT_CODE, Json
from hub.model import Event, MessageKind, Parcel, Priority

Refer = Callable[[str], Json]
Instant = Callable[[int], str]

_ALERTS = "http://hl7.org/fhir/us/davinci-alerts"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-encounter"
_PLACER = {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PLAC"}
_DISCLOSURE = "urn:part2hub:disclosure"
_OURS = re.compile(r"[0-9a-f]{32}")
_CLASSES = {
    "emergency": ("EMER", "emergency"),
    "inpatient": ("IMP", "inpatient encounter"),
    "residential": ("NONAC", "inpatient non-acute"),
    "outpatient": ("AMB", "ambulatory"),
}


_STATUSES = {
    "visit": "in-progress",
    "admit_cancelled": "cancelled",
    "transfer_cancelled": "in-progress",
    "discharge_cancelled": "in-progress",
}
"""What the standard's mapping of v2 to FHIR makes of A04 and A11 to A13."""


_STEPS = {
    "accepted": "accepted",
    "declined": "rejected",
    "completed": "completed",
    "cancelled": "cancelled",
    "expired": "failed",
}
"""Steps of a referral as Task.status (SDOHCC); what is on the way stays in-progress."""


def focus_of(parcel: Parcel, refer: Refer, instant: Instant) -> list[tuple[str, Json]]:
    """Named resources, the focus first; `refer` makes a reference to a named resource of the same bundle."""
    match parcel.kind:
        case MessageKind.ADMIT_NOTICE | MessageKind.DISCHARGE_NOTICE:
            return [("encounter", _encounter(parcel, refer, instant))]
        case MessageKind.REFERRAL_PACKET | MessageKind.STATUS_REPORT:
            return [("task", _task(parcel, refer, instant)), ("request", _service_request(parcel, refer, instant))]
        case MessageKind.CRISIS_FOLLOWUP | MessageKind.EMERGENCY_DISCLOSURE:
            return [("communication", _communication(parcel, refer, instant))]


def _encounter(parcel: Parcel, refer: Refer, instant: Instant) -> Json:
    event = parcel.event or Event(kind="", at=parcel.created_at)
    code, display = _CLASSES.get(event.setting, ("IMP", "inpatient encounter"))
    admitted = parcel.kind is MessageKind.ADMIT_NOTICE
    status = _STATUSES.get(event.kind, "in-progress" if admitted else "finished")
    encounter: Json = {
        "resourceType": "Encounter",
        "meta": {"profile": [f"{_ALERTS}/StructureDefinition/adt-notification-encounter", _US_CORE]},
        "status": status,
        "class": {"system": ACT_CODE, "code": code, "display": display},
        "type": [{"text": event.setting or display}],
        "subject": refer("patient"),
        "period": {"start" if admitted else "end": instant(event.at)},
        "serviceProvider": refer("sender"),
    }
    if event.contact:
        encounter["participant"] = [{"individual": {"display": event.contact}}]
    return encounter


def _task(parcel: Parcel, refer: Refer, instant: Instant) -> Json:
    documents = [
        {"type": {"text": "document"}, "valueReference": refer(f"document-{number}")}
        for number in range(len(parcel.documents) + 1)
    ]
    return {
        "resourceType": "Task",
        "identifier": [_number(parcel)],
        "status": _task_status(parcel),
        "intent": "order",
        "priority": _priority(parcel),
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "description": KIND_IN_WORDS[parcel.kind],
        "focus": refer("request"),
        "for": refer("patient"),
        "authoredOn": instant(parcel.created_at),
        "lastModified": instant(parcel.event.at if parcel.event else parcel.created_at),
        "requester": refer("sender"),
        "owner": refer("recipient"),
        "input": documents,
    }


def _number(parcel: Parcel) -> Json:
    """The referral's: ours, or in a report of it the one by which its reader knows it."""
    theirs = stated(parcel.documents, "Referral") if parcel.kind is MessageKind.STATUS_REPORT else ""
    number = theirs or parcel.disclosure
    system = {"system": _DISCLOSURE} if _OURS.fullmatch(number) or not theirs else {}
    return {"type": {"coding": [_PLACER]}, **system, "value": number}


def _task_status(parcel: Parcel) -> str:
    if parcel.kind is MessageKind.REFERRAL_PACKET:
        return "requested"
    return _STEPS.get(parcel.event.kind, "in-progress") if parcel.event else "in-progress"


def _service_request(parcel: Parcel, refer: Refer, instant: Instant) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "priority": _priority(parcel),
        "code": {"text": KIND_IN_WORDS[parcel.kind]},
        "subject": refer("patient"),
        "authoredOn": instant(parcel.created_at),
        "requester": refer("sender"),
        "performer": [refer("recipient")],
    }


def _communication(parcel: Parcel, refer: Refer, instant: Instant) -> Json:
    references = [{"contentReference": refer(f"document-{number}")} for number in range(len(parcel.documents) + 1)]
    return {
        "resourceType": "Communication",
        "status": "in-progress",
        "category": [{"text": KIND_IN_WORDS[parcel.kind]}],
        "priority": _priority(parcel),
        "subject": refer("patient"),
        "sent": instant(parcel.created_at),
        "recipient": [refer("recipient")],
        "sender": refer("sender"),
        "payload": [{"contentString": cover_text(parcel)}, *references],
    }


def _priority(parcel: Parcel) -> str:
    if parcel.kind is MessageKind.EMERGENCY_DISCLOSURE:
        return "stat"
    return "urgent" if parcel.priority is Priority.URGENT else "routine"
