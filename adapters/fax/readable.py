"""FHIR JSON as lines a person reads on paper: every value, in the order given, with words for labels.

Rules kept: nothing is left out but what only a machine needs (resource ids, addresses of code systems,
markup that repeats the data); JSON that is not FHIR is laid out the same way; an attachment is named where it stands
and given to whoever draws the pages (`enclosed`).
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from adapters.fax.enclosed import Wrapped, attachment, is_attachment, noted
from adapters.fax.narrative import Set, narrative, whole_xml
from adapters.fax.sheet import Line
from hub.errors import Unrenderable

MAX_DEPTH = 40
FOR_MACHINES = frozenset({"resourceType", "fullUrl", "id", "meta", "system", "request"})
"""Left out of a resource."""
REPEATED = frozenset({"generated", "extensions"})
"""States of a narrative that has nothing but the data in other words (FHIR R4, Narrative.status)."""
ASIDE = frozenset({"id", "extension", "use", "system", "rank", "type", "assigner", "userSelected", "version"})
"""Left out of a small shape."""
WRAPPERS = re.compile(r"(Entry|Resource|Contained)( \d+)?")
INDENT = 36


def lines_of_json(text: str, enclosed: list[Wrapped]) -> list[Set]:
    """The document as labelled lines; documents inside it are added to `enclosed`.

    Raises `Unrenderable` for what is not JSON or nested past reading.
    """
    try:
        return list(_lines("", json.loads(text), 0, enclosed))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise Unrenderable("The document is not JSON, or not of the shape its names promise.", code="damaged") from None


def _lines(label: str, value: Any, depth: int, enclosed: list[Wrapped]) -> Iterator[Set]:
    if depth > MAX_DEPTH:
        raise Unrenderable("The document is nested too deeply to print.", code="damaged")
    short = _in_a_line(value)
    if short is not None:
        yield Line(short, label=label or "Value", indent=_indent(depth), gap=4)
    elif isinstance(value, list):
        for number, entry in enumerate(value, 1):
            yield from _lines(f"{label} {number}" if len(value) > 1 else label, entry, depth, enclosed)
    elif isinstance(value.get("div"), str) and "status" in value:
        if value["status"] not in REPEATED:
            yield from narrative(whole_xml(value["div"].encode()))
    elif is_attachment(value):
        yield noted(enclosed, attachment(value), _indent(depth))
    elif "resourceType" in value:
        yield Line(_words(str(value["resourceType"])), size=34, bold=True, gap=26, rule=True)
        yield from _fields(value, 0, enclosed)
    elif not label or WRAPPERS.fullmatch(label):
        yield from _fields(value, depth, enclosed)
    else:
        yield Line(label, bold=True, indent=_indent(depth), gap=8)
        yield from _fields(value, depth + 1, enclosed)


def _fields(value: dict[str, Any], depth: int, enclosed: list[Wrapped]) -> Iterator[Set]:
    for name, entry in value.items():
        if name not in FOR_MACHINES and not name.startswith("_"):
            yield from _lines(_words(name), entry, depth, enclosed)


def _in_a_line(value: Any) -> str | None:
    """The value in one line if it is a scalar, scalars, or one of FHIR's small shapes, else None."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, str | int | float):
        return "" if value is None else str(value)
    if isinstance(value, list) and all(isinstance(entry, str | int | float) for entry in value):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        keys = set(value) - ASIDE
        for shape, words in SHAPES:
            if keys and keys <= shape:
                return words(value)
    return None


def _concept(value: dict[str, Any]) -> str:
    codings = [_coding(code) for code in value.get("coding") or [] if isinstance(code, dict)]
    return "; ".join(dict.fromkeys(str(part) for part in (value.get("text"), *codings) if part))


def _coding(value: dict[str, Any]) -> str:
    code, display = value.get("code"), value.get("display")
    return f"{display} ({code})" if code and display else str(display or code or "")


def _name(value: dict[str, Any]) -> str:
    parts = [
        *value.get("prefix", []),
        *value.get("given", []),
        value.get("family", ""),
        *value.get("suffix", []),
    ]
    return str(value.get("text") or " ".join(str(part) for part in parts if part))


def _reference(value: dict[str, Any]) -> str:
    return str(value.get("display") or value.get("reference"))


def _period(value: dict[str, Any]) -> str:
    return f"{value.get('start', 'unknown')} to {value.get('end', 'now')}"


def _quantity(value: dict[str, Any]) -> str:
    return f"{value.get('value', '')} {value.get('unit') or value.get('code', '')}".strip()


SHAPES: tuple[tuple[frozenset[str], Callable[[dict[str, Any]], str]], ...] = (
    (frozenset({"coding", "text"}), _concept),
    (frozenset({"code", "display"}), _coding),
    (frozenset({"reference", "display"}), _reference),
    (frozenset({"start", "end"}), _period),
    (frozenset({"family", "given", "prefix", "suffix", "text"}), _name),
    (frozenset({"value", "unit", "code"}), _quantity),
)


def _words(name: str) -> str:
    """`serviceProvider` as "Service provider"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return spaced[:1].upper() + spaced[1:].lower()


def _indent(depth: int) -> int:
    return min(depth, 6) * INDENT
