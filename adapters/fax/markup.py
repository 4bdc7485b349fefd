"""XML of any kind as lines: C-CDA by its narrative, HTML by its own, FHIR XML and the rest element by element.

Rules kept: nothing of an unknown document is left out but what only a machine needs; entities and document types are
refused (XML bombs, files of this machine).
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from adapters.fax.cda import Wrapped, is_clinical, lines_of_cda, wrapped_in
from adapters.fax.narrative import INDENT, Set, name_of, narrative, whole_xml, words
from adapters.fax.sheet import Line
from hub.errors import Unrenderable

MAX_DEPTH = 40
FHIR, XHTML = "{http://hl7.org/fhir}", "{http://www.w3.org/1999/xhtml}"
FOR_MACHINES = frozenset({"fullUrl", "id", "meta", "system", "request"})


def lines_of_xml(text: bytes, title: str) -> list[Set] | Wrapped:
    """The document as lines, or what it wraps. Raises `Unrenderable` for what is no XML or cannot be told whole."""
    root = whole_xml(text)
    if is_clinical(root):
        return wrapped_in(root) or lines_of_cda(root)
    heading = Line(title, size=40, bold=True)
    if name_of(root) == "html" or root.tag.startswith(XHTML):
        return [heading, *narrative(root)]
    return [heading, *_told(root, 0, fhir=root.tag.startswith(FHIR))]


def _told(element: Element, depth: int, *, fhir: bool) -> Iterator[Set]:
    if depth > MAX_DEPTH:
        raise Unrenderable("The document is nested too deeply to print.", code="damaged")
    name = name_of(element)
    if not name or (fhir and name in FOR_MACHINES):
        return
    if element.tag.startswith(XHTML):
        yield from narrative(element)
        return
    if fhir and name == "data" and element.get("value"):
        raise Unrenderable("The document holds another one inside; give that one by itself.", code="enclosed")
    label, indent = _words(name), min(depth, 6) * INDENT
    value = ", ".join(part for part in (_own(element), *_attributes(element)) if part)
    if len(element):
        yield Line(f"{label}: {value}" if value else label, bold=True, indent=indent, gap=10)
        for child in element:
            yield from _told(child, depth + 1, fhir=fhir)
    elif value:
        yield Line(value, label=label, indent=indent, gap=4)


def _own(element: Element) -> str:
    """The words between its children; all of them if it has none."""
    parts = [element.text or "", *(child.tail or "" for child in element)]
    return " ".join(" ".join(parts).split()) if len(element) else words(element)


def _attributes(element: Element) -> Iterator[str]:
    for key, value in element.items():
        name = key.rpartition("}")[2]
        if value.strip() and name not in {"schemaLocation", "type"}:
            yield value if name == "value" else f"{_words(name)} {value}"


def _words(name: str) -> str:
    """`serviceProvider`, `service_provider` and `SERVICE-ID` as words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_.-]+", " ", name).strip()
    return spaced[:1].upper() + spaced[1:].lower()
