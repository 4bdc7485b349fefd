"""A consent on file as a FHIR R4 Consent: IHE PCF, basic where its words suffice, else intermediate.

Rules kept here:
- PCF has no place for classes of information (`class` and `code` are forbidden): they stand in an extension.
- Whoever reads it back finds the same elements and no others (CONSENT.md); the signed paper stays here.
"""

from collections.abc import Mapping
from typing import Any

from hub.fhir.shapes import (
    HUB_CLASS,
    HUB_EVENT,
    HUB_FORM,
    HUB_INFORMATION,
    HUB_NO_END,
    HUB_PURPOSE,
    HUB_SIGNATURE,
    PURPOSE_SYSTEM,
    PURPOSES,
    ROLE_SYSTEM,
    SCOPE_SYSTEM,
)
from hub.forms.crosswalk import editions
from hub.forms.own import EDITION
from hub.storage.denials import SHARE_NOTHING
from hub.storage.directory import Organization
from policies.vocabulary import RECIPIENT_CLASSES, THE_PATIENT

BASIC = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentBasic"
INTERMEDIATE = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentIntermediate"
OTHER_TEXT = "urn:part2hub:form:unknown"
"""A paper whose text nobody has read in: its statements are not claimed."""
_CODES = {word: code for code, word in PURPOSES.items()}
_STATUS = {"revoked": "inactive", "entered_in_error": "entered-in-error"}


def consent_out(view: Mapping[str, Any], organizations: Mapping[str, Organization]) -> dict[str, Any]:
    """The resource of a consent or denial as `hub.storage.consents.show` gives it."""
    patient = {"reference": f"Patient/{view['member_id']}"}
    moment = view.get("signed_at") or view.get("signed_on")
    denial = view["kind"] == SHARE_NOTHING
    found: dict[str, Any] = {
        "resourceType": "Consent",
        "id": view["id"],
        "meta": {"profile": [BASIC if denial or _basic(view) else INTERMEDIATE]},
        "extension": [{"url": HUB_SIGNATURE, "valueCode": view["signature"]}] if view.get("signature") else [],
        "status": _status(view, denial=denial),
        "scope": {"coding": [{"system": SCOPE_SYSTEM, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": patient,
        "dateTime": moment,
        "performer": [patient] if THE_PATIENT in view.get("signed_by", ()) else [],
        "organization": [_organization(view["recorded_by"].partition("/")[0], organizations)],
        "sourceAttachment": {"url": f"/v1/consents/{view['id']}/document"},
        "policy": [{"uri": _policy(view)}],
        "provision": _provision(view, organizations, denial=denial),
    }
    return {name: value for name, value in found.items() if value not in (None, [])}


def _status(view: Mapping[str, Any], *, denial: bool) -> str:
    """A denial counts at once; a consent that nobody has verified is proposed."""
    if view["state"] in _STATUS:
        return _STATUS[view["state"]]
    return "active" if denial or view["verified"] else "proposed"


def _provision(view: Mapping[str, Any], organizations: Mapping[str, Organization], *, denial: bool) -> dict[str, Any]:
    expires = view.get("expires")
    dated = expires is not None and expires != "none" and not expires.startswith("event:")
    data = [
        {"meaning": "authoredby", "reference": _organization(each, organizations)} for each in view.get("discloser", ())
    ]
    found = {
        "extension": _extensions(view, expires),
        "type": "deny" if denial else "permit",
        "period": {"end": expires} if dated else None,
        "actor": [_actor(each, organizations) for each in view.get("recipients", ())],
        "purpose": [_purpose(each) for each in view.get("purposes", ())],
        "data": data,
        "provision": [
            {"type": "deny", "actor": [_actor(each, organizations) for each in revoked["as_to"]]}
            for revoked in view["revoked"]
            if revoked.get("as_to")
        ],
    }
    return {name: value for name, value in found.items() if value not in (None, [])}


def _extensions(view: Mapping[str, Any], expires: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"url": HUB_INFORMATION, "valueCode": each} for each in view.get("information", ())]
    if expires == "none":
        found.append({"url": HUB_NO_END, "valueBoolean": True})
    elif expires is not None and expires.startswith("event:"):
        found.append({"url": HUB_EVENT, "valueCode": expires.removeprefix("event:")})
    return found


def _policy(view: Mapping[str, Any]) -> str:
    form = view.get("form")
    if form == "part2":
        return f"{HUB_FORM}{view['kind']}:{EDITION}"
    edition = next((each.edition for each in reversed(editions()) if each.form == form), None)
    return OTHER_TEXT if edition is None else f"{HUB_FORM}{form}:{edition}"


def _basic(view: Mapping[str, Any]) -> bool:
    """PCF basic: treatment, payment, operations; no data, nothing nested."""
    within = set(view.get("purposes", ())) <= {"treatment", "payment", "operations"}
    return within and not view.get("discloser") and not any(each.get("as_to") for each in view["revoked"])


def _purpose(word: str) -> dict[str, str]:
    code = _CODES.get(word)
    return {"system": PURPOSE_SYSTEM, "code": code} if code else {"system": HUB_PURPOSE, "code": word}


def _actor(recipient: Any, organizations: Mapping[str, Organization]) -> dict[str, Any]:
    role = {"coding": [{"system": ROLE_SYSTEM, "code": "IRCP"}]}
    if isinstance(recipient, dict):
        name = recipient.get("as_written") or f"{recipient['person']} at {recipient['at']}"
        return {"role": role, "reference": {"display": name}}
    if recipient in RECIPIENT_CLASSES:
        return {"role": role, "reference": {"identifier": {"system": HUB_CLASS, "value": recipient}}}
    return {"role": role, "reference": _organization(recipient, organizations)}


def _organization(name: str, organizations: Mapping[str, Organization]) -> dict[str, str]:
    known = organizations.get(name)
    display = {"display": known.name} if known else {}
    return {"reference": f"Organization/{name}", **display}
