"""The next business day, in the county's zone, around weekends, holidays and the change of the clocks."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.business_days import Calendar, federal_holidays, read_calendar
from hub.errors import ConfigurationError

ZONE = ZoneInfo("America/Los_Angeles")


def due(at: str, calendar: Calendar = Calendar()) -> str:  # noqa: B008 - frozen
    microseconds = int(datetime.fromisoformat(at).timestamp() * 1_000_000)
    ends = calendar.end_of_next(microseconds, ZONE)
    return datetime.fromtimestamp(ends / 1_000_000, UTC).astimezone(ZONE).isoformat()


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2026-03-04T02:10:00-08:00", "2026-03-06T00:00:00-08:00"),  # Wednesday night: Thursday
        ("2026-03-06T23:30:00-08:00", "2026-03-10T00:00:00-07:00"),  # Friday: Monday, across the change of the clocks
        ("2026-03-07T07:30:00+00:00", "2026-03-10T00:00:00-07:00"),  # still Friday in California
        ("2026-11-25T12:00:00-08:00", "2026-11-28T00:00:00-08:00"),  # before Thanksgiving: Friday
        ("2026-07-02T12:00:00-07:00", "2026-07-07T00:00:00-07:00"),  # 4 July 2026 is a Saturday, kept on Friday the 3rd
        ("2026-12-31T12:00:00-08:00", "2027-01-05T00:00:00-08:00"),  # New Year, then a weekend
        ("2021-12-30T12:00:00-08:00", "2022-01-04T00:00:00-08:00"),  # New Year 2022 was kept on 31 December 2021
    ],
)
def test_a_review_is_due_when_the_next_business_day_ends(at: str, ends: str) -> None:
    assert due(at) == ends


def test_the_federal_holidays_of_2026_are_those_the_government_published() -> None:
    """OPM's list for 2026; 4 July is observed on Friday the 3rd."""
    days = ["01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "09-07", "10-12", "11-11", "11-26", "12-25"]
    assert federal_holidays(2026) == {date.fromisoformat(f"2026-{day}") for day in days}


def test_a_countys_own_calendar_replaces_the_federal_one(tmp_path: Path) -> None:
    file = tmp_path / "holidays.txt"
    file.write_text("# Meridian County\n\n2026-11-27 the day after Thanksgiving\n2026-11-26 Thanksgiving\n")
    assert due("2026-11-25T12:00:00-08:00", read_calendar(file)) == "2026-12-01T00:00:00-08:00"
    assert due("2026-10-09T12:00:00-07:00", read_calendar(file)) == "2026-10-13T00:00:00-07:00"


def test_a_calendar_that_is_not_understood_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "holidays.txt"
    file.write_text("2026-11-26 Thanksgiving\n26 December\n")
    with pytest.raises(ConfigurationError, match="line 2"):
        read_calendar(file)
    with pytest.raises(ConfigurationError, match="HUB_HOLIDAYS"):
        read_calendar(tmp_path / "none.txt")
