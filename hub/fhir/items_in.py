"""What goes on of a received message: short texts, and diagnoses and coverage beside them, each an item of its own.

Rules kept: an item holds what the patient of the message is said to have, never another's; what was refuted or entered
in error is not told; each item is decided by itself.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from hub.fhir import labels_in
from hub.fhir.elements import coded, name_at, words_of
from hub.fhir.message_in import Json, Message, dicts, text
from hub.model import CONTROLS, Document, Event

TITLES = {
    "admit": "Admission notice",
    "transfer": "Transfer notice",
    "visit": "Outpatient visit notice",
    "discharge": "Discharge notice",
    "admit_cancelled": "Correction: the admission did not take place",
    "discharge_cancelled": "Correction: the discharge did not take place",
}
RESTRICTED = "Confidentiality: R (restricted)."
_NOT_SO = {"refuted", "entered-in-error"}


def notice(message: Message, encounter: Json, event: Event, zone: ZoneInfo) -> Document:
    """The notice of one event of an encounter."""
    locations = dicts(encounter.get("location"))
    here = [each for each in locations if text(each.get("status")) in ("", "active")] or locations
    places = [name_at(message, each.get("location"), encounter) for each in here]
    stay = encounter.get("hospitalization")
    left = stay.get("dischargeDisposition") if isinstance(stay, dict) and event.kind == "discharge" else None
    withdrawn = event.kind.endswith("_cancelled")
    lines = [
        TITLES[event.kind],
        said("When", datetime.fromtimestamp(event.at / 1_000_000, zone).strftime("%Y-%m-%d %H:%M %Z")),
        said("Setting", event.setting),
        said("Where", ", ".join(filter(None, places))),
        said("Discharged to", words_of(left)),
        "Please correct your records: the earlier notice about this visit is withdrawn." if withdrawn else "",
        RESTRICTED if labels_in.restricted(message.labels) else "",
    ]
    return text_item("notice", TITLES[event.kind], "attendance", lines)


def status(step: str, reason: str, when: str = "") -> Document:
    """The words that tell what became of a referral; `when`: the appointment."""
    words = step.replace("_", " ")
    return text_item(
        "status", f"Referral {words}", "attendance", [f"Referral {words}", said("When", when), said("Reason", reason)]
    )


def beside(message: Message, patient: Json) -> list[Document]:
    """Diagnoses and coverage of this patient, where the sender stated them (required if present)."""
    conditions = [each for each in message.all("Condition") if _theirs(message, each, "subject", patient)]
    diagnoses = [each for each in (coded(one.get("code")) for one in conditions if not _not_so(one)) if each]
    covers = [each for each in message.all("Coverage") if _theirs(message, each, "beneficiary", patient)]
    payers = [name_at(message, who, one) for one in covers for who in dicts(one.get("payor"))]
    found = []
    if diagnoses:
        found.append(text_item("diagnoses", "Diagnoses", "diagnosis", ["Diagnoses", *dict.fromkeys(diagnoses)]))
    if payers := list(dict.fromkeys(filter(None, payers))):
        found.append(text_item("coverage", "Coverage", "billing", ["Coverage", *payers]))
    return found


def text_item(name: str, title: str, information: str, lines: list[str]) -> Document:
    """A short text as an item; each line is cut at 500 characters."""
    content = "\n".join(line.translate(CONTROLS)[:500] for line in lines if line) + "\n"
    return Document(
        id=name, title=title, information=information, media_type="text/plain; charset=utf-8", content=content.encode()
    )


def said(label: str, value: str) -> str:
    """One line, or nothing if there is no value."""
    return f"{label}: {value}" if value else ""


def _theirs(message: Message, resource: Json, element: str, patient: Json) -> bool:
    """About this patient; one that says nothing is about whom the message is about."""
    return element not in resource or message.at(resource[element], resource) is patient


def _not_so(condition: Json) -> bool:
    stated = condition.get("verificationStatus")
    return isinstance(stated, dict) and any(text(each.get("code")) in _NOT_SO for each in dicts(stated.get("coding")))
