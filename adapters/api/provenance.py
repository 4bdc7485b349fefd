"""What the hub did with the message, as Da Vinci Unsolicited Notifications asks of whoever forwards one.

Rules kept: that something is missing is stated, never what or how much of it; the sender is the author, the hub put the
message together (`amend`) or only passed it on (`transmit`).
"""

from adapters.api.focus import Refer
from adapters.api.labels import Json

_LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
_AGENTS = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_US_CORE_AGENTS = "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type"
_HUB = {"display": "Part2 Hub"}


def provenance(*, amended: bool, at: str, refer: Refer) -> Json:
    """The Provenance of the message; `at` is a FHIR instant."""
    activity, display = ("amend", "Amend (Update) Record") if amended else ("transmit", "Transmit Record")
    role = (_AGENTS, "assembler") if amended else (_US_CORE_AGENTS, "transmitter")
    return {
        "resourceType": "Provenance",
        "meta": {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-provenance"]},
        "target": [refer("header")],
        "recorded": at,
        "activity": {"coding": [{"system": _LIFECYCLE, "code": activity, "display": display}]},
        "agent": [_agent((_AGENTS, "author"), refer("sender")), _agent(role, _HUB)],
    }


def _agent(role: tuple[str, str], who: Json) -> Json:
    return {"type": {"coding": [{"system": role[0], "code": role[1]}]}, "who": who}
