"""A C-CDA document as a person reads it: its heading, who it is about, who wrote it, then every section's narrative.

Rules kept: the narrative is what the author attested, so it is told whole; coded entries repeat it for machines and
are left out; a document that only wraps another one (nonXMLBody) is told to its reader as that one.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from adapters.fax.enclosed import Wrapped, decoded
from adapters.fax.narrative import Set, name_of, narrative, words
from adapters.fax.sheet import Line
from hub.errors import Unrenderable

V3 = "{urn:hl7-org:v3}"
MAX_SECTIONS = 12
"""Of nesting."""
PEOPLE = (
    ("author/assignedAuthor", "Author"),
    ("dataEnterer/assignedEntity", "Entered by"),
    ("informant/assignedEntity", "Informant"),
    ("informant/relatedEntity", "Informant"),
    ("custodian/assignedCustodian", "Custodian"),
    ("informationRecipient/intendedRecipient", "Recipient"),
    ("legalAuthenticator/assignedEntity", "Signed by"),
    ("authenticator/assignedEntity", "Signed by"),
    ("participant/associatedEntity", "Participant"),
    ("documentationOf/serviceEvent/performer/assignedEntity", "Care by"),
    ("componentOf/encompassingEncounter/responsibleParty/assignedEntity", "Responsible"),
)


def is_clinical(root: Element) -> bool:
    return root.tag == f"{V3}ClinicalDocument"


def lines_of_cda(root: Element) -> list[Set]:
    """Raises `Unrenderable` for a picture or another document that the narrative only points to."""
    title = _text(root, "title") or "Clinical document"
    return [Line(title, size=40, bold=True), *_heading(root), *_body(root)]


def wrapped_in(root: Element) -> Wrapped | None:
    """The other document that this one only wraps, if it does. Raises `Unrenderable` if it is elsewhere."""
    text = root.find(_path("component/nonXMLBody/text"))
    if text is None:
        return None
    if text.get("representation") != "B64" or not (text.text or "").strip():
        raise Unrenderable("The document's content is elsewhere or no base64; give it by itself.", code="enclosed")
    return Wrapped(text.get("mediaType", "text/plain"), decoded(text.text or ""))


def _heading(root: Element) -> Iterator[Line]:
    patient = root.find(_path("recordTarget/patientRole"))
    if patient is not None:
        yield Line(_name(patient, "patient/name"), label="Patient", gap=30, rule=True)
        yield from _labelled("Born", _time(patient.find(_path("patient/birthTime"))))
        yield from _labelled("Sex", _display(patient.find(_path("patient/administrativeGenderCode"))))
        yield from _labelled("Identifiers", ", ".join(e.get("extension", "") for e in patient.findall(_path("id"))))
        yield from _labelled("Address", _address(patient))
        yield from _labelled("Telephone", _telecom(patient))
        for guardian in patient.findall(_path("patient/guardian")):
            yield from _labelled("Guardian", _party(guardian))
    yield from _labelled("Date", _time(root.find(_path("effectiveTime"))))
    yield from _labelled("Confidentiality", _display(root.find(_path("confidentialityCode"))))
    encounter = root.find(_path("componentOf/encompassingEncounter"))
    if encounter is not None:
        yield from _labelled("Encounter", _period(encounter))
        yield from _labelled("Place", _party(encounter.find(_path("location/healthCareFacility"))))
    for path, label in PEOPLE:
        for who in root.findall(_path(path)):
            yield from _labelled(label, _party(who))


def _body(root: Element) -> Iterator[Set]:
    for section in root.findall(_path("component/structuredBody/component/section")):
        yield from _section(section, 0)


def _section(section: Element, depth: int) -> Iterator[Set]:
    if depth > MAX_SECTIONS:
        raise Unrenderable("The document is nested too deeply to print.", code="damaged")
    title = _text(section, "title") or _display(section.find(f"{V3}code")) or "Section"
    yield Line(title, size=36 if not depth else 32, bold=True, gap=40 if not depth else 24, rule=not depth)
    text = section.find(f"{V3}text")
    if text is not None:
        yield from narrative(text)
    for inner in section.findall(_path("component/section")):
        yield from _section(inner, depth + 1)


def _labelled(label: str, value: str) -> Iterator[Line]:
    if value.strip(" ,"):
        yield Line(value, label=label, gap=4)


def _party(who: Element | None) -> str:
    """Names, organizations, address and telephone, as far as they are given, wherever they stand inside."""
    if who is None:
        return ""
    names = [_joined(each) for each in who.iter(f"{V3}name")]
    told = [*dict.fromkeys(name for name in names if name), _telecom(who)]
    return ", ".join(part for part in told if part)


def _name(who: Element, path: str) -> str:
    return "; ".join(_joined(each) for each in who.findall(_path(path)) if words(each))


def _joined(name: Element) -> str:
    """Parts of a name stand side by side without a space between their elements."""
    parts = [" ".join(part.split()) for part in name.itertext()]
    return " ".join(part for part in parts if part)


def _address(who: Element) -> str:
    found = who.find(f"{V3}addr")
    return ", ".join(part for each in found if (part := words(each))) if found is not None else ""


def _telecom(who: Element) -> str:
    values = [each.get("value", "").removeprefix("tel:").removeprefix("mailto:") for each in who.iter(f"{V3}telecom")]
    return ", ".join(value for value in values if value)


def _period(encounter: Element) -> str:
    time = encounter.find(f"{V3}effectiveTime")
    if time is None:
        return ""
    low, high = time.find(f"{V3}low"), time.find(f"{V3}high")
    return f"{_time(low)} to {_time(high)}".strip() if low is not None or high is not None else _time(time)


def _time(element: Element | None) -> str:
    """`20260307083000-0800` as `2026-03-07 08:30 -0800`; whatever else stands there, as it stands."""
    value = element.get("value", "") if element is not None else ""
    digits, zone = (value[:-5], " " + value[-5:]) if value[-5:-4] in ("+", "-") else (value, "")
    digits = digits.partition(".")[0]
    if not digits.isdecimal() or len(digits) < 4:
        return value
    date = "-".join(part for part in (digits[:4], digits[4:6], digits[6:8]) if part)
    return f"{date} {digits[8:10]}:{digits[10:12]}{zone}" if len(digits) >= 12 else date


def _display(code: Element | None) -> str:
    if code is None:
        return ""
    original = code.find(f"{V3}originalText")
    return code.get("displayName") or (words(original) if original is not None else "") or code.get("code") or ""


def _text(element: Element, name: str) -> str:
    found = element.find(f"{V3}{name}")
    return words(found) if found is not None and name_of(found) else ""


def _path(path: str) -> str:
    return "/".join(V3 + step for step in path.split("/"))
