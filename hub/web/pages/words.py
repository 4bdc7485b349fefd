"""What pages say, in each language: YAML beside the pages, the same keys in every language (checked by test)."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hub.casebook.yamltext import load_file
from hub.waiting.listing import MOST

LANGUAGES = ("en", "es")
NAMES = {"en": "English", "es": "Español"}
_WEB = Path(__file__).parents[1]
FOLDERS = (_WEB / "pages" / "texts", _WEB / "desk" / "texts", _WEB / "pickup" / "texts")


@cache
def words(language: str) -> Mapping[str, str]:
    """Every text by its dotted key."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for path in sorted(folder.glob(f"*.{language}.yaml")):
            found.update(_flat("", load_file(path)))
    return found


def say(language: str, key: str, **values: object) -> str:
    """One text, filled in. Raises `KeyError` for one that is not there."""
    text = words(language)[key]
    return text.format(**values) if values else text


def named(language: str, table: str, code: str | None) -> str:
    """How a code is called; the code itself where nobody has named it yet."""
    return words(language).get(f"{table}.{code}", code or "–")


def many(n: int) -> str:
    """A number that was counted no further than for a page: `1,000+`."""
    return f"{MOST:,}+" if n > MOST else f"{n:,}"


def language_of(asked: str, accepted: str) -> str:
    """The language asked for, else the first that the browser accepts and there is, else English."""
    if asked in LANGUAGES:
        return asked
    wished = (each.partition(";")[0].strip().lower()[:2] for each in accepted.split(","))
    return next((each for each in wished if each in LANGUAGES), LANGUAGES[0])


def _flat(before: str, tree: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in tree.items():
        name = f"{before}{key}"
        found.update(_flat(f"{name}.", value) if isinstance(value, dict) else {name: str(value)})
    return found
