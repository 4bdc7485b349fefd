"""Whom a message is about, as its parts say: claims of the sender's, which the hub matches (`hub.inbound.matching`)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from xml.etree.ElementTree import Element

from hub.model import MemberIdentity

CIN_SYSTEM = "2.25.299240349942010150133671412833704743285"
"""The OID under which the hub itself writes CINs; nobody else's numbers are taken for one."""
NOBODY = MemberIdentity(given="", family="", born="")
_CDA = "{urn:hl7-org:v3}"
_SEXES = {"F": "female", "M": "male"}
_CIN = re.compile(r"[0-9]{8}[A-Z]")


def is_named(person: MemberIdentity) -> bool:
    """Whether anything says who it is."""
    return bool(person.given or person.family or person.cin)


def one_of(people: Iterable[MemberIdentity]) -> MemberIdentity:
    """The one person that all mean; `NOBODY` if they differ, as a mail about two people is about none for certain."""
    found = [each for each in people if is_named(each)]
    if not found:
        return NOBODY
    same = {(each.given.casefold(), each.family.casefold(), each.born) for each in found}
    return found[0] if len(same) == 1 else NOBODY


def in_context(patient: Mapping[str, str]) -> MemberIdentity:
    """Of a Direct Context's `patient`."""
    sex = patient.get("gender", "").strip()
    return MemberIdentity(
        given=patient.get("givenName", ""),
        family=patient.get("surname", ""),
        born=patient.get("dateOfBirth", ""),
        sex=_SEXES.get(sex[:1].upper(), "unknown"),
        phone=patient.get("telephoneNumber", ""),
    )


def in_xdm(lines: Sequence[str]) -> MemberIdentity:
    """Of sourcePatientInfo: `PID-5|Family^Given`, `PID-7|19800131`, `PID-8|F`, `PID-3|ID^^^&OID&ISO`."""
    fields = {name.strip(): value.strip() for name, _, value in (line.partition("|") for line in lines)}
    name = [*fields.get("PID-5", "").split("^"), "", ""]
    number, *_, authority = [*fields.get("PID-3", "").split("^", 3), ""][:4]
    return MemberIdentity(
        given=name[1],
        family=name[0],
        born=_date(fields.get("PID-7", "")),
        cin=number if CIN_SYSTEM in authority.split("&") and _CIN.fullmatch(number) else "",
        sex=_SEXES.get(fields.get("PID-8", "")[:1].upper(), "unknown"),
    )


def in_cda(document: Element) -> MemberIdentity:
    """Of a C-CDA document's record target; nobody if it has several."""
    roles = document.findall(f"{_CDA}recordTarget/{_CDA}patientRole")
    patient = roles[0].find(f"{_CDA}patient") if len(roles) == 1 else None
    name = patient.find(f"{_CDA}name") if patient is not None else None
    if patient is None or name is None:
        return NOBODY
    born, sex = patient.find(f"{_CDA}birthTime"), patient.find(f"{_CDA}administrativeGenderCode")
    return MemberIdentity(
        given=(name.findtext(f"{_CDA}given") or "").strip(),
        family=(name.findtext(f"{_CDA}family") or "").strip(),
        born=_date(born.get("value", "") if born is not None else ""),
        sex=_SEXES.get(sex.get("code", "") if sex is not None else "", "unknown"),
    )


def _date(text: str) -> str:
    digits = text[:8]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if re.fullmatch(r"[0-9]{8}", digits) else ""
