"""FHIR JSON of the demo: an admission or a discharge as an Encounter with those it concerns (R4)."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from deploy.demo.chart import Chart

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ID_SYSTEMS = {"cin": "urn:oid:2.16.840.1.113883.3.9999.1", "npi": "http://hl7.org/fhir/sid/us-npi"}
"""The first is invented; no published system exists for the CIN."""


def admission(chart: Chart, at: datetime) -> bytes:
    """The admission at `at` (aware) as a collection: Encounter, Patient, Organization, Coverage."""
    return _bundle(chart, at, {"status": "in-progress", "period": {"start": at.isoformat()}})


def discharge(chart: Chart, at: datetime) -> bytes:
    """The discharge at `at` (aware), with when the stay began and where the member went."""
    began = at - timedelta(days=(chart.on - chart.admitted).days)
    disposition = "To a lower level of care" if chart.next_program else "Home"
    encounter = {
        "status": "finished",
        "period": {"start": began.isoformat(), "end": at.isoformat()},
        "hospitalization": {"dischargeDisposition": {"text": disposition}},
    }
    return _bundle(chart, at, encounter)


def _bundle(chart: Chart, at: datetime, encounter: dict[str, Any]) -> bytes:
    stay = ("IMP", "inpatient encounter") if chart.steps[0].startswith("3") else ("AMB", "ambulatory")
    patient, program, plan = (_url(chart, name) for name in ("patient", "program", "plan"))
    resources = {
        "encounter": {
            "resourceType": "Encounter",
            **encounter,
            "class": {"system": ACT, "code": stay[0], "display": stay[1]},
            "subject": {"reference": patient, "display": chart.name},
            "serviceProvider": {"reference": program, "display": chart.head.name},
        },
        "patient": {
            "resourceType": "Patient",
            "identifier": [{"system": ID_SYSTEMS["cin"], "value": chart.member["cin"]}],
            "name": [{"family": chart.member["family"], "given": [chart.member["given"]]}],
            "birthDate": chart.member["born"],
            "gender": chart.member["sex"],
            "telecom": [{"system": "phone", "value": chart.member["phone"]}],
        },
        "program": {
            "resourceType": "Organization",
            "name": chart.head.name,
            "telecom": [{"system": "phone", "value": chart.head.phone}],
            "contact": [{"name": {"text": f"{chart.manager}, primary case manager"}}],
        },
        "plan": {
            "resourceType": "Coverage",
            "status": "active",
            "beneficiary": {"reference": patient, "display": chart.name},
            "payor": [{"display": chart.named(key)} for key in chart.member["plans"]] or [{"display": "none"}],
        },
    }
    bundle = {
        "resourceType": "Bundle",
        "id": _url(chart, f"bundle-{at.isoformat()}").removeprefix("urn:uuid:"),
        "type": "collection",
        "timestamp": at.isoformat(),
        "entry": [{"fullUrl": _url(chart, name), "resource": resource} for name, resource in resources.items()],
    }
    assert plan == bundle["entry"][-1]["fullUrl"]
    return json.dumps(bundle, indent=2, ensure_ascii=False).encode()


def _url(chart: Chart, name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{chart.id}/{chart.program}/{chart.on}/{name}')}"
