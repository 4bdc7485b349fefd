"""Documents that came inside a received referral: DocumentReference with its attachment, and what is no document.

Rules kept: nothing is lost silently: other clinical resources go on as they came, those of one class together; where
one is of a type that nobody here knows, a person looks.
"""

import base64
import binascii
from collections import defaultdict

import msgspec

from hub.errors import Malformed, TooLarge
from hub.fhir.elements import words_of
from hub.fhir.message_in import Json, Message, dicts, text
from hub.fhir.shapes import DOCUMENTS, HUB_INFORMATION, LOINC
from hub.model import CONTROLS, Document
from policies.vocabulary import CLASSES

MOST = 30
"""Beside the request, the diagnoses and the coverage, within what a submission takes."""
NOTICE = "notice"
"""How the hub marks its own notice and consent copy: they go with every disclosure anew (§2.32)."""
_GONE = ("entered-in-error", "superseded")
_TYPES = DOCUMENTS | {
    "34133-9": "summary",  # summarization of episode note
    "57133-1": "summary",  # referral note
    "18761-7": "summary",  # transfer summary
    "11488-4": "assessment",  # consultation note
    "34117-2": "assessment",  # history and physical note
    "11502-2": "tests",  # laboratory report
    "56445-0": "medications",  # medication summary
}
_RESOURCES = {
    "MedicationRequest": "medications",
    "MedicationStatement": "medications",
    "MedicationAdministration": "medications",
    "Medication": "medications",
    "Observation": "tests",
    "DiagnosticReport": "tests",
    "QuestionnaireResponse": "assessment",
    "CarePlan": "treatment_plan",
    "Goal": "treatment_plan",
    "AllergyIntolerance": "medical",
    "Immunization": "medical",
    "Procedure": "medical",
}
_FRAME = {
    *("MessageHeader", "Task", "ServiceRequest", "Patient", "Encounter", "Condition", "Coverage", "DocumentReference"),
    *("Binary", "Provenance", "Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService"),
    *("Endpoint", "Device", "CareTeam", "RelatedPerson"),
}
"""What the message is made of, read elsewhere or of no meaning beyond it."""
_NAMES = {"medications": "Medications", "tests": "Test results", "assessment": "Assessments",
          "treatment_plan": "Treatment plan", "medical": "Medical information"}  # fmt: skip


def enclosed(message: Message, patient: Json) -> tuple[list[Document], tuple[str, ...]]:
    """The documents about this patient, and what a person must look at. Raises `Malformed`, `TooLarge`."""
    found: list[Document] = []
    review: dict[str, None] = {}
    for number, each in enumerate(message.all("DocumentReference")):
        if "subject" in each and message.at(each["subject"], each) is not patient:
            review["document.other-person"] = None
            continue
        information = _class(each)
        if information == NOTICE or text(each.get("status")) in _GONE:
            continue
        if not information:
            review["document.unclassed"] = None
        for content in dicts(each.get("content")):
            place = f"DocumentReference[{number}].content"
            data = _data(message, content.get("attachment"), each, place)
            if data is None:
                review["document.elsewhere"] = None
                continue
            found.append(_document(len(found) + 1, each, content["attachment"], information or "summary", data))
    if len(found) > MOST:
        raise TooLarge(f"A message has at most {MOST} documents.", field="Bundle.entry")
    return found, tuple(review)


def resources(message: Message, patient: Json) -> tuple[list[Document], tuple[str, ...]]:
    """Clinical resources of this patient that are no documents, and what a person must look at."""
    found: defaultdict[str, list[Json]] = defaultdict(list)
    review: dict[str, None] = {}
    for each in message.resources:
        information = _RESOURCES.get(each["resourceType"])
        about = each.get("subject", each.get("patient"))
        if about is not None and message.at(about, each) is not patient:
            review["resource.other-person"] = None
        elif information:
            found[information].append(each)
        elif each["resourceType"] not in _FRAME:
            review["resource.unclassed"] = None
    return [_collection(name, found[name]) for name in sorted(found)], tuple(review)


def _collection(information: str, members: list[Json]) -> Document:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in members]}
    content = msgspec.json.encode(bundle)
    return Document(id=information, title=_NAMES[information], information=information, media_type="", content=content)


def _data(message: Message, attachment: object, owner: Json, place: str) -> bytes | None:
    """The bytes; none if they are elsewhere: the hub fetches nothing that a message points to."""
    if not isinstance(attachment, dict):
        raise Malformed("A document has an attachment.", field=place)
    coded = text(attachment.get("data"))
    if not coded:
        binary = message.at({"reference": text(attachment.get("url"))}, owner)
        coded = text(binary.get("data")) if binary and binary["resourceType"] == "Binary" else ""
    if not coded:
        return None
    try:
        return base64.b64decode("".join(coded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("An attachment's data is base64.", field=f"{place}.attachment.data") from None


def _document(number: int, reference: Json, attachment: Json, information: str, data: bytes) -> Document:
    title = text(attachment.get("title")) or text(reference.get("description")) or words_of(reference.get("type"))
    shown = (title or "Enclosed document").translate(CONTROLS).strip()[:100] or "Enclosed document"
    return Document(id=f"enclosed-{number}", title=shown, information=information, media_type="", content=data)


def _class(reference: Json) -> str:
    """The class of information that the document's type states; empty if nobody here knows the type."""
    concepts = [reference.get("type"), *dicts(reference.get("category"))]
    codings = [one for each in concepts if isinstance(each, dict) for one in dicts(each.get("coding"))]
    known = [
        stated
        for each in codings
        if (stated := _word(text(each.get("system")), text(each.get("code")))) and stated in {*CLASSES, NOTICE}
    ]
    return known[0] if known else ""


def _word(system: str, code: str) -> str:
    if system == HUB_INFORMATION:
        return code
    return _TYPES.get(code, "") if system == LOINC else ""
