"""Broken glass (`hub.glass`) as a FHIR R4 AuditEvent: somebody reads in an emergency what nothing else opens to them.

DICOM PS3.16 CID 400 and 401: Security Alert, Emergency Override Started; the purpose of use is HL7's BTG. Ids only.
"""

from collections.abc import Mapping
from typing import Any

from hub.fhir.audit_event import DCM, OBSERVER, entity, moment
from hub.fhir.shapes import PURPOSE_SYSTEM
from hub.storage.directory import Organization

ALERT = "110113"
GLASS = "-glass"
"""What the id of an event ends in, behind that of the act."""
BREAK_GLASS = {"system": PURPOSE_SYSTEM, "code": "BTG"}


def glass_event(act: Mapping[str, Any], organizations: Mapping[str, Organization]) -> dict[str, Any]:
    """The event of an act (`hub.glass.acts.Act`); of one in which nobody was found without a patient."""
    home = str(act["by"]).partition("/")[0]
    display = {"display": organizations[home].name} if home in organizations else {}
    subject = [] if act["member"] is None else [entity(f"Patient/{act['member']}", "1", "1")]
    return {
        "resourceType": "AuditEvent",
        "id": f"{act['id']}{GLASS}",
        "meta": {"lastUpdated": moment(act["ended_at"] or act["at"])},
        "type": {"system": DCM, "code": ALERT, "display": "Security Alert"},
        "subtype": [{"system": DCM, "code": "110127", "display": "Emergency Override Started"}],
        "action": "E",
        "period": {"start": moment(act["at"]), "end": moment(act["ended_at"] or act["until"])},
        "recorded": moment(act["at"]),
        "outcome": "0",
        "purposeOfEvent": [{"coding": [BREAK_GLASS], "text": act["reason"]}],
        "agent": [{"who": {"identifier": {"value": act["by"]}} | display, "requestor": True}],
        "source": {"observer": OBSERVER},
        "entity": [*subject, entity(f"urn:part2hub:glass:{act['id']}", "2", "13")],
    }
