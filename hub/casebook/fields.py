"""One mapping of a case file, read field by field: every field is known, of its type, and in its vocabulary.

Raises Malformed with the place (file, case, field) and never the text of a value, except for a word of the format
itself: a value may name a patient.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any, NoReturn, TypeVar

from hub.errors import Malformed

KEY = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
NAME = re.compile(r"[a-z0-9_-]+")
CODE = re.compile(r"[a-z_]+(\.[a-z_]+)+")
LONGEST_WORD = 60
LONGEST_NAME = 120
T = TypeVar("T")


def fault(where: str, what: str) -> NoReturn:
    """One line: where, and what is wrong."""
    raise Malformed(f"{where}: {what}", code="malformed-case", field=where)


def quoted(value: object) -> str:
    """A word or a reason code as the format writes them, for an error; anything else is not repeated."""
    word = isinstance(value, str) and len(value) <= LONGEST_WORD and (KEY.fullmatch(value) or CODE.fullmatch(value))
    return f'"{value}"' if word else "that is no word of the format"


def names_in(where: str, entries: Mapping[Any, Any]) -> Mapping[str, Any]:
    """A mapping whose keys are names, so that an error may say them."""
    for key in entries:
        if not (isinstance(key, str) and len(key) <= LONGEST_NAME and NAME.fullmatch(key)):
            fault(where, "a name is small letters, digits and dashes")
    return entries


class Fields:
    """A mapping and the place where it stands."""

    def __init__(self, where: str, value: object, allowed: Collection[str]) -> None:
        if not isinstance(value, Mapping):
            fault(where, "should be a mapping of fields")
        for name in value:
            if name not in allowed:
                fault(where, f"unknown field {quoted(name)}")
        self.where = where
        self.values: Mapping[str, Any] = value

    def at(self, name: str) -> str:
        return f"{self.where}: {name}"

    def has(self, name: str) -> bool:
        return name in self.values

    def _read(self, name: str, default: T, read: Callable[[str, object], T]) -> T:
        return read(self.at(name), self.values[name]) if name in self.values else default

    def required(self, name: str) -> object:
        if name not in self.values:
            fault(self.where, f'field "{name}" is missing')
        return self.values[name]

    def required_text(self, name: str) -> str:
        """One line of text: it is printed, and named in errors."""
        text = a_text(self.at(name), self.required(name))
        return text if text.isprintable() else fault(self.at(name), "should be one line of text")

    def flag(self, name: str, default: bool) -> bool:
        return self._read(name, default, a_flag)

    def word(self, name: str, vocabulary: Collection[str], default: str) -> str:
        return self._read(name, default, lambda where, value: a_word(where, value, vocabulary))

    def optional_word(self, name: str, vocabulary: Collection[str]) -> str | None:
        return self.word(name, vocabulary, "") if self.values.get(name) is not None else None

    def text(self, name: str) -> str | None:
        return self._read(name, None, a_text) if self.values.get(name) is not None else None

    def words(self, name: str, vocabulary: Collection[str]) -> frozenset[str]:
        return frozenset(a_list(self.at(name), self.values.get(name, []), lambda w, v: a_word(w, v, vocabulary)))

    def date(self, name: str) -> date | None:
        return a_date(self.at(name), self.values[name]) if self.values.get(name) is not None else None

    def instant(self, name: str) -> datetime | None:
        return an_instant(self.at(name), self.values[name]) if self.values.get(name) is not None else None


def a_flag(where: str, value: object) -> bool:
    return value if isinstance(value, bool) else fault(where, "should be true or false")


def a_text(where: str, value: object) -> str:
    return value if isinstance(value, str) and value else fault(where, "should be text")


def a_word(where: str, value: object, vocabulary: Collection[str]) -> str:
    if not isinstance(value, str):
        fault(where, "should be a word")
    if value not in vocabulary:
        fault(where, f"unknown word {quoted(value)}")
    return value


def a_list(where: str, value: object, read: Callable[[str, object], T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        fault(where, "should be a list")
    return tuple(read(where, entry) for entry in value)


def a_date(where: str, value: object) -> date:
    if not (isinstance(value, str) and DATE.fullmatch(value)):
        fault(where, "should be a date like 2026-03-02, in quotes")
    try:
        return date.fromisoformat(value)
    except ValueError:
        fault(where, "no such day")


def an_instant(where: str, value: object) -> datetime:
    if not (isinstance(value, str) and INSTANT.fullmatch(value)):
        fault(where, "should be an instant with its offset, like 2026-03-02T10:00:00-08:00")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        fault(where, "no such instant")
