"""A parcel as a FHIR R4 message bundle (Da Vinci Unsolicited Notifications 1.1 for admit and discharge;
interop A3, A6).

    Bundle (message, id = delivery id)
      MessageHeader   first; narrative: notice and consent copy (§2.32); focus:
      Encounter       admit, discharge      | Task + ServiceRequest   referral packet, status report
                                            | Communication           crisis follow-up, emergency disclosure
      Patient, Organization (sender), Organization (recipient)
      Provenance      amend: something of what was handed in is not in it; transmit: nothing was changed
      DocumentReference + Binary            notice and consent copy, then each document as it came

Rules kept: every resource is labelled; every reference is bundled; identifiers derive from the delivery id,
so a repeat is the same bundle; documents travel as Binary, never parsed: what was decided on is what arrives.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.sax.saxutils import escape

import msgspec

from adapters.accompaniment import KIND_IN_WORDS, accompaniment_text, cover_text
from adapters.api.focus import focus_of
from adapters.api.labels import Json, security
from adapters.api.provenance import provenance
from hub.model import Correspondent, Document, MessageKind, Parcel

MEDIA_TYPE = "application/fhir+json"
OPERATION = "/$process-message"

_ALERTS = "http://hl7.org/fhir/us/davinci-alerts"
_EVENT_CODES = f"{_ALERTS}/CodeSystem/notification-event"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core"
_OWN_CODES = "urn:part2hub:event"
_CLASSES = "urn:part2hub:information"
"""Another hub decides on a document of the class that this one decided on."""
_EVENTS = {
    MessageKind.ADMIT_NOTICE: (_EVENT_CODES, "notification-admit", "Admit Notification"),
    MessageKind.DISCHARGE_NOTICE: (_EVENT_CODES, "notification-discharge", "Discharge Notification"),
    MessageKind.REFERRAL_PACKET: (_EVENT_CODES, "notification-referral", "Referral Notification"),
    MessageKind.STATUS_REPORT: (_EVENT_CODES, "notification-progress-update", "Progress Update Notification"),
    MessageKind.CRISIS_FOLLOWUP: (_OWN_CODES, "crisis-followup", "Crisis follow-up"),
    MessageKind.EMERGENCY_DISCLOSURE: (_OWN_CODES, "emergency-disclosure", "Medical emergency disclosure"),
}
_HEADER_PROFILES = {
    MessageKind.ADMIT_NOTICE: "admit-notification-messageheader",
    MessageKind.DISCHARGE_NOTICE: "discharge-notification-messageheader",
}
_TRANSFER = (_EVENT_CODES, "notification-transfer", "Transfer Notification")
_TRANSFER_PROFILE = "transfer-notification-messageheader"
_GENDERS = {"male", "female", "other", "unknown"}
_DELIVERIES = uuid5(NAMESPACE_URL, "urn:part2hub:delivery")


def message_bundle(parcel: Parcel) -> bytes:
    """The bundle as JSON, UTF-8."""
    names = uuid5(_DELIVERIES, parcel.delivery)
    labels = security(parcel.accompaniment.labels)
    entries = [_entry(name, names, resource, labels) for name, resource in _resources(parcel, names)]
    return msgspec.json.encode(
        {
            "resourceType": "Bundle",
            "id": parcel.delivery,
            "meta": {
                "profile": [f"{_ALERTS}/StructureDefinition/notifications-bundle"],
                "security": labels,
            },
            "type": "message",
            "timestamp": instant(parcel.created_at),
            "entry": entries,
        }
    )


def instant(at: int) -> str:
    """A FHIR instant, UTC, to the millisecond."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _entry(name: str, names: UUID, resource: Json, labels: list[Json]) -> Json:
    own = str(uuid5(names, name))
    meta = {**resource.pop("meta", {}), "security": labels}
    kind = resource.pop("resourceType")
    return {"fullUrl": f"urn:uuid:{own}", "resource": {"resourceType": kind, "id": own, "meta": meta, **resource}}


def _resources(parcel: Parcel, names: UUID) -> Iterator[tuple[str, Json]]:
    def refer(name: str) -> Json:
        return {"reference": f"urn:uuid:{uuid5(names, name)}"}

    focus = focus_of(parcel, refer, instant)
    yield "header", _header(parcel, refer(focus[0][0]), refer("sender"), refer("recipient"))
    yield from focus
    yield "patient", _patient(parcel)
    yield "sender", _organization(parcel.sender)
    yield "recipient", _organization(parcel.recipient)
    yield "provenance", provenance(amended=parcel.amended, at=instant(parcel.created_at), refer=refer)
    cover = Document(
        id="cover",
        title="Notice to the recipient and scope of the consent (42 CFR 2.32)",
        information="notice",
        media_type="text/plain; charset=utf-8",
        content=cover_text(parcel).encode(),
    )
    for number, document in enumerate((cover, *parcel.documents)):
        reference = _document_reference(document, parcel.created_at, refer(f"binary-{number}"), refer("patient"))
        yield f"document-{number}", reference
        yield f"binary-{number}", _binary(document)


def _header(parcel: Parcel, focus: Json, sender: Json, receiver: Json) -> Json:
    moved = parcel.event is not None and parcel.event.kind in ("transfer", "transfer_cancelled")
    system, code, display = _TRANSFER if moved else _EVENTS[parcel.kind]
    profile = _TRANSFER_PROFILE if moved else _HEADER_PROFILES.get(parcel.kind)
    profiles = ["notifications-messageheader", *([profile] if profile else [])]
    return {
        "resourceType": "MessageHeader",
        "meta": {"profile": [f"{_ALERTS}/StructureDefinition/{profile}" for profile in profiles]},
        "text": narrative(accompaniment_text(parcel.accompaniment) or KIND_IN_WORDS[parcel.kind]),
        "eventCoding": {"system": system, "code": code, "display": display},
        "destination": [{"name": parcel.recipient.name, "endpoint": parcel.endpoint.address, "receiver": receiver}],
        "sender": sender,
        "responsible": sender,
        "source": {"name": parcel.sender.name, "endpoint": f"urn:part2hub:organization:{parcel.sender.id}"},
        "focus": [focus],
    }


def narrative(text: str) -> Json:
    """The text as a FHIR narrative, which every FHIR reader shows."""
    lines = escape(text).replace("\n", "<br/>")
    return {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>'}


def _patient(parcel: Parcel) -> Json:
    member = parcel.member
    patient: Json = {
        "resourceType": "Patient",
        "name": [{"family": member.family, "given": [member.given]}],
        "gender": member.sex if member.sex in _GENDERS else "unknown",
        "birthDate": member.born,
    }
    if member.cin:
        patient["meta"] = {"profile": [f"{_US_CORE}-patient"]}
        medicaid = {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MA"}
        kind = {"coding": [medicaid], "text": "Medi-Cal client index number"}
        patient["identifier"] = [{"type": kind, "value": member.cin}]
    if member.phone:
        patient["telecom"] = [{"system": "phone", "value": member.phone}]
    return patient


def _organization(party: Correspondent) -> Json:
    contacts = (("phone", party.phone), ("fax", party.fax), ("email", party.email))
    organization: Json = {"resourceType": "Organization", "active": True, "name": party.name}
    organization["meta"] = {"profile": [f"{_US_CORE}-organization"]}
    if party.npi:
        organization["identifier"] = [{"system": "http://hl7.org/fhir/sid/us-npi", "value": party.npi}]
    if telecom := [{"system": system, "value": value} for system, value in contacts if value]:
        organization["telecom"] = telecom
    return organization


def _document_reference(document: Document, at: int, binary: Json, patient: Json) -> Json:
    attachment = {
        "contentType": document.media_type,
        "url": binary["reference"],
        "size": len(document.content),
        "title": document.title,
    }
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"system": _CLASSES, "code": document.information}], "text": document.title},
        "subject": patient,
        "date": instant(at),
        "content": [{"attachment": attachment}],
    }


def _binary(document: Document) -> Json:
    return {"resourceType": "Binary", "contentType": document.media_type, "data": document.content}
