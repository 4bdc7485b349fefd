"""A signed consent as its paper states it, every element of §2.31(a) a field, and as one row.

Rules kept here:
- A field left out is a blank on the paper, never a guess; only what the policy can read is accepted.
- Who signs or receives is named by ids and fixed words, since rows are not sealed.
- Lists are stored sorted, so that equal consents have equal rows.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from hub.errors import Malformed
from hub.model import Frozen
from hub.storage.denials import SHARE_NOTHING
from hub.storage.facts import instant
from policies import vocabulary as words

_EVENT = re.compile(r"[a-z_]{1,64}")
_LANGUAGE = re.compile(r"[A-Za-z-]{2,11}")
_MAX_NAME = 120
_MAX_LIST = 40
ENTERED_FORMS = frozenset({"part2", "ascmi_non_ab133", "ccc", "county_roi"})
"""Forms whose edition decides how they are read (hub/forms/crosswalk), and no rule of the policy."""


class EndEvent(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An end, or the start of revocability, by an event."""

    event: str


class ConsentForm(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of the case format, section 3. Dates and instants are ISO text."""

    kind: str
    patient: str | None = None
    discloser: tuple[str, ...] | None = None
    information: tuple[str, ...] | None = None
    recipients: tuple[str | dict[str, str], ...] | None = None
    intermediary: str | None = None
    participants: str | tuple[str, ...] | None = None
    states_redisclosure_rule: bool = False
    purposes: tuple[str, ...] | None = None
    patient_initiated: bool = False
    states_fundraising_opt_out: bool = False
    states_right_to_revoke: bool = False
    states_how_to_revoke: bool = False
    expires: str | EndEvent | None = None
    event_status: str | None = None
    """Of the event it ends on: `not_yet`, or the instant it happened; blank: unknown."""
    signed_by: tuple[str, ...] | None = None
    signature: str | None = None
    signed_on: str | None = None
    signed_at: str | None = None
    states_redisclosure_risk: bool = False
    states_refusal_consequences: bool = False
    written: bool = True
    conditioned: bool = False
    onward: tuple[str, ...] = ()
    revocable_from: str | EndEvent | None = None
    states_period: bool = False
    form: str | None = None
    language: str | None = None


class DenialForm(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A "share nothing", to everybody or as to some organizations. Dates and instants are ISO text."""

    as_to: tuple[str, ...] | None = None
    signed_by: tuple[str, ...] | None = (words.THE_PATIENT,)
    signature: str | None = None
    signed_on: str | None = None
    signed_at: str | None = None
    form: str | None = None
    language: str | None = None


def denial_row(denial: DenialForm, organizations: Collection[str], signers: Collection[str]) -> dict[str, Any]:
    """The denial's columns. Raises `Malformed` naming the field."""
    if denial.form not in {None, "ascmi_revocation"}:
        _one("form", denial.form, words.FORMS | ENTERED_FORMS)
    if denial.as_to is not None and not (denial.as_to and set(denial.as_to) <= set(organizations)):
        raise Malformed("Name organizations of the directory, or none for everybody.", field="as_to")
    blank = ConsentForm(
        kind="specific",
        patient=words.THE_PATIENT,
        recipients=denial.as_to,
        signed_by=denial.signed_by,
        signature=denial.signature,
        signed_on=denial.signed_on,
        signed_at=denial.signed_at,
        language=denial.language,
    )
    return form_row(blank, organizations, signers) | {"kind": SHARE_NOTHING, "form": denial.form}


def form_row(form: ConsentForm, organizations: Collection[str], signers: Collection[str]) -> dict[str, Any]:
    """The form's columns. Raises `Malformed` naming the field for a word or organization that is not known.

    `signers`: ids of those who may sign in the member's place.
    """
    _one("kind", form.kind, words.CONSENT_KINDS)
    _one("patient", form.patient, {words.THE_PATIENT})
    _one("signature", form.signature, words.SIGNATURES)
    _one("form", form.form, words.FORMS | ENTERED_FORMS)
    _one("intermediary", form.intermediary, organizations)
    if form.language is not None and not _LANGUAGE.fullmatch(form.language):
        raise Malformed("A language is its tag, as es or es-MX.", field="language")
    row = msgspec.structs.asdict(form)
    row["names_patient"] = row.pop("patient") is not None
    row["discloser"] = _list("discloser", form.discloser, {*organizations, words.TREATING_PROGRAMS})
    row["information"] = _list("information", form.information, _INFORMATION)
    row["recipients"] = _recipients(form.recipients, organizations)
    row["participants"] = _participants(form.participants, organizations)
    row["purposes"] = _list("purposes", form.purposes, _PURPOSES)
    row["signed_by"] = _list("signed_by", form.signed_by, {*_SIGNERS, *organizations, *signers})
    row["onward"] = _list("onward", form.onward, organizations)
    row["expires"] = _end("expires", form.expires, {"none"})
    row["revocable_from"] = _end("revocable_from", form.revocable_from, {words.AFTER_FINAL_DISPOSITION})
    row["event_status"] = event_status(form.event_status)
    row["signed_on"] = form.signed_on and _day("signed_on", form.signed_on)
    row["signed_at"] = form.signed_at and _microseconds(form.signed_at)
    return row


def event_status(text: str | None) -> str | None:
    """Where the event a consent ends on stands: `not_yet`, an instant, or nothing known."""
    return text if text in (None, "not_yet") else _instant("event_status", str(text)).isoformat()


def consent_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """A stored row in the words of the form, blanks left out; instants RFC 3339."""
    view = {name: value for name, value in row.items() if value is not None}
    for name in _LISTS & view.keys():
        view[name] = msgspec.json.decode(view[name])
    for name in _FLAGS & view.keys():
        view[name] = bool(view[name])
    for name in ("signed_at", "recorded_at"):
        if name in view:
            view[name] = instant(view[name]).isoformat()
    if str(view.get("participants", "")).startswith("["):
        view["participants"] = msgspec.json.decode(view["participants"])
    return view | {"patient": words.THE_PATIENT} if view.pop("names_patient") else view


_LISTS = {"discloser", "information", "recipients", "purposes", "signed_by", "onward", "revoked"}
_FLAGS = {field.name for field in msgspec.structs.fields(ConsentForm) if field.type is bool} | {
    "names_patient",
    "verified",
}
_INFORMATION = words.CLASSES | {words.COMPLETE_RECORD, words.ANY_AND_ALL}
_PURPOSES = words.CONSENT_PURPOSES | {words.AT_PATIENT_REQUEST}
_SIGNERS = (words.THE_PATIENT, words.THE_DIRECTOR)


def _one(field: str, value: str | None, known: Collection[str]) -> None:
    if value is not None and value not in known:
        raise Malformed("A word or an organization that is not known here.", field=field)


def _list(field: str, values: Iterable[str] | None, known: Collection[str]) -> str | None:
    if values is None:
        return None
    chosen = sorted(set(values))
    for value in chosen:
        _one(field, value, known)
    return _text(chosen)


def _recipients(values: tuple[str | dict[str, str], ...] | None, organizations: Collection[str]) -> str | None:
    if values is None:
        return None
    if len(values) > _MAX_LIST:
        raise Malformed("Too many recipients on one form.", field="recipients")
    for value in values:
        if isinstance(value, str):
            _one("recipients", value, {*organizations, *words.RECIPIENT_CLASSES})
        elif value.keys() == {"person", "at"}:
            _one("recipients", value["person"], organizations)
            _one("recipients", value["at"], organizations)
        elif value.keys() != {"as_written"} or not 0 < len(value["as_written"]) <= _MAX_NAME:
            raise Malformed("A recipient is an id, a class, `as_written`, or `person` and `at`.", field="recipients")
    return "[" + ",".join(sorted({_text(value) for value in values})) + "]"


def _participants(values: str | tuple[str, ...] | None, organizations: Collection[str]) -> str | None:
    if isinstance(values, str):
        _one("participants", values, {words.TREATING_PARTICIPANTS, words.ALL_PARTICIPANTS})
        return values
    return _list("participants", values, organizations)


def _end(field: str, value: str | EndEvent | None, fixed: Collection[str]) -> str | None:
    if value is None or (isinstance(value, str) and value in fixed):
        return value
    if isinstance(value, EndEvent):
        if not _EVENT.fullmatch(value.event):
            raise Malformed("An event is named in small letters and underscores.", field=field)
        return f"event:{value.event}"
    return _day(field, value) if "T" not in value else _instant(field, value).isoformat()


def _day(field: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Malformed("A date is written YYYY-MM-DD.", field=field) from None


def _instant(field: str, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901 - naive on purpose, refused below
    if instant.tzinfo is None:
        raise Malformed("An instant is RFC 3339 with its offset from UTC.", field=field)
    return instant


def _microseconds(text: str) -> int:
    return int(_instant("signed_at", text).timestamp() * 1_000_000)


def _text(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
