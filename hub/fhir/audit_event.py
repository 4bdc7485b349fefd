"""A disclosure as FHIR R4 AuditEvents: IHE BALP 1.1.4 PrivacyDisclosure, at the source and at the recipient.

Rules kept here:
- The source has one for every disclosure, the uncertain ones included (outcome 4: nobody knows whether it arrived).
- The recipient's names neither the consent nor the decision: what permitted it is the discloser's.
- What was made outside of the hub is an event of when it was made; how, and when it was recorded, are details of it.
  Its recipient has none: nobody there has seen it.
- Ids only: the patient is `Patient/` and the hub's id, parties are directory entries.
"""

from collections.abc import Mapping
from typing import Any

from hub.decide import OUTSIDER
from hub.explanations import SOMEBODY
from hub.fhir.shapes import PURPOSE_SYSTEM, PURPOSES
from hub.storage import outside
from hub.storage.directory import Organization
from hub.storage.facts import instant
from policies.vocabulary import BASE_OF

_BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure."
DCM = "http://dicom.nema.org/resources/ontology/DCM"
_SCT = "http://snomed.info/sct"
_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ENTITY_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_DISCLOSE = {"system": "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "code": "disclose"}
OBSERVER = {"display": "Part2 Hub"}
_CODES = {word: code for code, word in PURPOSES.items()}
OUTCOMES = {
    "0": ("disclosed", outside.RECORDED),
    "4": ("unknown", "intended"),
    "8": ("not_disclosed", outside.CORRECTED, outside.MISTAKEN),
}
"""FHIR's audit-event-outcome, and the states of a disclosure that it stands for."""
_SAID = {
    "disclosed": "Received by the recipient",
    "unknown": "Not known whether it arrived; counts as disclosed",
    "intended": "Under way; counts as disclosed",
    "not_disclosed": "Certainly not received",
    outside.RECORDED: "Made outside of the hub, recorded afterwards",
    outside.CORRECTED: "Recorded wrongly; a later record stands in its place",
    outside.MISTAKEN: "Recorded by mistake: it was no disclosure",
}
EXPORT, IMPORT = "110106", "110107"
SOURCE, RECIPIENT = "-source", "-recipient"
"""What the id of an event ends in, behind that of the disclosure."""


def source_event(row: Mapping[str, Any], organizations: Mapping[str, Organization]) -> dict[str, Any]:
    """The event as its discloser has it, from a row of the disclosure log."""
    entities = [
        *_entities(row),
        entity(f"urn:part2hub:decision:{row['decision_id']}", "2", "13"),  # security resource
        *(entity(f"Consent/{consent}", "2", "4") for consent in row["consents"]),
    ]
    found = _event(row, organizations, SOURCE, EXPORT, "R")
    return found | {"meta": _meta(row, "Source"), "entity": entities}


def recipient_event(row: Mapping[str, Any], organizations: Mapping[str, Organization]) -> dict[str, Any]:
    """The event as its recipient has it; only of what arrived."""
    found = _event(row, organizations, RECIPIENT, IMPORT, "C")
    return found | {"meta": _meta(row, "Recipient"), "entity": _entities(row)}


def _meta(row: Mapping[str, Any], profile: str) -> dict[str, Any]:
    """The event changes when what it is about does: it ends, is recorded wrongly, is taken back."""
    return {"lastUpdated": moment(row["concluded_at"] or row["intended_at"]), "profile": [f"{_BALP}{profile}"]}


def _event(
    row: Mapping[str, Any], organizations: Mapping[str, Organization], ending: str, code: str, action: str
) -> dict[str, Any]:
    purpose = _CODES.get(row["purpose"]) or _CODES.get(BASE_OF.get(row["purpose"], ""))
    (outcome,) = [code for code, states in OUTCOMES.items() if row["state"] in states]
    coding = {"system": PURPOSE_SYSTEM, "code": purpose} if purpose else {"display": row["purpose"]}
    return {
        "resourceType": "AuditEvent",
        "id": f"{row['id']}{ending}",
        "type": {"system": DCM, "code": code, "display": "Export" if code == EXPORT else "Import"},
        "subtype": [_DISCLOSE],
        "action": action,
        "recorded": moment(row["intended_at"]),
        "outcome": outcome,
        "outcomeDesc": _SAID[row["state"]],
        "purposeOfEvent": [{"coding": [coding]} if "code" in coding else {"text": row["purpose"]}],
        "agent": [
            _agent(DCM, "110153", OBSERVER, {"address": "part2hub", "type": "1"}),
            _agent(DCM, "110152", _party(row["recipient"], organizations), _reached(row)),
            _agent(_SCT, "159541003", _party(row["discloser"], organizations)),
        ],
        "source": {"observer": OBSERVER},
    }


def _entities(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    told = entity(f"urn:part2hub:submission:{row['submission_id']}", "2", "3") | {"description": row["description"]}
    recorded = row["outside"]
    if recorded:
        at = moment(recorded["recorded_at"])
        told |= {"detail": [_detail("way", recorded["way"]), _detail("recorded-afterwards", at)]}
    return [entity(f"Patient/{row['member_id']}", "1", "1"), told]


def _detail(kind: str, value: str) -> dict[str, str]:
    return {"type": kind, "valueString": value}


def moment(at: int) -> str:
    """An instant (microseconds UTC) as FHIR writes one."""
    return instant(at).isoformat(timespec="milliseconds")


def entity(what: str, kind: str, role: str) -> dict[str, Any]:
    """An entity by its reference, or by a URN of ours; `kind` and `role` as FHIR codes them."""
    reference = {"identifier": {"value": what}} if what.startswith("urn:") else {"reference": what}
    return {
        "what": reference,
        "type": {"system": _ENTITY_TYPE, "code": kind},
        "role": {"system": _ENTITY_ROLE, "code": role},
    }


def _agent(system: str, code: str, who: dict[str, Any], network: dict[str, str] | None = None) -> dict[str, Any]:
    found = {"type": {"coding": [{"system": system, "code": code}]}, "who": who, "requestor": code == "159541003"}
    return found | ({"network": network} if network else {})


def _party(name: str, organizations: Mapping[str, Organization]) -> dict[str, Any]:
    if name == OUTSIDER:
        return {"display": SOMEBODY["en"]}
    display = {"display": organizations[name].name} if name in organizations else {}
    return {"reference": f"Organization/{name}"} | display


def _reached(row: Mapping[str, Any]) -> dict[str, str]:
    recorded = row["outside"]
    return _network(f"urn:part2hub:way:{recorded['way']}" if recorded else row["address"])


def _network(address: str) -> dict[str, str]:
    """network-type: 3 telephone number, 5 URI."""
    if address.startswith("+"):
        return {"address": address, "type": "3"}
    return {"address": f"mailto:{address}" if "@" in address and "://" not in address else address, "type": "5"}
