"""HL7 v2 dates and instants: YYYY[MM[DD[HH[MM[SS[.S...]]]]]][+/-ZZZZ]."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

Zone = tzinfo
_TIMESTAMP = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)?(?P<day>\d\d)?(?P<hour>\d\d)?(?P<minute>\d\d)?(?P<second>\d\d)?(\.(?P<part>\d{1,6}))?"
    r"(?P<sign>[+-])?(?(sign)(?P<zh>\d\d):?(?P<zm>\d\d))"
)
DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(text: str, zone: Zone) -> int | None:
    """Microseconds since the epoch; a time without offset is in `zone`, a date its first moment; none if unreadable."""
    found = _TIMESTAMP.fullmatch(text.strip())
    if found is None:
        return None
    given = found.groupdict()
    year, month, day, hour, minute, second = (int(given[name] or low) for name, low in _PARTS)
    part = int((given["part"] or "0").ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, second, part, tzinfo=_offset(found) or zone)
        return (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def zone_of(stated: str, county: Zone) -> Zone:
    """The zone of the times in a message that state none: that of MSH-7, as the standard has it (chapter 2, DTM).

    The county's where MSH-7 states none, or the offset that the county has at that moment: then summer is summer.
    """
    found = _TIMESTAMP.fullmatch(stated.strip())
    at = instant(stated, county)
    if found is None or at is None or not found["sign"]:
        return county
    place = _offset(found) or county
    try:
        moment = _EPOCH + timedelta(microseconds=at)
        return county if place.utcoffset(moment) == moment.astimezone(county).utcoffset() else place
    except OverflowError:  # in the year 1 or 9999
        return county


def _offset(stated: re.Match[str]) -> tzinfo | None:
    """The offset of a timestamp; none if it has none. Raises `ValueError` for a day or more."""
    if not stated["sign"]:
        return None
    offset = timedelta(hours=int(stated["zh"]), minutes=int(stated["zm"]))
    return timezone(-offset if stated["sign"] == "-" else offset)


_PARTS = (("year", 1), ("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))


def day(text: str) -> str:
    """The calendar date at the beginning of a timestamp, as YYYY-MM-DD; empty if there is no whole date."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])).isoformat() if text[:8].isdigit() else ""
    except ValueError:
        return ""


def has_hour(text: str) -> bool:
    """Whether a timestamp says more than a day."""
    found = _TIMESTAMP.fullmatch(text.strip())
    return found is not None and found["hour"] is not None


def stamp(at: int) -> str:
    """Microseconds since the epoch as YYYYMMDDHHMMSS+0000."""
    return (_EPOCH + timedelta(microseconds=at)).strftime("%Y%m%d%H%M%S+0000")
