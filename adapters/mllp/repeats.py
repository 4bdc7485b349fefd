"""A message that is sent again: what it has in common with the first time, and under which days that may have come.

A sender that waited in vain for an answer sends the message again, and some stamp it anew (MSH-7), perhaps after
midnight. All else is the message: whatever differs there makes it another one, under whatever number.
"""

import hashlib
import re
from datetime import date, timedelta

DAYS = 7
"""How long a sender may go on trying."""
_HEADER = re.compile(rb"MSH(.)[^\r\n]*", re.DOTALL)
_ANEW = (7, 8)
"""Of MSH: when it was sent, and the token that it was sent with."""


def digest(raw: bytes) -> bytes:
    """SHA-256 of the message without what is stated anew each time; of all bytes where no header is found."""
    found = _HEADER.search(raw)
    if found is None:
        return hashlib.sha256(raw).digest()
    fields = found[0].split(found[1])
    for number in _ANEW:
        if number <= len(fields):
            fields[number - 1] = b""  # MSH-1 is the mark between them
    return hashlib.sha256(raw[: found.start()] + found[1].join(fields) + raw[found.end() :]).digest()


def days_before(day: str) -> tuple[str, ...]:
    """The days before one, the last first, as MSH-7 writes them; none before what is no day."""
    if not (day.isascii() and day.isdigit()):
        return ()
    try:
        last = date.fromisoformat(day)
        return tuple((last - timedelta(days=n)).strftime("%Y%m%d") for n in range(1, DAYS + 1))
    except (ValueError, OverflowError):
        return ()
