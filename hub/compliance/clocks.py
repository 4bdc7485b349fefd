"""Deadlines by rule: how many days, counted how, under which law, in force since when; the county may have its own.

A deadline of days is the end of a local day, so the last day counts whole: met on the sixtieth day, late on the
sixty-first. One of hours runs from the instant.
"""

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import yaml

from hub.business_days import Calendar
from hub.casebook.yamltext import Loader
from hub.errors import ConfigurationError
from hub.model import Frozen
from hub.storage.facts import instant
from policies.days import day_of, end_of

State = Literal["running", "met", "late", "missed", "lifted"]
_EPOCH = instant(0)
_US = timedelta(microseconds=1)
_HOUR_US = 3_600_000_000


class Rule(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"counts_from": "from"}):
    """One edition of a clock. Neither `days` nor `hours`: no such deadline here."""

    since: date
    law: str
    days: int | None = None
    hours: int | None = None
    """From the instant on, and not to the end of a day."""
    unit: Literal["calendar", "business"] = "calendar"
    counts_from: Literal["start", "year_end"] = "start"
    met_by: tuple[str, ...] = ()
    """Outcomes that meet it, where not every answer does."""
    verify: bool = False
    """County counsel has still to confirm it."""


Clocks = dict[str, tuple[Rule, ...]]


class Due(NamedTuple):
    """A deadline: `at` is the first instant that is too late, microseconds UTC."""

    name: str
    law: str
    at: int
    met_by: tuple[str, ...] = ()


@cache
def published() -> Clocks:
    """The clocks that come with the hub."""
    return _read(Path(__file__).with_name("clocks.yaml").read_text(encoding="utf-8"))


def read_clocks(path: Path) -> Clocks:
    """The hub's clocks with the county's own in place of those it names. Raises `ConfigurationError`."""
    try:
        own = _read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("HUB_CLOCKS is no text file that can be read.") from None
    except (yaml.YAMLError, msgspec.ValidationError):
        raise ConfigurationError("HUB_CLOCKS does not have the form of hub/compliance/clocks.yaml.") from None
    if own.keys() - published().keys():
        raise ConfigurationError("HUB_CLOCKS names a clock that the hub does not know.")
    return published() | own


def due(clocks: Clocks, name: str, start: int, zone: ZoneInfo, calendar: Calendar) -> Due | None:
    """The deadline of a duty that arose at `start` (microseconds UTC); none where there is no such deadline."""
    day = day_of(instant(start), zone)
    rules = [rule for rule in clocks[name] if rule.since <= day]
    if not rules:
        return None
    rule = max(rules, key=lambda each: each.since)
    if rule.hours is not None:
        return Due(name, rule.law, start + rule.hours * _HOUR_US, rule.met_by)
    if rule.days is None:
        return None
    if rule.counts_from == "year_end":
        day = date(day.year, 12, 31)
    last = _business(day, rule.days, calendar) if rule.unit == "business" else day + timedelta(days=rule.days)
    return Due(name, rule.law, (end_of(last, zone) - _EPOCH) // _US, rule.met_by)


def state(due_at: int, met_at: int | None, lifted_at: int | None, now: int) -> State:
    """Where a clock stands: `late` was answered after the deadline, `missed` not at all."""
    if lifted_at is not None:
        return "lifted"
    if met_at is not None:
        return "met" if met_at < due_at else "late"
    return "running" if now < due_at else "missed"


def _business(day: date, days: int, calendar: Calendar) -> date:
    while days:
        day += timedelta(days=1)
        days -= calendar.is_business_day(day)
    return day


def _read(text: str) -> Clocks:
    found: Any = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader, which takes no key twice
    return msgspec.convert(found, Clocks)
