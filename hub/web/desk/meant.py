"""Whom a name and a birth date mean, however they are written: found through keyed hashes, never by listing people."""

import re
from collections.abc import Iterator
from datetime import datetime

from hub.context import Hub
from hub.errors import Malformed
from hub.storage import members

_WRITTEN = re.compile(r"(?P<name>.*\D)\s*(?P<born>\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{4})")
_MOST_WORDS = 6


async def by_name(hub: Hub, text: str) -> list[str]:
    """The members whom "Given Family 1988-04-11" or "Family, Given 4/11/1988" may mean; none for anything else."""
    parts = _WRITTEN.fullmatch(text.strip())
    born = _date(parts["born"]) if parts else None
    if parts is None or born is None:
        return []
    found: dict[str, None] = {}
    for given, family in _read(parts["name"]):
        try:
            found |= dict.fromkeys(await members.find_by_name_born(hub, given, family, born))
        except Malformed:
            continue
    return list(found)


def _read(name: str) -> Iterator[tuple[str, str]]:
    """Given and family name, wherever the one may end and the other begin."""
    family, comma, given = name.strip(" ,").partition(",")
    if comma:
        yield given.strip(), family.strip()
        return
    words = name.split()[:_MOST_WORDS]
    for at in range(1, len(words)):
        yield " ".join(words[:at]), " ".join(words[at:])


def _date(text: str) -> str | None:
    try:
        return datetime.strptime(text, "%m/%d/%Y" if "/" in text else "%Y-%m-%d").date().isoformat()  # noqa: DTZ007 - a day
    except ValueError:
        return None
