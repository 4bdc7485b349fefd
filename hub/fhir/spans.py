"""The dates of a FHIR search (R4, section 3.1.1.4.6) as spans of instants: a prefix, and a date as precise as it is.

What is searched here is an instant, so that `sa` says what `gt` does, and `eb` what `lt` does. `ne` and `ap` are
refused: the one is no span, and of the other nobody knows what it finds.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hub.errors import Malformed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_SEARCHED = re.compile(r"(eq|ge|gt|sa|le|lt|eb)?([0-9].*)")
_DAY = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(?:\.(\d{1,6}))?)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_FROM = {"eq": 0, "ge": 0, "gt": 1, "sa": 1}
_TO = {"eq": 1, "le": 1, "lt": 0, "eb": 0}
"""Which end of the date's own span begins, or ends, what is searched for."""


def span(name: str, texts: Iterable[str]) -> tuple[int | None, int | None]:
    """The instants between which all dates of a parameter hold, microseconds UTC: the first included, the last not.

    Raises `Malformed` naming the parameter.
    """
    since: list[int] = []
    until: list[int] = []
    for text in texts:
        parts = _SEARCHED.fullmatch(text.replace(" ", "+"))  # a plus that was not escaped
        own = _own(parts[2]) if parts else None
        if parts is None or own is None:
            raise Malformed(
                "A date is [eq|ge|gt|sa|le|lt|eb]YYYY[-MM[-DD]], or an instant with its offset.", field=name
            )
        prefix = parts[1] or "eq"
        since += [own[_FROM[prefix]]] if prefix in _FROM else []
        until += [own[_TO[prefix]]] if prefix in _TO else []
    return max(since, default=None), min(until, default=None)


def _own(text: str) -> tuple[int, int] | None:
    """From the first instant of a year, month, day, minute, second or part of one to that of the next."""
    try:
        if day := _DAY.fullmatch(text):
            return _days(*(int(part) for part in day.groups() if part is not None))
        if moment := _MOMENT.fullmatch(text):
            start = _microseconds(datetime.fromisoformat(text))
            seconds, digits = moment.groups()
            return start, start + (10 ** (6 - len(digits or "")) if seconds else 60_000_000)
    except (ValueError, OverflowError):
        pass  # there is no such day
    return None


def _days(year: int, month: int | None = None, day: int | None = None) -> tuple[int, int]:
    """A day; without one the month, without a month the year."""
    start = datetime(year, 1 if month is None else month, 1 if day is None else day, tzinfo=UTC)
    if day is not None:
        following = start + timedelta(days=1)
    elif month is not None:
        following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    else:
        following = datetime(year + 1, 1, 1, tzinfo=UTC)
    return _microseconds(start), _microseconds(following)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _US
