"""Calendar days in the county's zone. A day ends at the next local midnight, whatever the clocks do that night."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=8192)
def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a local day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day is over; "good to the end of that day" is good before it."""
    return start_of(day + timedelta(days=1), zone)


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The local day an instant falls on."""
    return instant.astimezone(zone).date()


@lru_cache(maxsize=8192)
def birthday(born: date, years: int) -> date:
    """The day somebody turns so many years old; a child of 29 February on 1 March in a common year."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)
