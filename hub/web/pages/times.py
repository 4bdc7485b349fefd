"""Instants as people write them, in the county's zone and the reader's language; what is left of a clock."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
_DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
}
_MINUTE_US, _HOUR_US, _DAY_US = 60_000_000, 3_600_000_000, 86_400_000_000
_AGO = {"en": "{} late", "es": "{} de retraso"}
_DUE = {"en": "due in {}", "es": "vence en {}"}


class Left(NamedTuple):
    """A clock against its limit."""

    state: str
    """`met`: closed in time; `running`; `soon`: less than a quarter, or four hours, is left; `missed`"""
    text: str
    part: int
    """How much of the time is used, in percent, at most 100."""


def local(at: int, zone: tzinfo) -> datetime:
    """An instant (microseconds UTC) on the county's clock."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(zone)


def day(at: int, zone: tzinfo, language: str) -> str:
    """As in Nov 26, 2026 or 26 nov 2026."""
    return date(f"{local(at, zone):%Y-%m-%d}", language)


def date(text: str, language: str) -> str:
    """A calendar date (YYYY-MM-DD) as people write it."""
    on = datetime.fromisoformat(text)
    month = _MONTHS[language][on.month - 1]
    return f"{on.day} {month} {on.year}" if language == "es" else f"{month} {on.day}, {on.year}"


def moment(at: int, zone: tzinfo, language: str) -> str:
    """With the time of day and the zone."""
    return f"{day(at, zone, language)}, {clock(at, zone, language)} {local(at, zone):%Z}"


def clock(at: int, zone: tzinfo, language: str) -> str:
    """The time of day: "2:09 pm", "14:09"."""
    on = local(at, zone)
    if language == "es":
        return f"{on:%H:%M}"
    return f"{on.hour % 12 or 12}:{on.minute:02} {'am' if on.hour < 12 else 'pm'}"


def iso(at: int, zone: tzinfo) -> str:
    """For a machine that reads the page."""
    return local(at, zone).isoformat(timespec="seconds")


def left(since: int, due: int, now: int, zone: tzinfo, language: str, closed: int | None = None) -> Left:
    """What is left until `due`, and when that is: "due in 3 h 20 min, Sat 11:30 pm"."""
    if closed is not None:
        return Left("met" if closed <= due else "missed", "", 100)
    part = min(100, max(0, 100 * (now - since) // max(due - since, 1)))
    if now > due:
        return Left("missed", _AGO[language].format(span(now - due)), 100)
    soon = due - now < max((due - since) // 4, 4 * _HOUR_US) and due - now < 3 * _DAY_US
    # A clock that ends with its day is met until that midnight, which nobody calls the next day.
    last = due - _MINUTE_US if f"{local(due, zone):%H%M}" == "0000" else due
    on = local(last, zone)
    when = f"{_DAYS[language][on.weekday()]} {clock(last, zone, language)}"
    if due - now > 6 * _DAY_US:
        when = day(last, zone, language)
    return Left("soon" if soon else "running", f"{_DUE[language].format(span(due - now))}, {when}", int(part))


def span(microseconds: int) -> str:
    """As in 12 d, 1 d 20 h, 3 h 20 min, 5 min."""
    if microseconds >= 2 * _DAY_US:
        return f"{microseconds // _DAY_US} d"
    if microseconds >= _DAY_US:
        return f"1 d {(microseconds - _DAY_US) // _HOUR_US} h"
    hours, rest = divmod(microseconds, _HOUR_US)
    minutes = rest // _MINUTE_US
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def start_of(text: str, zone: tzinfo) -> int:
    """The first instant of a day written YYYY-MM-DD, in microseconds UTC. Raises `ValueError`."""
    return int(datetime.fromisoformat(f"{text}T00:00:00").replace(tzinfo=zone).timestamp() * 1_000_000)


def end_of(text: str, zone: tzinfo) -> int:
    """The first instant after that day. Raises `ValueError`."""
    following = datetime.fromisoformat(f"{text}T00:00:00") + timedelta(days=1)
    return int(following.replace(tzinfo=zone).timestamp() * 1_000_000)
