"""A period in days of the county, as instants."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hub.storage.facts import instant
from policies.days import end_of, start_of

_US = timedelta(microseconds=1)


def of_days(first: date, last: date, zone: ZoneInfo) -> tuple[int, int]:
    """From the first day's start to the last one's end, exclusive; microseconds UTC."""
    return (start_of(first, zone) - instant(0)) // _US, (end_of(last, zone) - instant(0)) // _US
