"""What was stated for a disclosure, in the reader's language: names of fields, fixed words; what a person wrote stays.

Ids and digests stand as they are. Whatever form a basis has, each of its fields and fixed words has a text (tested).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from hub.web.desk.named import Names
from hub.web.pages import terms, times
from hub.web.pages.visit import Visit
from hub.web.pages.words import named, words

_AT = frozenset({"at", "expires"})
_ORGANIZATIONS = frozenset({"holder", "recipients"})
_CODES = frozenset({"document", "agreement", "digest"})


class Field(NamedTuple):
    name: str
    values: list[str]
    code: bool
    """The values are for a machine."""


class Part(NamedTuple):
    """One basis, or one of several findings."""

    name: str
    fields: list[Field]


def parts(visit: Visit, evidence: Mapping[str, Any], known: Names) -> list[Part]:
    """The evidence as `hub.bases.evidence.read` opens it."""
    kinds = {kind: stated for kind, stated in evidence.items() if kind != "disclosed_at"}
    return [
        Part(named(visit.language, "evidence", kind), _fields(visit, kind, form, known))
        for kind, stated in kinds.items()
        for form in (stated if isinstance(stated, list) else [stated])
    ]


def _fields(visit: Visit, kind: str, form: Mapping[str, Any], known: Names) -> list[Field]:
    """Of one form; what is empty is left out, and what is put together of several is said one by one."""
    base, found = kind.removesuffix(".document"), []
    for name, value in form.items():
        if isinstance(value, Mapping):
            found += _fields(visit, kind, value, known)
        elif value not in (None, "", []):
            values = value if isinstance(value, list) else [value]
            said = [_said(visit, base, name, each, known) for each in values]
            found.append(Field(_label(visit, base, name), said, name in _CODES))
    return found


def _label(visit: Visit, kind: str, name: str) -> str:
    """The form's own word for a field, or the one that all forms share."""
    own = f"evidence_field.{kind}.{name}"
    return words(visit.language).get(own) or named(visit.language, "evidence_field.any", name)


def _said(visit: Visit, kind: str, name: str, value: Any, known: Names) -> str:
    if isinstance(value, bool):
        return visit.say("registers.yes" if value else "registers.no")
    text = str(value)
    if name in _AT:
        return _moment(visit, text)
    if name in _ORGANIZATIONS:
        return known.organization(text)
    if name == "information":
        return terms.classes(visit.language, text)
    return words(visit.language).get(f"evidence_value.{kind}.{name}.{text.replace('.', '-')}", text)


def _moment(visit: Visit, text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    if at.tzinfo is None:
        return text
    return times.moment(int(at.timestamp() * 1_000_000), visit.hub.zone, visit.language)
