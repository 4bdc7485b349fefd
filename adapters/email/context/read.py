"""Finds and reads the context of an opened message."""

import re
from collections.abc import Iterator
from datetime import date

from adapters.email.context.model import (
    ACTIONS,
    CATEGORIES,
    ENCAPSULATIONS,
    EVENT_FIELDS,
    PATIENT_FIELDS,
    PURPOSES,
    VERSIONS,
    Context,
    ContextError,
    PatientId,
)
from adapters.email.mime import Entity, MimeError, parts_of, read_part
from adapters.email.notices.fields import Fields, groups_of, message_id_of

HEADER = "X-Direct-Context"
_OID = re.compile(r"(?:urn:oid:)?([0-2](?:\.(?:0|[1-9][0-9]*))+)")
_DEEPEST = 5
_PATIENT = {name.lower(): name for name in PATIENT_FIELDS}
_KNOWN = {"version", "id", "patient-id", "type", "purpose", "patient", "encapsulation", *EVENT_FIELDS}


def find_context(message: Entity) -> Context | None:
    """The context that a message names in its header; none if it names none. Raises `ContextError`."""
    named = message_id_of(message.field(HEADER))
    if not named:
        return None
    part = next((each for each in _parts(message, 0) if _content_id(each) == named), None)
    if part is None:
        raise ContextError("The message names a context that is not in it.", code="context-missing")
    try:
        return read_context(part.decoded())
    except MimeError:
        raise ContextError("The context cannot be decoded.") from None


def encapsulated(message: Entity, kind: str = "hl7v2") -> list[bytes]:
    """The encapsulated messages, `application/x-direct-encapsulated+hl7v2`. Raises `ContextError`."""
    wanted = f"application/x-direct-encapsulated+{kind}"
    try:
        return [each.decoded() for each in _parts(message, 0) if each.media_type == wanted]
    except MimeError:
        raise ContextError("An encapsulated message cannot be decoded.") from None


def read_context(text: bytes) -> Context:
    """The context in the text of metadata.txt. Raises `ContextError`."""
    fields: Fields = {}
    for group in groups_of(text.removeprefix(b"\xef\xbb\xbf")):
        fields = {**group, **fields}
    if not fields.get("id"):
        raise ContextError("The context has no id.")
    version = fields.get("version", "1.0")
    if version not in VERSIONS:
        raise ContextError("The context is of an unknown version.", code="context-version")
    category, action = _type(fields.get("type", ""))
    return Context(
        id=fields["id"],
        version=version,
        category=category,
        action=action,
        purpose=_word(fields.get("purpose", ""), PURPOSES, "context-purpose"),
        patient_ids=tuple(_patient_ids(fields.get("patient-id", ""))),
        patient=_patient(fields.get("patient", "")),
        encapsulation=_word(fields.get("encapsulation", ""), ENCAPSULATIONS, "context-encapsulation"),
        event={name: fields[name] for name in EVENT_FIELDS if name in fields},
        other={name: value for name, value in fields.items() if name not in _KNOWN},
    )


def _parts(entity: Entity, depth: int) -> Iterator[Entity]:
    yield entity
    if entity.media_type.startswith("multipart/") and depth < _DEEPEST:
        try:
            inner = [read_part(part) for part in parts_of(entity, unclosed=True) if part.strip()]
        except MimeError:
            raise ContextError("The parts of the message cannot be told apart.") from None
        for each in inner:
            yield from _parts(each, depth + 1)


def _content_id(entity: Entity) -> str:
    return message_id_of(entity.field("content-id"))


def _type(text: str) -> tuple[str, str]:
    if not text:
        return "", ""
    category, slash, action = (each.strip().lower() for each in text.partition("/"))
    if not slash or category not in CATEGORIES or action not in ACTIONS:
        raise ContextError("The context's type is not CATEGORY/ACTION.", code="context-type")
    return category, action


def _word(text: str, known: "frozenset[str] | dict[str, str]", code: str) -> str:
    word = text.strip().lower()
    if word and word not in known:
        raise ContextError("The context uses a word that the standard does not have.", code=code)
    return word


def _patient_ids(text: str) -> Iterator[PatientId]:
    for each in filter(None, map(str.strip, text.split(";"))):
        system, _, value = each.partition(":") if not each.startswith("urn:oid:") else _of_urn(each)
        found = _OID.fullmatch(system.strip())
        if not found or not value.strip():
            raise ContextError("A patient id is not OID:VALUE.", code="context-patient-id")
        yield PatientId(found[1], value.strip())


def _of_urn(text: str) -> tuple[str, str, str]:
    return text.removeprefix("urn:oid:").partition(":")


def _patient(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in filter(None, map(str.strip, text.split(";"))):
        name, equals, value = each.partition("=")
        known = _PATIENT.get(name.strip().lower())
        if not equals or known is None or known in found:
            raise ContextError("A field of the context's patient is unknown.", code="context-patient")
        found[known] = value.strip()
    if "dateOfBirth" in found:
        try:
            date.fromisoformat(found["dateOfBirth"])
        except ValueError:
            raise ContextError("The patient's date of birth is not YYYY-MM-DD.", code="context-patient") from None
    return found
