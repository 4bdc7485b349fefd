"""What the pages say: every text in every language, and every text that a template asks for."""

import re
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from hub.web.pages import times
from hub.web.pages.render import TEMPLATES
from hub.web.pages.words import LANGUAGES, language_of, words

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
HOUR, DAY = 3_600_000_000, 86_400_000_000
FRIDAY_NOON = 1_772_827_200_000_000
"""2026-03-06 12:00 in Los Angeles."""
SOURCES = [path for folder in TEMPLATES for path in (*folder.glob("*.html"), *folder.parent.glob("*.py"))]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_says_the_same_things() -> None:
    english = words("en")
    for language in LANGUAGES:
        assert words(language).keys() == english.keys()
        for key, text in words(language).items():
            assert text.strip(), key
            assert fields(text) == fields(english[key]), key


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_what_a_page_says_there_is(path: Path) -> None:
    asked = re.findall(r"""say\(["']([a-z_.]+)["'][,)]""", path.read_text())
    assert [key for key in asked if key not in words("en")] == []


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [("es", "en", "es"), ("", "es-MX,es;q=0.9,en;q=0.8", "es"), ("fr", "de", "en"), ("", "", "en")],
)
def test_the_language_is_the_one_asked_for_or_the_browsers_first_that_there_is(
    asked: str, accepted: str, language: str
) -> None:
    assert language_of(asked, accepted) == language


@pytest.mark.parametrize(
    ("due", "state", "text"),
    [
        (3 * HOUR + 20 * 60_000_000, "soon", "due in 3 h 20 min, Fri 3:20 pm"),
        (30 * HOUR, "running", "due in 30 h 0 min, Sat 6:00 pm"),
        (60 * DAY, "running", "due in 60 d, May 5, 2026"),
        (-2 * HOUR, "missed", "2 h 0 min late"),
    ],
)
def test_a_clock_says_what_is_left_and_when_that_is(due: int, state: str, text: str) -> None:
    left = times.left(FRIDAY_NOON - HOUR, FRIDAY_NOON + due, FRIDAY_NOON, LOS_ANGELES, "en")
    assert (left.state, left.text) == (state, text)


def test_a_clock_that_was_closed_in_time_is_met_and_one_closed_late_missed() -> None:
    assert times.left(0, 10, 20, LOS_ANGELES, "en", closed=10).state == "met"
    assert times.left(0, 10, 20, LOS_ANGELES, "en", closed=11).state == "missed"


def test_instants_are_written_as_people_do_with_the_zone() -> None:
    assert times.moment(FRIDAY_NOON, LOS_ANGELES, "en") == "Mar 6, 2026, 12:00 pm PST"
    assert times.moment(FRIDAY_NOON, LOS_ANGELES, "es") == "6 mar 2026, 12:00 PST"


def test_a_day_of_the_county_begins_and_ends_at_its_own_midnight() -> None:
    begins, ends = times.start_of("2026-03-08", LOS_ANGELES), times.end_of("2026-03-08", LOS_ANGELES)
    assert ends - begins == 23 * HOUR
