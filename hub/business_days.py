"""Business days in the county's zone: what must be reviewed on the next one is due when it ends.

Without a calendar of the county's own, the federal holidays count (5 USC 6103(a)). A calendar is a text file: one
date a line, ISO, then its name; it replaces the federal ones.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.errors import ConfigurationError
from hub.model import Frozen
from policies.days import day_of, end_of

_EPOCH = datetime.fromtimestamp(0, UTC)
_US = timedelta(microseconds=1)
_SATURDAY, _SUNDAY = 5, 6
_FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
_MOVING = ((1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4))
"""Month, weekday, which one of it: King, Washington, Labor, Columbus, Thanksgiving; Memorial Day is the last Monday."""


class Calendar(Frozen, frozen=True, kw_only=True):
    """The days on which offices are closed. `holidays` None: the federal ones of any year."""

    holidays: frozenset[date] | None = None

    def is_business_day(self, day: date) -> bool:
        if day.weekday() in (_SATURDAY, _SUNDAY):
            return False
        return day not in (federal_holidays(day.year) if self.holidays is None else self.holidays)

    def end_of_next(self, at: int, zone: ZoneInfo) -> int:
        """The end of the first business day after the local day of `at`; microseconds UTC."""
        day = day_of(_EPOCH + at * _US, zone) + timedelta(days=1)
        while not self.is_business_day(day):
            day += timedelta(days=1)
        return (end_of(day, zone) - _EPOCH) // _US


def federal_holidays(year: int) -> frozenset[date]:
    """As observed: on Friday if they fall on a Saturday, on Monday if on a Sunday; next year's 1 January too."""
    fixed = [date(year, month, day) for month, day in _FIXED] + [date(year + 1, 1, 1)]
    moving = [_nth(year, *rule) for rule in _MOVING] + [_last_monday_of_may(year)]
    return frozenset(found for each in (*fixed, *moving) if (found := _observed(each)).year == year)


def read_calendar(path: Path) -> Calendar:
    """The county's own calendar. Raises `ConfigurationError` naming the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("HUB_HOLIDAYS is no text file that can be read.") from None
    return Calendar(holidays=frozenset(_day(n, line) for n, line in enumerate(lines, 1) if _says(line)))


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _day(number: int, line: str) -> date:
    try:
        return date.fromisoformat(line.split(maxsplit=1)[0])
    except ValueError:
        raise ConfigurationError(f"HUB_HOLIDAYS, line {number}: a date is YYYY-MM-DD.") from None


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def _observed(day: date) -> date:
    return day + timedelta(days={_SATURDAY: -1, _SUNDAY: 1}.get(day.weekday(), 0))
