"""Other parties' consent forms, read into the elements of §2.31 by an effective-dated crosswalk kept as data.

Rules kept here:
- An element that neither the printed text nor the answers state stays blank, and a blank consent carries nothing.
- The edition in use on the day of signing decides; for a day without one, the elements are entered one by one.
- "Share nothing" (every kind of information refused) becomes a denial, never a consent without information.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from hub.casebook.yamltext import load_file
from hub.errors import Malformed
from hub.model import Frozen
from hub.storage.consent_form import ConsentForm, DenialForm, EndEvent

SHARE, DO_NOT_SHARE = "share", "do_not_share"
Answer = str | tuple[str, ...] | bool
Takes = Literal["choice", "words", "end", "mark"]


class Field(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field of the form: the element of §2.31 it fills, and the classes that a choice to share stands for."""

    element: str
    takes: Takes
    law: str
    shares: tuple[str, ...] = ()
    choices: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """What a printed choice means in the words of the case format."""


class Question(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What nobody has checked on the form itself; settled by counsel with the form in hand."""

    about: str
    asks: str
    assumed: str


class Edition(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edition of one form. Days are ISO; `until` is the last day on which it was handed out."""

    form: str
    title: dict[str, str]
    edition: str
    since: str
    until: str | None = None
    becomes: Literal["consent", "denial"] = "consent"
    states: dict[str, Any] = msgspec.field(default_factory=dict)
    """Elements that the printed text states, whoever fills it in."""
    fields: dict[str, Field] = msgspec.field(default_factory=dict)
    not_stated: tuple[str, ...] = ()
    """Elements of §2.31(a) that this form leaves open; a consent on it lacks them unless an answer gives them."""
    open_questions: tuple[Question, ...] = ()

    def in_use(self, day: str) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


class Filled(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A form as somebody filled it in: answers by field, and how it was signed."""

    form: str
    answers: dict[str, Answer] = msgspec.field(default_factory=dict)
    signed_on: str
    signed_by: tuple[str, ...] | None = ("the-patient",)
    signature: str | None = "handwritten"
    language: str | None = None


@cache
def editions() -> tuple[Edition, ...]:
    """Every edition of every form, oldest first."""
    found = [msgspec.convert(load_file(path), Edition) for path in sorted(Path(__file__).parent.glob("*.yaml"))]
    return tuple(sorted(found, key=lambda each: (each.form, each.since)))


def edition_of(form: str, signed_on: str) -> Edition:
    """The edition in use on the day of signing. Raises `Malformed`."""
    known = [each for each in editions() if each.form == form]
    if not known:
        raise Malformed("There is no crosswalk for this form; enter its elements one by one.", field="filled.form")
    try:
        day = date.fromisoformat(signed_on).isoformat()
    except ValueError:
        raise Malformed("A date is written YYYY-MM-DD.", field="filled.signed_on") from None
    fitting = [each for each in known if each.in_use(day)]
    if not fitting:
        raise Malformed("This form was not in use that day; enter its elements one by one.", field="filled.signed_on")
    return fitting[-1]


def mapped(filled: Filled) -> tuple[ConsentForm | DenialForm, dict[str, str]]:
    """The elements that the form states, and its id and edition for the history. Raises `Malformed`."""
    edition = edition_of(filled.form, filled.signed_on)
    unknown = filled.answers.keys() - edition.fields.keys()
    if unknown:
        raise Malformed("The form has no such field.", field="filled.answers")
    origin = {"form": edition.form, "form_edition": edition.edition}
    signed = {name: getattr(filled, name) for name in ("signed_on", "signed_by", "signature", "language")}
    if edition.becomes == "denial" or shares_nothing(edition, filled.answers):
        return DenialForm(form=edition.form, **signed), origin
    elements = {"information": _shared(edition, filled.answers), **edition.states}
    for name, answer in filled.answers.items():
        field = edition.fields[name]
        if field.takes != "choice":
            _put(elements, field, _value(name, field, answer))
    return _consent({**elements, **signed, "form": edition.form}), origin


def shares_nothing(edition: Edition, answers: Mapping[str, Answer]) -> bool:
    """Every choice of the form was made, and every one says no. A choice left blank is a blank, not a no."""
    choices = [name for name, field in edition.fields.items() if field.takes == "choice"]
    return bool(choices) and all(answers.get(name) == DO_NOT_SHARE for name in choices)


def _shared(edition: Edition, answers: Mapping[str, Answer]) -> tuple[str, ...] | None:
    shared: set[str] = set()
    for name, field in edition.fields.items():
        if field.takes == "choice":
            answer = answers.get(name)
            if answer not in {None, SHARE, DO_NOT_SHARE}:
                raise Malformed("A choice is share or do_not_share.", field=f"filled.answers.{name}")
            shared |= set(field.shares) if answer == SHARE else set()
    return tuple(sorted(shared)) or None


def _value(name: str, field: Field, answer: Answer) -> Any:
    """What an answer puts into its element. Raises `Malformed` naming the field."""
    if field.takes == "mark":
        return bool(answer)
    given = (answer,) if isinstance(answer, str) else answer
    if not isinstance(given, tuple):
        raise Malformed("This field takes words.", field=f"filled.answers.{name}")
    chosen = [value for each in given for value in field.choices.get(each, (each,))]
    if field.takes == "end":
        return _end(name, chosen)
    return tuple(chosen)


def _end(name: str, chosen: list[str]) -> str | EndEvent:
    if len(chosen) != 1:
        raise Malformed("A form ends once.", field=f"filled.answers.{name}")
    kind, _, event = chosen[0].partition(":")
    return EndEvent(event=event) if kind == "event" else chosen[0]


def _put(elements: dict[str, Any], field: Field, value: Any) -> None:
    """Two fields of one list (a name and a class of recipient) are one element."""
    before = elements.get(field.element)
    if isinstance(value, tuple) and isinstance(before, list | tuple):
        value = (*before, *value)
    elements[field.element] = value


def _consent(elements: dict[str, Any]) -> ConsentForm:
    try:
        return msgspec.convert(elements, ConsentForm)
    except msgspec.ValidationError:
        raise Malformed("The answers do not fit the elements of the form.", field="filled.answers") from None
