from datetime import date

import pytest

from hub.errors import ConfigurationError
from hub.retention.schedule import Due, Rule, due, published, read_schedule
from hub.settings import read_settings

START, TODAY = date(2026, 3, 6), date(2026, 11, 26)


def test_a_packet_is_kept_ten_years_from_the_day_it_was_last_needed():
    assert due(published(), "packet", START, TODAY, None).day == date(2036, 3, 6)
    assert due(published(), "packet", START, TODAY, date(1988, 4, 11)).day == date(2036, 3, 6)


@pytest.mark.parametrize(
    ("born", "day"),
    [
        (date(2024, 5, 1), date(2043, 5, 1)),  # nineteen, long after ten years
        (date(2012, 5, 1), date(2036, 3, 6)),  # nineteen in 2031, before ten years are over
        (date(2008, 3, 6), date(2036, 3, 6)),  # of age on the very day
    ],
)
def test_a_minors_packet_is_kept_until_nineteen_at_least(born, day):
    assert due(published(), "packet", START, TODAY, born).day == day


def test_an_arrival_is_kept_the_six_years_of_hipaa():
    assert due(published(), "arrival", START, TODAY, None).day == date(2032, 3, 6)


def test_a_period_that_starts_on_a_leap_day_ends_on_the_first_of_march():
    assert due(published(), "arrival", date(2024, 2, 29), TODAY, None).day == date(2030, 3, 1)


def editions(*pairs):
    return {"packet": tuple(Rule(since=since, years=years, law=f"{years}") for since, years in pairs)}


def test_of_the_editions_in_force_since_then_the_longest_counts():
    shortened = editions((date(2003, 1, 1), 10), (date(2026, 6, 1), 7))
    assert due(shortened, "packet", START, TODAY, None) == Due(date(2036, 3, 6), "10")
    assert due(shortened, "packet", date(2026, 6, 1), TODAY, None) == Due(date(2033, 6, 1), "7")
    lengthened = editions((date(2003, 1, 1), 7), (date(2026, 6, 1), 12))
    assert due(lengthened, "packet", START, TODAY, None) == Due(date(2038, 3, 6), "12")
    announced = editions((date(2003, 1, 1), 7), (date(2027, 1, 1), 12))
    assert due(announced, "packet", START, TODAY, None) == Due(date(2033, 3, 6), "7")


def test_every_kind_has_a_period_of_six_years_or_more_with_its_paragraph():
    assert set(published()) == {"packet", "evidence", "consent_paper", "arrival", "matter", "history", "note", "member"}
    assert all(rule.years >= 6 and rule.law for rules in published().values() for rule in rules)


def test_the_countys_own_schedule_replaces_what_it_names(tmp_path):
    file = tmp_path / "schedule.yaml"
    file.write_text('packet:\n  - {since: 2026-01-01, years: 12, law: "County Code 1-2"}\n')
    own = read_settings({"HUB_RETENTION": str(file)}).retention
    assert own is not None
    assert due(own, "packet", START, TODAY, None) == Due(date(2038, 3, 6), "County Code 1-2")
    assert own["arrival"] == published()["arrival"]
    assert read_settings({"HUB_RETENTION": "off"}).retention is None
    assert read_settings({}).retention == published()


@pytest.mark.parametrize(
    "text",
    [
        'packet:\n  - {since: 2026-01-01, years: 5, law: "x"}\n',
        "packet: []\n",
        'ledger:\n  - {since: 2026-01-01, years: 10, law: "x"}\n',
        "packet: soon\n",
        "{",
    ],
)
def test_a_schedule_that_is_too_short_or_not_understood_stops_the_start(tmp_path, text):
    (tmp_path / "schedule.yaml").write_text(text)
    with pytest.raises(ConfigurationError):
        read_schedule(tmp_path / "schedule.yaml")
    with pytest.raises(ConfigurationError):
        read_schedule(tmp_path / "absent.yaml")
