"""How a list of work or of registers is narrowed, as it stands in its address: fixed words, never a name."""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from hub.errors import NotAvailable
from hub.web.pages.visit import Visit

AGES: Mapping[str, int] = {"day": 1, "week": 7, "month": 30, "quarter": 90}
"""Days that something has waited for at least."""
_CODE = re.compile(r"[a-z0-9._-]{1,64}")
_DAY_US = timedelta(days=1) // timedelta(microseconds=1)


class Narrowed(NamedTuple):
    path: str
    texts: Mapping[str, str]

    def address(self, **changes: str) -> str:
        """The list with some choices changed (empty: taken away), from its first page on."""
        kept = {name: value for name, value in {**self.texts, **changes}.items() if value}
        return self.path + (f"?{urlencode(kept)}" if kept else "")

    def text(self, name: str) -> str:
        """A choice; empty if it does not narrow."""
        return self.texts.get(name, "")

    def narrows(self, *but: str) -> bool:
        """Whether anything but these choices is chosen."""
        return not set(self.texts) <= set(but)


def read(visit: Visit, path: str, choices: Mapping[str, Collection[str] | None]) -> Narrowed:
    """What of these choices the address makes; none: any code. Raises `NotAvailable` for a word that there is not."""
    texts = {name: value for name in choices if (value := visit.asked(name))}
    for name, value in texts.items():
        known = choices[name]
        if not _CODE.fullmatch(value) or (known is not None and value not in known):
            raise NotAvailable
    return Narrowed(path, texts)


def ages_named(visit: Visit) -> list[tuple[str, str]]:
    """The ages that may be chosen, in words."""
    return [(each, visit.say(f"age.{each}")) for each in AGES]


def since(visit: Visit, age: str) -> int | None:
    """The instant (microseconds UTC) at or before which what has waited so long began; none: any."""
    return visit.hub.clock.now() - AGES[age] * _DAY_US if age else None
