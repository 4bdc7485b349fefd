"""Security labels on everything that leaves as FHIR (HL7 DS4P; interop A5).

Rules kept: confidentiality `R`, policy `42CFRPart2`, refrain `NORDSCLCD` and sensitivity `ETH` on every
resource, each with the law it rests on; whatever passes the hub counts as Part 2 until someone
classifies it otherwise. Labels that stay with the record (§2.12(d)(1)) follow as codings of the hub's own.
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
    {"system": ACT_CODE, "code": "ETH", "display": "substance abuse information sensitivity"},
)


def security(labels: tuple[str, ...]) -> list[Json]:
    """`meta.security` of the bundle and of each resource; `labels` are those that stay with the record."""
    kept = [{"system": _OWN, "code": label, "display": LABEL_IN_WORDS.get(label, label)} for label in labels]
    basis = [{"url": _BASIS, "valueCoding": {"system": ACT_CODE, "code": "42CFRPart2"}}]
    return [{**coding, "extension": basis} for coding in (*PART2, *kept)]
