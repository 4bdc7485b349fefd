"""Security labels on everything that leaves as FHIR (HL7 DS4P; interop A5).

Rules kept: confidentiality `R`, policy `42CFRPart2` and refrain `NORDSCLCD` on every resource, with their
basis on the bundle; whatever passes the hub counts as Part 2 until someone classifies it otherwise. Labels
that stay with the record (§2.12(d)(1)) follow as codings of the hub's own.
"""

from typing import Any

from adapters.accompaniment import LABEL_IN_WORDS

Json = dict[str, Any]

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_BASIS = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-sec-label-basis"
_OWN = "urn:part2hub:label"

PART2: tuple[Json, ...] = (
    {"system": _CONFIDENTIALITY, "code": "R", "display": "restricted"},
    {"system": ACT_CODE, "code": "42CFRPart2", "display": "42 CFR Part 2"},
    {"system": ACT_CODE, "code": "NORDSCLCD", "display": "no redisclosure without consent directive"},
)


def resource_labels(labels: tuple[str, ...]) -> list[Json]:
    """`meta.security` of one resource."""
    kept = [{"system": _OWN, "code": label, "display": LABEL_IN_WORDS.get(label, label)} for label in labels]
    return [*PART2, *kept]


def bundle_labels(labels: tuple[str, ...]) -> list[Json]:
    """`meta.security` of the bundle: the same codings, each with the law it rests on."""
    law = {"system": ACT_CODE, "code": "42CFRPart2"}
    basis = [{"url": _BASIS, "valueCoding": law}]
    return [{**coding, "extension": basis} for coding in resource_labels(labels)]
