"""The schedule: which kind of payload is kept how many years, under which law, in force since when."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml

from hub.casebook.yamltext import Loader
from hub.errors import ConfigurationError
from hub.model import Frozen

LEAST_YEARS = 6
"""45 CFR 164.316(b)(2)(i), 164.530(j)(2): no county's own schedule goes below."""
_ADULT = 18
KINDS = ("packet", "evidence", "consent_paper", "arrival", "matter", "history", "note", "member")


class Rule(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edition for one kind of payload."""

    since: date
    years: int
    law: str
    minor_until: int | None = None
    """Age that a patient who was a minor when the clock started must have reached."""
    verify: bool = False
    """County counsel has still to confirm it."""


Schedule = dict[str, tuple[Rule, ...]]


class Due(NamedTuple):
    """From which day on a payload may be destroyed, and under which law."""

    day: date
    law: str


@cache
def published() -> Schedule:
    """The schedule that comes with the hub."""
    return _read(Path(__file__).with_name("schedule.yaml").read_text(encoding="utf-8"))


def read_schedule(path: Path) -> Schedule:
    """The hub's schedule with the county's own in place of what it names. Raises `ConfigurationError`."""
    try:
        own = _read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("HUB_RETENTION is `off`, or a text file that can be read.") from None
    return published() | own


def due(schedule: Schedule, kind: str, start: date, today: date, born: date | None) -> Due:
    """When a payload whose clock started on that day is due; `born`: of the patient, if known.

    Of all editions in force at some time from then until today, the longest counts.
    """
    editions = sorted(schedule[kind], key=lambda rule: rule.since)
    in_force = [rule for n, rule in enumerate(editions) if _overlaps(editions, n, start, today)] or editions[:1]
    return max(Due(_end(rule, start, born), rule.law) for rule in in_force)


def add_years(day: date, years: int) -> date:
    """The same day so many years later; the first of March for a leap day that is not there."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _overlaps(editions: list[Rule], n: int, start: date, today: date) -> bool:
    ends_before_start = n + 1 < len(editions) and editions[n + 1].since <= start
    return editions[n].since <= today and not ends_before_start


def _end(rule: Rule, start: date, born: date | None) -> date:
    end = add_years(start, rule.years)
    if rule.minor_until is not None and born is not None and start < add_years(born, _ADULT):
        end = max(end, add_years(born, rule.minor_until))
    return end


def _read(text: str) -> Schedule:
    try:
        found = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader, which takes no key twice
        schedule = msgspec.convert(found, Schedule)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        where = str(error).rpartition(" - at `")[2].rstrip("`") if " - at `" in str(error) else "its form"
        raise ConfigurationError(f"The retention schedule is not understood ({where}).") from None
    if unknown := schedule.keys() - set(KINDS):
        raise ConfigurationError(f"The retention schedule knows {', '.join(KINDS)}, not {', '.join(sorted(unknown))}.")
    if any(not rules or any(rule.years < LEAST_YEARS for rule in rules) for rules in schedule.values()):
        raise ConfigurationError("The retention schedule keeps everything for 6 years at least (45 CFR 164.316).")
    return schedule
