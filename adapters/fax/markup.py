"""XML of any kind as lines: C-CDA by its narrative, HTML by its own, FHIR XML and the rest element by element.

Rules kept: nothing of an unknown document is left out but what only a machine needs; entities and document types are
refused (XML bombs, files of this machine); a FHIR attachment is named where it stands and given to whoever draws the
pages (`enclosed`).
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from adapters.fax.cda import is_clinical, lines_of_cda, wrapped_in
from adapters.fax.enclosed import Wrapped, attachment, is_attachment, noted
from adapters.fax.narrative import INDENT, Set, name_of, narrative, whole_xml, words
from adapters.fax.sheet import Line
from hub.errors import Unrenderable

MAX_DEPTH = 40
FHIR, XHTML = "{http://hl7.org/fhir}", "{http://www.w3.org/1999/xhtml}"
FOR_MACHINES = frozenset({"fullUrl", "id", "meta", "system", "request"})


def lines_of_xml(text: bytes, title: str, enclosed: list[Wrapped]) -> list[Set] | Wrapped:
    """The document as lines, or what it wraps; documents inside it are added to `enclosed`.

    Raises `Unrenderable` for what is no XML or cannot be told whole.
    """
    root = whole_xml(text)
    if is_clinical(root):
        return wrapped_in(root) or lines_of_cda(root)
    heading = Line(title, size=40, bold=True)
    if name_of(root) == "html" or root.tag.startswith(XHTML):
        return [heading, *narrative(root)]
    return [heading, *_told(root, 0, enclosed if root.tag.startswith(FHIR) else None)]


def _told(element: Element, depth: int, enclosed: list[Wrapped] | None) -> Iterator[Set]:
    """`enclosed`: none outside of FHIR."""
    if depth > MAX_DEPTH:
        raise Unrenderable("The document is nested too deeply to print.", code="damaged")
    name = name_of(element)
    if not name or (enclosed is not None and name in FOR_MACHINES):
        return
    if element.tag.startswith(XHTML):
        yield from narrative(element)
        return
    label, indent = _words(name), min(depth, 6) * INDENT
    if enclosed is not None and is_attachment(fields := {name_of(each): each.get("value") for each in element}):
        yield noted(enclosed, attachment(fields), indent)
        return
    value = ", ".join(part for part in (_own(element), *_attributes(element)) if part)
    if len(element):
        yield Line(f"{label}: {value}" if value else label, bold=True, indent=indent, gap=10)
        for child in element:
            yield from _told(child, depth + 1, enclosed)
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
