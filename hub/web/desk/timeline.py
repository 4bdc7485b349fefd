"""The timeline above the log: a bar for each day, what was disclosed below, what was refused on top of it; and how many
there are of each outcome.
"""

from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from hub.desk import counts, projection
from hub.desk.rows import OUTCOMES, REFUSED
from hub.web.desk.asked import Asked
from hub.web.pages import times
from hub.web.pages.visit import Visit

DAYS = 91
MOST_DAYS = 400
WIDTH, HEIGHT = 1000, 40
_EPOCH = date(1970, 1, 1)


class Bar(NamedTuple):
    """One day: its place in the picture, how high each part is, and the day for the address."""

    x: float
    width: float
    went: float
    stayed: float
    day: str
    words: str


class Drawn(NamedTuple):
    bars: list[Bar]
    first: str
    last: str
    total: int
    refused: int
    outcomes: list[tuple[str, int]]
    """How many there are of each, whichever of them is chosen."""


async def of(visit: Visit, asked: Asked) -> Drawn | None:
    """The days of what the filters leave; none where they cannot be counted (a paragraph)."""
    hub, wanted = visit.hub, asked.wanted
    if wanted.paragraph:
        return None
    last = projection.day_number(hub, wanted.until - 1 if wanted.until else hub.clock.now())
    first = projection.day_number(hub, wanted.since) if wanted.since else last - DAYS + 1
    first = max(first, last - MOST_DAYS + 1)
    whichever = msgspec.structs.replace(wanted, outcome="")
    days: counts.Days
    if wanted.member:
        days = _of_member(visit, await counts.of_member(hub, whichever, visit.who.scope), first, last)
    else:
        days = await counts.by_day(hub, "outcome", first, last, whichever, visit.who.scope)
    return _drawn(visit, days, first, last, wanted.outcome)


def _of_member(visit: Visit, rows: list[dict[str, int]], first: int, last: int) -> dict[int, dict[str, int]]:
    days: dict[int, dict[str, int]] = {}
    for row in rows:
        day = projection.day_number(visit.hub, row["at"])
        if first <= day <= last:
            of_day = days.setdefault(day, {})
            of_day[str(row["outcome"])] = of_day.get(str(row["outcome"]), 0) + 1
    return days


def _drawn(visit: Visit, every: counts.Days, first: int, last: int, chosen: str) -> Drawn:
    days = {day: {name: n for name, n in found.items() if chosen in ("", name)} for day, found in every.items()}
    sums = {name: sum(found.get(name, 0) for found in every.values()) for name in OUTCOMES}
    highest = max((sum(found.values()) for found in days.values()), default=1)
    step, bars, total, refused = WIDTH / (last - first + 1), [], 0, 0
    for day in range(first, last + 1):
        found = days.get(day, {})
        stayed = sum(n for outcome, n in found.items() if outcome in REFUSED)
        went = sum(found.values()) - stayed
        total, refused = total + went, refused + stayed
        if went or stayed:
            said = _named(visit, day)
            words = visit.say("log.on_day", day=said, went=went, stayed=stayed)
            high = HEIGHT / highest
            iso = (_EPOCH + timedelta(days=day)).isoformat()
            bars.append(
                Bar(round((day - first) * step, 1), round(max(step - 1, 1), 1), went * high, stayed * high, iso, words)
            )
    outcomes = [(name, n) for name, n in sums.items() if n]
    return Drawn(bars, _named(visit, first), _named(visit, last), total, refused, outcomes)


def _named(visit: Visit, day: int) -> str:
    noon = times.start_of((_EPOCH + timedelta(days=day)).isoformat(), visit.hub.zone) + 12 * 3_600_000_000
    return times.day(noon, visit.hub.zone, visit.language)
