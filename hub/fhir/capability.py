"""What the FHIR endpoint can do (`GET /fhir/metadata`), made from the routes that there are."""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.clock import SystemClock
from hub.storage.facts import instant

Json = dict[str, Any]

_INTERACTIONS = {
    ("GET", False): "search-type",
    ("GET", True): "read",
    ("PUT", True): "update",
    ("POST", False): "create",
}
_PROCESS = "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"
_GUIDE = "http://hl7.org/fhir/us/davinci-alerts/ImplementationGuide/hl7.fhir.us.davinci-alerts"
_SECURITY = "http://terminology.hl7.org/CodeSystem/restful-security-service"


def statement(routes: Iterable[tuple[str, str]], searches: Mapping[str, Mapping[str, str]]) -> Json:
    """A CapabilityStatement of the routes (method and path) under `/fhir/`; `searches`: parameters by resource."""
    found: dict[str, set[str]] = {}
    operations = []
    for method, path in routes:
        name, _, rest = path.removeprefix("/fhir/").partition("/")
        if name.startswith("$"):
            operations.append({"name": name.removeprefix("$"), "definition": _PROCESS})
        elif name[0].isupper():
            found.setdefault(name, set()).add(_INTERACTIONS[method, bool(rest)])
    resources = [_resource(name, found[name], searches.get(name, {})) for name in sorted(found)]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(SystemClock().now()).date().isoformat(),
        "kind": "instance",
        "software": {"name": "Part2 Hub"},
        "implementation": {"description": "Part2 Hub: exchange of substance use disorder records under 42 CFR Part 2"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "implementationGuide": [_GUIDE],
        "rest": [
            {
                "mode": "server",
                "security": {"service": [{"coding": [{"system": _SECURITY, "code": "SMART-on-FHIR"}]}]},
                "resource": resources,
                "operation": operations,
            }
        ],
    }


def _resource(name: str, interactions: set[str], search: Mapping[str, str]) -> Json:
    parameters = [{"name": each, "type": kind} for each, kind in sorted(search.items())]
    versions = {"versioning": "versioned-update"} if "update" in interactions else {}
    return {
        "type": name,
        "interaction": [{"code": code} for code in sorted(interactions)],
        **versions,
        **({"searchParam": parameters} if parameters else {}),
    }
