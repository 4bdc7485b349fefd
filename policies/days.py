"""Calendar days in the county's zone. A day ends at the next local midnight, whatever the clocks do that night."""

from calendar import isleap
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

BEGINNING = datetime.min.replace(tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)
"""The first and the last instant there is: days whose bounds lie beyond are cut there (31 December 9999)."""


@lru_cache(maxsize=8192)
def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a local day begins."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return BEGINNING  # the first day of the calendar, east of Greenwich


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day is over; "good to the end of that day" is good before it."""
    return start_of(later(day, 1), zone) if day < date.max else FOREVER


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The local day an instant falls on."""
    try:
        return instant.astimezone(zone).date()
    except OverflowError:
        return date.min if instant.year == date.min.year else date.max


def later(day: date, days: int) -> date:
    """The day so many days later, or the last day there is."""
    return date.max if (date.max - day).days < days else day + timedelta(days=days)


@lru_cache(maxsize=8192)
def birthday(born: date, years: int) -> date:
    """The day somebody turns so many years old; a child of 29 February on 1 March in a common year."""
    year = born.year + years
    if year > date.max.year:
        return date.max
    return date(year, 3, 1) if (born.month, born.day) == (2, 29) and not isleap(year) else born.replace(year=year)
