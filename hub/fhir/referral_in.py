"""A received referral, and what became of one: Task and ServiceRequest in a message (Da Vinci, BSeR's I12; interop A6).

Rules kept: whom a referral is for is what its Task, its request or its header says, found in the directory or left to a
person, never guessed; a document's class is what its type says, and a document of no known type is a person's to let
go, since its class decides which consent carries it.
"""

from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hub.arrivals import ArrivedPacket, Place
from hub.errors import Malformed
from hub.fhir import enclosures, items_in, labels_in
from hub.fhir.elements import coded, instant, patient_of, person_of, words_of
from hub.fhir.message_in import Json, Message, dicts, text
from hub.fhir.shapes import NPI
from hub.model import Document, Event, MessageKind, Priority

_I12 = ("http://terminology.hl7.org/CodeSystem/v2-0003|I12", "http://hl7.org/fhir/v2/0003|I12")
EVENTS = ("notification-referral", *_I12)
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
_TAKEN_BACK = {"cancelled": "cancelled", "revoked": "cancelled", "entered-in-error": "cancelled"}
_ORDERS = ("order", "original-order", "reflex-order", "filler-order", "instance-order", "directive")
_ASKS = ("", "requested", "received", "ready", "active")
"""The status of a Task or a request that asks; of any other nobody can tell whether it asks or answers."""
_BUSINESS = {
    "5.1.1": "scheduled",
    "5.1.2": "no_show",
    "5.1.3": "appointment_cancelled",
}
"""Task.businessStatus (BSeR), which says more than the status beside it."""
_URGENT = ("urgent", "asap", "stat")


class _Asked(NamedTuple):
    """The Task and the ServiceRequest of a message; either may be absent, not both."""

    task: Json
    request: Json

    @property
    def main(self) -> Json:
        return self.task or self.request


def packet(message: Message, zone: ZoneInfo) -> ArrivedPacket:
    """The referral, or the report of it. Raises `Malformed`."""
    asked = _asked(message)
    kind, element = ("Task", "for") if asked.task else ("ServiceRequest", "subject")
    about, owner, field = asked.main.get(element), asked.main, f"{kind}.{element}"
    if about is None and asked.request:
        about, owner, field = asked.request.get("subject"), asked.request, "ServiceRequest.subject"
    patient = patient_of(message, about, owner, field)
    numbers = [each for each in (_number(one) for one in asked if one) if each]
    thread = f"referral/{numbers[0]}" if numbers else ""
    review = labels_in.review_of_message(message)
    step = _step(message, asked)
    if step:
        review = (*review, *([] if thread else ["referral.unnumbered"]))
        return _report(message, asked.main, patient, step, thread, review, zone)
    documents, unclear = _documents(message, asked, patient, numbers[0] if numbers else "")
    return ArrivedPacket(
        kind=MessageKind.REFERRAL_PACKET,
        purpose="treatment",
        person=person_of(patient),
        documents=documents,
        priority=Priority.URGENT if _is_urgent(asked) else Priority.ROUTINE,
        recipients=_recipients(message, asked),
        review=tuple(dict.fromkeys((*review, *_odd(asked), *unclear))),
        thread=thread,
    )


def _asked(message: Message) -> _Asked:
    focus = [each for each in map(message.at, message.header["focus"]) if each]
    tasks = [each for each in focus if each["resourceType"] == "Task"]
    requests = [each for each in focus if each["resourceType"] == "ServiceRequest"]
    if len(tasks) > 1 or len(requests) > 1 or not focus or not (tasks or requests):
        raise Malformed("The focus of this event is one Task, or one ServiceRequest.", field="MessageHeader.focus")
    task = tasks[0] if tasks else {}
    meant = message.at(task.get("focus"), task) if task else None
    request = requests[0] if requests else meant
    return _Asked(task, request if request is not None and request["resourceType"] == "ServiceRequest" else {})


def _step(message: Message, asked: _Asked) -> str:
    """What became of the referral; empty for the referral itself."""
    status = text(asked.main.get("status"))
    if message.event in EVENTS:
        return _TAKEN_BACK.get(status, "")
    step = STEPS.get(status) if asked.task else None
    if step in ("accepted", "in_progress"):
        step = _BUSINESS.get(coded(asked.task.get("businessStatus")).partition(" ")[0], step)
    if step is None:
        raise Malformed("The hub takes no report of such a status.", code="event-unknown", field="Task.status")
    return step


def _report(
    message: Message, main: Json, patient: Json, step: str, thread: str, review: tuple[str, ...], zone: ZoneInfo
) -> ArrivedPacket:
    stated = main.get("statusReason")
    reason = (text(stated.get("text")) or words_of(stated)) if isinstance(stated, dict) else ""
    when, field = main.get("lastModified"), "Task.lastModified"
    if when is None and message.event in EVENTS:
        when, field = message.timestamp, "Bundle.timestamp"
    place: Place = "answers"
    slot, on = _expected(main, zone) if step == "scheduled" else (None, "")
    return ArrivedPacket(
        kind=MessageKind.STATUS_REPORT,
        purpose="treatment",
        person=person_of(patient),
        documents=(items_in.status(step, reason, on),),
        event=Event(kind=step, at=instant(when, field, zone)),
        review=review,
        thread=thread,
        place=place,
        slot=slot,
    )


def _expected(task: Json, zone: ZoneInfo) -> tuple[int | None, str]:
    """When the person is expected, and in words; a day without an hour is said, and is no such time."""
    stated = task.get("executionPeriod")
    start = stated.get("start") if isinstance(stated, dict) else None
    if start is None:
        return None, ""
    at = instant(start, "Task.executionPeriod", zone)
    if "T" not in text(start):
        return None, text(start)
    return at, f"{datetime.fromtimestamp(at / 1_000_000, zone):%Y-%m-%d %H:%M %Z}"


def _documents(
    message: Message, asked: _Asked, patient: Json, number: str
) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    request = asked.request or asked.task
    reasons = [words_of(each) for each in dicts(request.get("reasonCode"))]
    lines = [
        "Referral",
        items_in.said("Referral", number),
        items_in.said("Asked for", words_of(request.get("code")) or text(asked.task.get("description"))),
        items_in.said("Reason", "; ".join(filter(None, reasons))),
        items_in.said("Priority", text(request.get("priority"))),
        *(items_in.said("Note", text(each.get("text"))) for each in dicts(request.get("note"))),
        items_in.RESTRICTED if labels_in.restricted(message.labels) else "",
    ]
    found = [items_in.text_item("request", "Referral request", "summary", lines), *items_in.beside(message, patient)]
    enclosed, unclear = enclosures.enclosed(message, patient)
    others, unclassed = enclosures.resources(message, patient)
    return (*found, *enclosed, *others), (*unclear, *unclassed)


def _odd(asked: _Asked) -> list[str]:
    """Something that is no order yet, or an order not to do something."""
    intents = [text(each.get("intent")) for each in asked if each]
    found = [] if all(each in _ORDERS for each in intents) else ["referral.no-order"]
    if any(text(each.get("status")) not in _ASKS for each in asked if each):
        found.append("referral.unclear")
    return [*found, *(["referral.do-not-perform"] if asked.request.get("doNotPerform") else [])]


def _is_urgent(asked: _Asked) -> bool:
    return any(text(each.get("priority")) in _URGENT for each in asked)


def _number(resource: Json) -> str:
    """The referral's number: the hub's own id of it if it has one, else the initiator's (PLAC), or the first."""
    found = [each for each in dicts(resource.get("identifier")) if text(each.get("value"))]
    ranked = sorted(found, key=lambda each: (each.get("system") != DISCLOSURE, not _placer(each)))
    return text(ranked[0]["value"]) if ranked else ""


def _placer(identifier: Json) -> bool:
    kind = identifier.get("type")
    return isinstance(kind, dict) and any(each.get("code") == "PLAC" for each in dicts(kind.get("coding")))


def _recipients(message: Message, asked: _Asked) -> tuple[str, ...]:
    """Whom it is for, as the directory may have them: `npi:NUMBER` or an organization's id."""
    places: list[tuple[list[Any], Json]] = [
        ([asked.task.get("owner")], asked.task),
        (dicts(asked.request.get("performer")), asked.request),
        ([each.get("receiver") for each in dicts(message.header.get("destination"))], message.header),
    ]
    for references, owner in places:
        named = [_receiver(message, each, owner) for each in references if each]
        if named:
            return tuple(dict.fromkeys(named))
    return ("fhir:",)


def _receiver(message: Message, reference: object, owner: Json) -> str:
    found = message.at(reference, owner)
    if found is not None and found["resourceType"] == "PractitionerRole":
        found = message.at(found.get("organization"), found)
    stated = found if found is not None else reference
    numbers = dicts(stated.get("identifier")) if isinstance(stated, dict) else []
    if isinstance(stated, dict) and isinstance(stated.get("identifier"), dict):
        numbers = [stated["identifier"]]  # a logical reference has one
    for each in numbers:
        if each.get("system") == NPI and text(each.get("value")):
            return f"npi:{each['value']}"
    kind, _, name = text(reference.get("reference")).rpartition("/") if isinstance(reference, dict) else ("", "", "")
    return name if found is None and kind == "Organization" else "fhir:"
