"""What the letters say, by language; and how dates, addresses, information and reasons are called to a patient."""

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from hub.casebook.yamltext import load_file
from hub.forms.own import Language
from hub.model import Frozen
from hub.storage.facts import instant
from policies.readback import SPOKEN
from policies.texts import LANGUAGES
from policies.vocabulary import BASE_OF

Said = dict[str, str]


class Words(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All letters in one language."""

    greeting: str
    closing: str
    privacy_office: str
    reference: str
    page: str
    phone: str
    accounting: Said
    list: Said
    extension: Said
    breach: Said
    check: dict[str, str | tuple[str, ...]]
    proofs: Said
    recall: Said


@cache
def words(language: Language) -> Words:
    """The letters' words."""
    found: Any = load_file(Path(__file__).with_name(f"{language}.yaml"))
    return msgspec.convert(found, Words)


class Speech:
    """How one language calls things, in one county's zone."""

    def __init__(self, language: Language, zone: ZoneInfo) -> None:
        self.language = language
        self.words = words(language)
        self._zone = zone
        self._spoken, self._text = SPOKEN[language], LANGUAGES[language]

    def day(self, at: int) -> str:
        """The local day of an instant (microseconds UTC), as people write it."""
        day = instant(at).astimezone(self._zone)
        month = self._spoken.months[day.month - 1]
        return self._spoken.frames["day"].format(month=month, day=day.day, year=day.year)

    def information(self, classes: tuple[str, ...]) -> str:
        """Classes of information, with a capital letter."""
        named = [self._spoken.classes.get(each, each) for each in classes]
        joined = self._spoken.frames["and"].join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
        return joined[:1].upper() + joined[1:]

    def purpose(self, purpose: str) -> str:
        """A purpose of use."""
        purposes = self._text.purposes
        return purposes.get(purpose) or purposes[BASE_OF.get(purpose, purpose)]

    def place(self, address: str, way: str = "") -> str:
        """Where a disclosure went, or how (`way`, if not through the hub): the address of 45 CFR 164.528(b)(2)(ii), as
        a person would read it.
        """
        said = self.words.accounting
        if way:
            return ",\n".join(filter(None, (address, said[f"way_{way}"])))
        if address.startswith("https://"):
            return said["by_api"].format(address=urlsplit(address).hostname)
        return said["by_mail" if "@" in address else "by_fax"].format(address=telephone(address))


def telephone(address: str) -> str:
    """A number of this country as people write it."""
    number = address.removeprefix("+1")
    if address.startswith("+1") and len(number) == 10:
        return f"{number[:3]}-{number[3:6]}-{number[6:]}"
    return address
