"""The consents of a case: a template, the fields the case overrides, and the stand-ins of that case (section 3)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from hub.casebook.fields import DATE, Fields, a_date, a_list, a_word, an_instant, fault
from policies.model import AsWritten, Consent, Event, PersonAt, Revocation
from policies.vocabulary import (
    AFTER_FINAL_DISPOSITION,
    ALL_PARTICIPANTS,
    ANY_AND_ALL,
    AT_PATIENT_REQUEST,
    CLASSES,
    COMPLETE_RECORD,
    CONSENT_KINDS,
    CONSENT_PURPOSES,
    FORMS,
    RECIPIENT_CLASSES,
    REVOCATIONS,
    SIGNATURES,
    THE_DIRECTOR,
    THE_PATIENT,
    TREATING_PARTICIPANTS,
    TREATING_PROGRAMS,
)

ELEMENTS = (
    "kind",
    "patient",
    "discloser",
    "information",
    "recipients",
    "states_redisclosure_rule",
    "purposes",
    "patient_initiated",
    "states_fundraising_opt_out",
    "states_right_to_revoke",
    "states_how_to_revoke",
    "expires",
    "signed_by",
    "signature",
    "signed_on",
    "states_redisclosure_risk",
    "states_refusal_consequences",
)
OPTIONAL = (
    "intermediary",
    "participants",
    "signed_at",
    "written",
    "verified",
    "revoked",
    "conditioned",
    "onward",
    "revocable_from",
    "states_period",
    "form",
    "language",
)
FLAGS = (
    "states_redisclosure_rule",
    "patient_initiated",
    "states_fundraising_opt_out",
    "states_right_to_revoke",
    "states_how_to_revoke",
    "states_redisclosure_risk",
    "states_refusal_consequences",
    "conditioned",
    "states_period",
)


class People(NamedTuple):
    """Who stands for whom in one case, and who may be named at all."""

    patient: str
    discloser: str
    recipient: str
    parties: Mapping[str, Any]
    patients: Mapping[str, Any]

    def party(self, where: str, value: object, *more: str) -> str:
        """A party by name or stand-in; `more` are words of the format that fit here too."""
        stand_ins = {
            "the-discloser": self.discloser,
            "the-recipient": self.recipient,
            THE_PATIENT: THE_PATIENT,
            THE_DIRECTOR: THE_DIRECTOR,
        }
        if isinstance(value, str) and value in stand_ins:
            return stand_ins[value]
        return a_word(where, value, {*self.parties, *more})


def read_consent(where: str, name: str, value: object, templates: Mapping[str, Any], people: People) -> Consent:
    """One consent of a case. Raises Malformed."""
    own = Fields(where, value, {"like", *ELEMENTS, *OPTIONAL})
    own.required("like")
    template = templates[own.word("like", templates, "")]
    if not isinstance(template, Mapping):
        fault(own.at("like"), "the template should be a mapping of fields")
    whole = {**template, **{key: entry for key, entry in own.values.items() if key != "like"}}
    fields = Fields(where, whole, {*ELEMENTS, *OPTIONAL})
    for element in ELEMENTS:
        fields.required(element)
    kind = fields.word("kind", CONSENT_KINDS, "")
    if (kind == "intermediary") != fields.has("intermediary"):
        fault(where, "kind intermediary and field intermediary go together")
    flags = {flag: fields.flag(flag, False) for flag in FLAGS}
    return Consent(
        id=name,
        kind=kind,
        patient=_patient(fields, people),
        discloser=_listed(fields, "discloser", people, TREATING_PROGRAMS),
        information=_words(fields, "information", CLASSES | {COMPLETE_RECORD, ANY_AND_ALL}),
        recipients=_recipients(fields, people),
        intermediary=_one(fields, "intermediary", people),
        participants=_participants(fields, people),
        purposes=_purposes(fields),
        expires=_expires(fields),
        signed_by=_signers(fields, people),
        signature=fields.optional_word("signature", SIGNATURES),
        signed_on=fields.date("signed_on"),
        signed_at=fields.instant("signed_at"),
        written=fields.flag("written", True),
        verified=fields.flag("verified", True),
        revoked=a_list(fields.at("revoked"), fields.values.get("revoked", []), lambda w, v: _revocation(w, v, people)),
        onward=frozenset(_listed(fields, "onward", people) or ()),
        revocable_from=_revocable(fields),
        form=fields.optional_word("form", FORMS),
        language=fields.text("language"),
        **flags,
    )


def _patient(fields: Fields, people: People) -> str | None:
    word = fields.optional_word("patient", {THE_PATIENT, *people.patients})
    return people.patient if word == THE_PATIENT else word


def _one(fields: Fields, name: str, people: People) -> str | None:
    value = fields.values.get(name)
    return None if value is None else people.party(fields.at(name), value)


def _listed(fields: Fields, name: str, people: People, *more: str) -> tuple[str, ...] | None:
    value = fields.values.get(name)
    if value is None:
        return None
    return a_list(fields.at(name), value, lambda where, entry: people.party(where, entry, *more))


def _words(fields: Fields, name: str, vocabulary: frozenset[str]) -> frozenset[str] | None:
    return None if fields.values.get(name) is None else fields.words(name, vocabulary)


def _purposes(fields: Fields) -> frozenset[str] | None:
    found = _words(fields, "purposes", CONSENT_PURPOSES | {AT_PATIENT_REQUEST})
    if found is not None and AT_PATIENT_REQUEST in found and len(found) > 1:
        fault(fields.at("purposes"), "at_patient_request stands alone")
    return found


def _recipients(fields: Fields, people: People) -> tuple[str | AsWritten | PersonAt, ...] | None:
    value = fields.values.get("recipients")
    if value is None:
        return None

    def entry(where: str, one: object) -> str | AsWritten | PersonAt:
        if not isinstance(one, Mapping):
            return people.party(where, one, *RECIPIENT_CLASSES)
        if "as_written" in one:
            written = Fields(where, one, {"as_written"})
            return AsWritten(written.text("as_written") or fault(where, "as_written is empty"))
        person = Fields(where, one, {"person", "at"})
        return PersonAt(
            people.party(person.at("person"), person.required("person")),
            people.party(person.at("at"), person.required("at")),
        )

    return a_list(fields.at("recipients"), value, entry)


def _participants(fields: Fields, people: People) -> frozenset[str] | str | None:
    value = fields.values.get("participants")
    if isinstance(value, str):
        return fields.word("participants", {TREATING_PARTICIPANTS, ALL_PARTICIPANTS}, "")
    listed = _listed(fields, "participants", people)
    return None if listed is None else frozenset(listed)


def _signers(fields: Fields, people: People) -> frozenset[str] | None:
    """The patient by id, the director as such, parties and other patients."""
    listed = _listed(fields, "signed_by", people, *people.patients)
    return None if listed is None else frozenset(people.patient if who == THE_PATIENT else who for who in listed)


def _expires(fields: Fields) -> date | datetime | Event | str | None:
    value = fields.values["expires"]
    if value is None:
        return None
    if value == "none":
        return "none"
    return _event_or_date(fields, "expires", value)


def _revocable(fields: Fields) -> date | Event | str | None:
    value = fields.values.get("revocable_from")
    if value is None:
        return None
    if value == AFTER_FINAL_DISPOSITION:
        return AFTER_FINAL_DISPOSITION
    found = _event_or_date(fields, "revocable_from", value)
    return fault(fields.at("revocable_from"), "should be a date or an event") if isinstance(found, datetime) else found


def _event_or_date(fields: Fields, name: str, value: object) -> date | datetime | Event:
    if isinstance(value, Mapping):
        event = Fields(fields.at(name), value, {"event"})
        return Event(event.required_text("event"))
    if isinstance(value, str) and DATE.fullmatch(value):
        return a_date(fields.at(name), value)
    return an_instant(fields.at(name), value)


def _revocation(where: str, value: object, people: People) -> Revocation:
    fields = Fields(where, value, {"at", "how", "as_to"})
    fields.required("how")
    as_to = _listed(fields, "as_to", people)
    if as_to == ():
        fault(fields.at("as_to"), "is empty; leave it out to mean all")
    return Revocation(
        an_instant(fields.at("at"), fields.required("at")),
        fields.word("how", REVOCATIONS, ""),
        None if as_to is None else frozenset(as_to),
    )
