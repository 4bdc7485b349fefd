"""Elements of received FHIR resources in the hub's words: instants, people, names, codes."""

import re
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from hub.errors import Malformed
from hub.fhir.message_in import Json, Message, dicts, text
from hub.model import MemberIdentity

_CIN = re.compile(r"([0-9]{8}[A-Z])([0-9]{5})?")
"""With check digit and date of issue, as it stands on the card."""
_USES = ("official", "usual", "", "temp", "nickname")
_FORMER = ("old", "maiden", "anonymous")
_PARTIAL = re.compile(r"[0-9]{4}(-[0-9]{2})?")
"""A FHIR dateTime may be a year or a month."""
_MEDICAID = {"MA", "MC"}
_YEARS = range(1900, 2200)
"""What a clock can be wrong by is within it; what is beyond cannot be written as an instant everywhere."""


def instant(value: object, field: str, zone: ZoneInfo) -> int:
    """Microseconds since the epoch; a date, a month or a year is its first moment in `zone`. Raises `Malformed`."""
    stated = text(value)
    if _PARTIAL.fullmatch(stated):
        stated = f"{stated}-01-01"[: len("YYYY-MM-DD")]
    try:
        at = (
            datetime.combine(date.fromisoformat(stated), time.min, zone)
            if len(stated) == len("YYYY-MM-DD")
            else datetime.fromisoformat(stated)
        )
    except ValueError:
        raise Malformed("A date, or an instant with its offset, is needed.", field=field) from None
    if at.tzinfo is None or at.year not in _YEARS:
        raise Malformed("A date, or an instant with its offset, is needed.", field=field)
    return int(at.timestamp() * 1_000_000)


def patient_of(message: Message, reference: object, owner: Json, field: str) -> Json:
    """The bundled Patient that `owner` is about. Raises `Malformed`."""
    patient = message.at(reference, owner)
    if patient is None or patient["resourceType"] != "Patient":
        raise Malformed("The patient is not in the bundle.", field=field)
    return patient


def person_of(patient: Json) -> MemberIdentity:
    """Whom a Patient resource names, as far as it does."""
    name = min(dicts(patient.get("name")), key=_rank, default={})
    given = [text(each) for each in name.get("given", [])] if isinstance(name.get("given"), list) else []
    sex = text(patient.get("gender"))
    return MemberIdentity(
        given=given[0] if given else "",
        family=text(name.get("family")),
        born=text(patient.get("birthDate")),
        cin=_cin(patient),
        sex=sex if sex in ("male", "female", "other") else "unknown",
    )


def coded(concept: object) -> str:
    """Code and words of a concept."""
    if not isinstance(concept, dict):
        return ""
    codings = dicts(concept.get("coding"))
    code = text(codings[0].get("code")) if codings else ""
    words = text(concept.get("text")) or (text(codings[0].get("display")) if codings else "")
    return f"{code} {words}".strip()


def words_of(concept: object) -> str:
    """What a person reads of a concept: its text, else what its first coding is called."""
    if not isinstance(concept, dict):
        return ""
    codings = dicts(concept.get("coding"))
    return text(concept.get("text")) or (text(codings[0].get("display")) if codings else "")


def name_at(message: Message, reference: object, owner: Json) -> str:
    """What a reference's target is called: as the reference says, else as the bundled resource does."""
    stated = text(reference.get("display")) if isinstance(reference, dict) else ""
    found = message.at(reference, owner)
    return stated or (text(found.get("name")) if found else "")


def _cin(patient: Json) -> str:
    """A number counts as a CIN only with its type beside it (table 0203 MA, MC)."""
    for each in dicts(patient.get("identifier")):
        kind = each.get("type")
        codes = {text(one.get("code")) for one in dicts(kind.get("coding"))} if isinstance(kind, dict) else set()
        number = text(each.get("value")).upper()
        found = _CIN.fullmatch("".join(number.split()))
        if codes & _MEDICAID and found and each.get("use") != "old":
            return found[1]
    return ""


def _rank(name: Json) -> tuple[bool, int]:
    """The name a person goes by first: what is former or ended comes last, whatever the order they are listed in."""
    use, period = text(name.get("use")), name.get("period")
    former = use in _FORMER or (isinstance(period, dict) and "end" in period)
    return former, _USES.index(use) if use in _USES else len(_USES)
