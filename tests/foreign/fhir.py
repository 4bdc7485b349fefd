"""FHIR R4 message bundles as other systems make them, and what the guides say of each: Da Vinci Unsolicited
Notifications, BSeR and SDOHCC referrals, US Core patients. One bundle of each, and what others do differently.

The person is Marisol Quintanar, born 1988-04-11, CIN 01234567A.
"""

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

Json = dict[str, Any]
CIN = "01234567A"
EHR = "https://ehr.harbor.example/fhir"
V3 = "http://terminology.hl7.org/CodeSystem/v3-"
EVENT = "http://hl7.org/fhir/us/davinci-alerts/CodeSystem/notification-event"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
TWO = [{"resourceType": "Patient", "id": "2", "name": [{"family": "Other", "given": ["Person"]}]}]


def _reference(kind: str) -> Json:
    return {"reference": f"{kind}/1"}


def _patient() -> Json:
    return {
        "resourceType": "Patient",
        "id": "1",
        "meta": {"profile": [f"{US_CORE}patient"]},
        "extension": [
            {
                "url": f"{US_CORE}race",
                "extension": [{"url": "text", "valueString": "White"}],
            }
        ],
        "identifier": [
            {
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
                "value": "1",
            },
            {
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MA"}]},
                "value": CIN,
            },
        ],
        "active": True,
        "name": [
            {
                "use": "old",
                "family": "Shaw",
                "given": ["Amy", "V."],
                "period": {"start": "2016-12-06", "end": "2020-07-22"},
            },
            {
                "family": "Quintanar",
                "given": ["Marisol", "R."],
                "suffix": ["PharmD"],
                "period": {"start": "2020-07-22"},
            },
        ],
        "telecom": [{"system": "phone", "value": "555-555-5555", "use": "home"}],
        "gender": "female",
        "birthDate": "1988-04-11",
    }


def _bundle(event: Json, focus: list[Json], *resources: Json) -> Json:
    header = {
        "resourceType": "MessageHeader",
        "id": "1",
        "eventCoding": event,
        "destination": [{"name": "Hub", "endpoint": "https://hub.example/fhir/$process-message"}],
        "sender": _reference("Organization"),
        "source": {"name": "EHR", "software": "EHR", "endpoint": f"{EHR}/$process-message"},
        "reason": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/message-reasons-encounter", "code": "admit"}]
        },
        "focus": focus,
    }
    parts = [header, *resources, {"resourceType": "Organization", "id": "1", "name": "Harbor House", "active": True}]
    return {
        "resourceType": "Bundle",
        "id": "notification-1",
        "meta": {"profile": ["http://hl7.org/fhir/us/davinci-alerts/StructureDefinition/notifications-bundle"]},
        "type": "message",
        "timestamp": "2026-03-06T22:45:00.123-08:00",
        "entry": [{"fullUrl": f"{EHR}/{each['resourceType']}/{each['id']}", "resource": each} for each in parts],
    }


def notice(code: str = "notification-admit") -> Json:
    """Somebody is admitted, moved or discharged; with diagnosis, coverage, places and people."""
    encounter = {
        "resourceType": "Encounter",
        "id": "1",
        "identifier": [{"system": f"{EHR}/encounter", "value": "V-1"}],
        "status": "in-progress",
        "class": {"system": f"{V3}ActCode", "code": "IMP", "display": "inpatient encounter"},
        "type": [{"coding": [{"system": "http://snomed.info/sct", "code": "183452005"}]}],
        "subject": _reference("Patient"),
        "participant": [{"individual": _reference("Practitioner")}],
        "period": {"start": "2026-03-06T22:40:00-08:00", "end": "2026-03-09T10:00:00-07:00"},
        "reasonReference": [_reference("Condition")],
        "location": [{"location": _reference("Location"), "status": "active"}],
    }
    condition = {
        "resourceType": "Condition",
        "id": "1",
        "clinicalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
        },
        "category": [{"coding": [{"code": "encounter-diagnosis"}]}],
        "code": {
            "coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "J20.9", "display": "Acute bronchitis"}]
        },
        "subject": _reference("Patient"),
    }
    coverage = {
        "resourceType": "Coverage",
        "id": "1",
        "status": "active",
        "beneficiary": _reference("Patient"),
        "payor": [{"display": "Sunrise Plan"}],
    }
    return _bundle(
        {"system": EVENT, "code": code},
        [_reference("Encounter")],
        encounter,
        _patient(),
        condition,
        coverage,
        {"resourceType": "Practitioner", "id": "1", "name": [{"family": "Oakes"}]},
        {"resourceType": "Location", "id": "1", "name": "Ward 3"},
    )


def referral(event: Json | None = None) -> Json:
    """BSeR's request, or Da Vinci's: a Task about a ServiceRequest."""
    task = {
        "resourceType": "Task",
        "id": "1",
        "identifier": [{"type": {"coding": [{"code": "PLAC"}]}, "system": f"{EHR}/referral", "value": "REF-77"}],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "focus": _reference("ServiceRequest"),
        "for": _reference("Patient"),
        "authoredOn": "2026-03-06T22:45:00-08:00",
        "lastModified": "2026-03-06T22:45:00-08:00",
        "requester": _reference("Organization"),
        "owner": {"reference": "Organization/lantern"},
    }
    request = {
        "resourceType": "ServiceRequest",
        "id": "1",
        "status": "active",
        "intent": "order",
        "code": {"text": "Intake"},
        "subject": _reference("Patient"),
    }
    stated = event or {"system": "http://terminology.hl7.org/CodeSystem/v2-0003", "code": "I12"}
    return _bundle(stated, [_reference("Task")], task, request, _patient())


def report(status: str = "accepted") -> Json:
    """What became of a referral."""
    made = referral({"system": EVENT, "code": "notification-progress-update"})
    part(made, "Task")["status"] = status
    return made


def part(bundle: Json, kind: str) -> Json:
    """The first resource of this type."""
    found: Json = next(each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == kind)
    return found


class Foreign(NamedTuple):
    """What differs, the bundle it differs from, and what becomes of it."""

    name: str
    change: Callable[[Json], object]
    base: Callable[[], Json] = notice
    status: int = 200
    event: str = "admit"
    review: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    cin: str = CIN
    family: str = "Quintanar"

    def made(self) -> Json:
        found = copy.deepcopy(self.base())
        self.change(found)
        return found


def _as_uuids(bundle: Json) -> None:
    """As most engines write it: urn:uuid everywhere."""
    names = {
        each["fullUrl"].removeprefix(f"{EHR}/"): f"urn:uuid:00000000-0000-4000-8000-{n:012}"
        for n, each in enumerate(bundle["entry"])
    }
    for each in bundle["entry"]:
        each["fullUrl"] = names[each["fullUrl"].removeprefix(f"{EHR}/")]
    _rewrite(bundle, names)


def _rewrite(value: Any, names: dict[str, str]) -> None:
    if isinstance(value, dict):
        if value.get("reference") in names:
            value["reference"] = names[value["reference"]]
        for each in value.values():
            _rewrite(each, names)
    elif isinstance(value, list):
        for each in value:
            _rewrite(each, names)


def _absolute(bundle: Json) -> None:
    _rewrite(
        bundle,
        {f"{kind}/1": f"{EHR}/{kind}/1" for kind in ("Patient", "Encounter", "Organization", "Location", "Condition")},
    )


def _versioned(bundle: Json) -> None:
    _rewrite(bundle, {"Patient/1": f"{EHR}/Patient/1/_history/7"})


def _put(kind: str, **elements: Any) -> Callable[[Json], None]:
    return lambda bundle: part(bundle, kind).update(elements)


def _without(kind: str, name: str) -> Callable[[Json], object]:
    return lambda bundle: part(bundle, kind).pop(name)


def _labelled(kind: str, system: str, code: str) -> Callable[[Json], None]:
    return _put(kind, meta={"security": [{"system": system, "code": code}]})


def _more(*resources: Json) -> Callable[[Json], None]:
    return lambda bundle: bundle["entry"].extend(
        {"fullUrl": f"{EHR}/{each['resourceType']}/{each['id']}", "resource": each} for each in resources
    )


def _header_last(bundle: Json) -> None:
    bundle["entry"].append(bundle["entry"].pop(0))


def _contained_patient(bundle: Json) -> None:
    patient = part(bundle, "Patient")
    bundle["entry"] = [each for each in bundle["entry"] if each["resource"] is not patient]
    part(bundle, "Encounter").update({"contained": [patient | {"id": "p"}], "subject": {"reference": "#p"}})


def _narrowed(bundle: Json) -> None:
    """DS4P: a label inside, on the one element that it narrows."""
    url = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
    coding = {"system": f"{V3}ActCode", "code": "PSY"}
    part(bundle, "Encounter")["type"][0]["extension"] = [{"url": url, "valueCoding": coding}]


_CONSENT = {
    "resourceType": "Consent",
    "id": "1",
    "status": "active",
    "scope": {"coding": [{"code": "patient-privacy"}]},
    "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
    "patient": _reference("Patient"),
    "provision": {"type": "deny"},
}
_NOTE = {
    "resourceType": "DocumentReference",
    "id": "1",
    "status": "current",
    "type": {"coding": [{"system": "http://loinc.org", "code": "51848-0"}]},
    "subject": _reference("Patient"),
    "content": [{"attachment": {"contentType": "text/plain", "data": "RGVhciBjb2xsZWFndWU="}}],
}


def _business(code: str, **more: Any) -> Callable[[Json], None]:
    return _put(
        "Task",
        businessStatus={
            "coding": [{"system": "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS", "code": code}]
        },
        **more,
    )


def _same(_: Json) -> None:
    """As the guide shows it."""


def _discharge() -> Json:
    return notice("notification-discharge")


def _visit() -> Json:
    return notice("notification-outpatient-visit")


ALL = (
    Foreign(
        "relative references, as the guide's samples",
        _same,
        said=("2026-03-06 22:40 PST", "inpatient", "Ward 3", "J20.9", "Sunrise Plan"),
    ),
    Foreign("urn:uuid everywhere", _as_uuids, said=("Ward 3", "J20.9")),
    Foreign("absolute references", _absolute, said=("Ward 3",)),
    Foreign("a version in the reference", _versioned),
    Foreign("a contained patient", _contained_patient, unsaid=("J20.9",)),
    Foreign(
        "an official name among others",
        _put(
            "Patient",
            name=[{"use": "nickname", "family": "Q"}, {"use": "official", "family": "Quintanar", "given": ["Marisol"]}],
        ),
    ),
    Foreign(
        "a maiden name first",
        _put(
            "Patient",
            name=[
                {"use": "maiden", "family": "Roe", "given": ["M"]},
                {"use": "usual", "family": "Quintanar", "given": ["Marisol"]},
            ],
        ),
    ),
    Foreign(
        "a name in words alone names nobody in full", _put("Patient", name=[{"text": "Marisol Quintanar"}]), family=""
    ),
    Foreign(
        "a former number",
        _put(
            "Patient",
            identifier=[
                {"use": "old", "type": {"coding": [{"code": "MA"}]}, "value": "09999999B"},
                {"type": {"coding": [{"code": "MC"}]}, "value": "01234567a26183"},
            ],
        ),
    ),
    Foreign(
        "a number without a type is none", _put("Patient", identifier=[{"system": "http://x", "value": CIN}]), cin=""
    ),
    Foreign("a discharge", _same, _discharge, event="discharge", said=("2026-03-09 10:00 PDT",)),
    Foreign(
        "a transfer says where and since when",
        _put(
            "Encounter",
            location=[
                {"location": {"display": "Ward 1"}, "status": "completed"},
                {
                    "location": {"display": "Ward 9"},
                    "status": "active",
                    "period": {"start": "2026-03-07T01:00:00-08:00"},
                },
            ],
        ),
        lambda: notice("notification-transfer"),
        event="transfer",
        said=("Ward 9", "2026-03-07 01:00 PST"),
        unsaid=("Ward 1",),
    ),
    Foreign(
        "an outpatient visit",
        _put("Encounter", **{"class": {"code": "AMB"}}),
        _visit,
        event="visit",
        said=("outpatient",),
    ),
    Foreign(
        "an outpatient visit that was not",
        _put("Encounter", status="cancelled"),
        _visit,
        event="admit_cancelled",
        unsaid=("J20.9",),
    ),
    Foreign("a stay entered in error", _put("Encounter", status="entered-in-error"), event="admit_cancelled"),
    Foreign(
        "a discharge entered in error",
        _put("Encounter", status="entered-in-error"),
        _discharge,
        event="discharge_cancelled",
    ),
    Foreign("a planned stay", _put("Encounter", status="planned"), review=("encounter.planned",)),
    Foreign("a month is a date, too", _put("Encounter", period={"start": "2026-03"}), said=("2026-03-01",)),
    Foreign("a date alone", _put("Encounter", period={"start": "2026-03-06"}), said=("2026-03-06 00:00",)),
    Foreign("no period", _without("Encounter", "period"), status=400),
    Foreign("an instant without offset", _put("Encounter", period={"start": "2026-03-06T22:40:00"}), status=400),
    Foreign("two patients", _more(*TWO), review=("patient.several",)),
    Foreign(
        "another person's diagnosis stays",
        _more(
            *TWO,
            {"resourceType": "Condition", "id": "9", "subject": {"reference": "Patient/2"}, "code": {"text": "Gout"}},
        ),
        review=("patient.several",),
        unsaid=("Gout",),
    ),
    Foreign("a consent inside", _more(_CONSENT), review=("consent.enclosed",)),
    Foreign("a contained consent", _put("Encounter", contained=[_CONSENT]), review=("consent.enclosed",)),
    Foreign(
        "a modifier deep inside",
        _put("Location", position={"modifierExtension": [{"url": "http://x/not", "valueBoolean": True}]}),
        review=("modifier.unknown",),
    ),
    Foreign("rules nobody follows", lambda bundle: bundle.update(implicitRules="http://x"), status=400),
    Foreign("rules of one resource", _put("Encounter", implicitRules="http://x"), review=("modifier.unknown",)),
    Foreign("restricted", _labelled("Encounter", f"{V3}Confidentiality", "R"), said=("Confidentiality: R",)),
    Foreign("very restricted", _labelled("Patient", f"{V3}Confidentiality", "V"), review=("label.very-restricted",)),
    Foreign("a Part 2 label", _labelled("Condition", f"{V3}ActCode", "42CFRPart2"), said=("Confidentiality: R",)),
    Foreign(
        "a sensitivity that somebody weighs", _labelled("Condition", f"{V3}ActCode", "HIV"), review=("label.unknown",)
    ),
    Foreign(
        "a label of STU3's system",
        _labelled("Encounter", "http://hl7.org/fhir/v3/Confidentiality", "R"),
        review=("label.unknown",),
    ),
    Foreign(
        "a label in words alone",
        _put("Encounter", meta={"security": [{"display": "Do not share"}]}),
        review=("label.unknown",),
    ),
    Foreign(
        "a label on the bundle",
        lambda bundle: bundle["meta"].update(security=[{"system": f"{V3}ActCode", "code": "NOAUTH"}]),
        review=("label.unknown",),
    ),
    Foreign("a label inside", _narrowed, review=("label.unknown",)),
    Foreign(
        "codes of systems nobody knows",
        _put("Encounter", **{"class": {"system": "http://x", "code": "WARD"}}),
        unsaid=("Setting",),
    ),
    Foreign("no class", _without("Encounter", "class"), unsaid=("Setting",)),
    Foreign("elements nobody knows", _put("Encounter", _status={"extension": []}, xyz=7)),
    Foreign("no focus", _without("MessageHeader", "focus"), status=400),
    Foreign("a focus elsewhere", _put("MessageHeader", focus=[{"reference": "Encounter/99"}]), status=400),
    Foreign("the focus is no stay", _put("MessageHeader", focus=[_reference("Patient")]), status=400),
    Foreign("the header is not first", _header_last, status=400),
    Foreign("a response", _put("MessageHeader", response={"identifier": "1", "code": "ok"}), status=400),
    Foreign(
        "an event by URI",
        lambda bundle: part(bundle, "MessageHeader").update(eventUri="http://x", eventCoding=None),
        status=400,
    ),
    Foreign(
        "an event nobody takes",
        _put("MessageHeader", eventCoding={"system": EVENT, "code": "notification-new-condition"}),
        status=400,
    ),
    Foreign("a total", lambda bundle: bundle.update(total=6), status=400),
    Foreign("no timestamp", lambda bundle: bundle.pop("timestamp"), status=400),
    Foreign("a timestamp without offset", lambda bundle: bundle.update(timestamp="2026-03-06T22:45:00"), status=400),
    Foreign("a transaction", lambda bundle: bundle.update(type="transaction"), status=400),
    Foreign(
        "an entry with a request",
        lambda bundle: bundle["entry"][1].update(request={"method": "PUT", "url": "x"}),
        status=400,
    ),
    Foreign(
        "two entries at one address",
        lambda bundle: bundle["entry"][2].update(fullUrl=bundle["entry"][1]["fullUrl"]),
        status=400,
    ),
    Foreign(
        "the patient elsewhere", _put("Encounter", subject={"reference": "https://other.example/Patient/7"}), status=400
    ),
    Foreign(
        "two patients of one name: nobody knows which is meant",
        lambda bundle: bundle["entry"].append(
            {"fullUrl": "https://other.example/fhir/Patient/1", "resource": _patient()}
        ),
        review=("patient.several",),
    ),
    Foreign("a referral by I12", _same, referral, event="referral", said=("REF-77", "Intake")),
    Foreign(
        "a referral of Da Vinci",
        _same,
        lambda: referral({"system": EVENT, "code": "notification-referral"}),
        event="referral",
    ),
    Foreign("a referral in urn:uuid", _as_uuids, referral, event="referral", said=("Intake",)),
    Foreign("a referral with its note", _more(_NOTE), referral, event="referral", said=("Dear colleague",)),
    Foreign(
        "a note of no known type",
        _more(_NOTE | {"type": {"text": "Note"}}),
        referral,
        event="referral",
        review=("document.unclassed",),
    ),
    Foreign(
        "a note elsewhere",
        _more(_NOTE | {"content": [{"attachment": {"url": "https://x.example/Binary/1"}}]}),
        referral,
        event="referral",
        review=("document.elsewhere",),
    ),
    Foreign(
        "another person's note",
        _more(*TWO, _NOTE | {"subject": {"reference": "Patient/2"}}),
        referral,
        event="referral",
        review=("patient.several", "document.other-person", "resource.other-person"),
        unsaid=("Dear colleague",),
    ),
    Foreign(
        "a resource nobody knows",
        _more({"resourceType": "FamilyMemberHistory", "id": "1", "patient": _reference("Patient")}),
        referral,
        event="referral",
        review=("resource.unclassed",),
    ),
    Foreign(
        "a narrowed note",
        _more(_NOTE | {"securityLabel": [{"coding": [{"system": f"{V3}ActCode", "code": "PSYTHPN"}]}]}),
        referral,
        event="referral",
        review=("label.unknown",),
    ),
    Foreign(
        "a proposal",
        _put("ServiceRequest", intent="proposal"),
        referral,
        event="referral",
        review=("referral.no-order",),
    ),
    Foreign("a draft", _put("Task", status="draft"), referral, event="referral", review=("referral.unclear",)),
    Foreign(
        "an acceptance under the request's event",
        _put("Task", status="accepted"),
        referral,
        event="referral",
        review=("referral.unclear",),
    ),
    Foreign(
        "an order not to",
        _put("ServiceRequest", doNotPerform=True),
        referral,
        event="referral",
        review=("referral.do-not-perform",),
    ),
    Foreign("a referral taken back", _put("Task", status="cancelled"), referral, event="cancelled"),
    Foreign("accepted", _same, report, event="accepted"),
    Foreign(
        "declined with its reason",
        _put("Task", status="rejected", statusReason={"text": "No bed"}),
        report,
        event="declined",
        said=("No bed",),
    ),
    Foreign("an appointment", _business("5.1.1"), report, event="scheduled"),
    Foreign(
        "an appointment with its time",
        _business("5.1.1", executionPeriod={"start": "2026-03-10T18:00:00Z"}),
        report,
        event="scheduled",
        said=("When: 2026-03-10 11:00 PDT",),
    ),
    Foreign(
        "an appointment on a day",
        _business("5.1.1", executionPeriod={"start": "2026-03-10"}),
        report,
        event="scheduled",
        said=("When: 2026-03-10\n",),
    ),
    Foreign(
        "what was done by then is no appointment",
        _put("Task", status="completed", executionPeriod={"start": "2026-03-10T18:00:00Z"}),
        report,
        event="completed",
        unsaid=("When:",),
    ),
    Foreign(
        "an appointment at no time that can be read",
        _business("5.1.1", executionPeriod={"start": "soon"}),
        report,
        status=400,
    ),
    Foreign("did not come", _business("5.1.2"), lambda: report("in-progress"), event="no_show"),
    Foreign(
        "an appointment cancelled", _business("5.1.3"), lambda: report("in-progress"), event="appointment_cancelled"
    ),
    Foreign("an end outranks the appointment", _business("5.1.2"), lambda: report("completed"), event="completed"),
    Foreign("a status nobody reports", _put("Task", status="ready"), report, status=400),
)
