"""A look at somebody's data as FHIR R4 AuditEvents: IHE BALP 1.1.4 PatientRead for one thing opened, PatientQuery for a
list, a search or an export, one event for every patient whom it showed.

Rules kept here:
- Ids only. Of a search the kind of list stands where BALP has the words of the query: no word of it was kept.
- A wide export names nobody, and has an event for each patient only where that patient is asked about.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from hub.fhir.audit_event import DCM, OBSERVER, entity, moment
from hub.fhir.glass_event import BREAK_GLASS
from hub.storage.directory import Organization

REST = "rest"
VIEW = "-view"
"""What the id of an event ends in, behind the number of its entry and the patient."""
_BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
_TYPE = {
    "system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": REST, "display": "Restful Operation",
}  # fmt: skip
_INTERACTION = "http://hl7.org/fhir/restful-interaction"
_ROLE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_LISTS = frozenset({"log", "registers", "disclosures", "denied", "inquiries", "emergencies", "audit_events", "views"})


def view_events(view: Mapping[str, Any], organizations: Mapping[str, Organization]) -> list[dict[str, Any]]:
    """The events of one look (`hub.compliance.looked`), one for each patient it is known to have shown."""
    members = [view["member_id"]] if view["member_id"] else view["members"]
    return [_event(view, member, organizations) for member in members]


def _event(view: Mapping[str, Any], member: str, organizations: Mapping[str, Organization]) -> dict[str, Any]:
    home, _, person = view["by"].partition("/")
    many = view["what"] in _LISTS or view["what"].endswith("_export")
    display = {"display": organizations[home].name} if home in organizations else {}
    agents = [
        _agent("110153", {"reference": f"Organization/{home}"} | display, "not recorded"),
        _agent("110152", OBSERVER, "part2hub"),
    ]
    if person:
        coded = {"coding": [{"system": _ROLE, "code": "IRCP"}]}
        agents.append({"type": coded, "who": {"identifier": {"value": view["by"]}}, "requestor": True})
    else:
        agents[0]["requestor"] = True
    return {
        "resourceType": "AuditEvent",
        "id": f"{view['id']}-{member}{VIEW}",
        "meta": {
            "lastUpdated": moment(view["at"]),
            "profile": [_BALP + ("PatientQuery" if many else "PatientRead")],
        },
        "type": _TYPE,
        "subtype": [{"system": _INTERACTION, "code": "search" if many else "read"}],
        "action": "E" if many else "R",
        "recorded": moment(view["at"]),
        "outcome": "0",
        "outcomeDesc": "Shown",
        **({"purposeOfEvent": [{"coding": [BREAK_GLASS]}]} if view["glass"] else {}),
        "agent": agents,
        "source": {"observer": OBSERVER},
        "entity": [entity(f"Patient/{member}", "1", "1"), _query(view) if many else _read(view)],
    }


def _query(view: Mapping[str, Any]) -> dict[str, Any]:
    found = entity("", "2", "24")
    return {name: found[name] for name in ("type", "role")} | {
        "query": base64.b64encode(view["what"].encode()).decode()
    }


def _read(view: Mapping[str, Any]) -> dict[str, Any]:
    return entity(f"urn:part2hub:{view['what']}:{view['reference']}", "2", "4")


def _agent(code: str, who: Mapping[str, Any], address: str) -> dict[str, Any]:
    return {
        "type": {"coding": [{"system": DCM, "code": code}]},
        "who": dict(who),
        "requestor": False,
        "network": {"address": address, "type": "1"},
    }


def whose(event: Mapping[str, Any]) -> Sequence[str]:
    """Whom an event of any kind is about."""
    references = (each.get("what", {}).get("reference", "") for each in event["entity"])
    return [each.removeprefix("Patient/") for each in references if each.startswith("Patient/")]
