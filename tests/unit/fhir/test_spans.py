"""Dates of a FHIR search as spans of instants (R4, section 3.1.1.4.6)."""

from datetime import datetime

import pytest

from hub.errors import Malformed
from hub.fhir.spans import span


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("text", "first", "following"),
    [
        ("2026", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("2026-03-01T10:30Z", "2026-03-01T10:30:00Z", "2026-03-01T10:31:00Z"),
        ("2026-03-01T10:30:05-08:00", "2026-03-01T18:30:05Z", "2026-03-01T18:30:06Z"),
    ],
)
def test_a_date_is_as_long_as_it_is_precise(text: str, first: str, following: str) -> None:
    start, end = us(first), us(following)
    assert span("date", [text]) == span("date", [f"eq{text}"]) == (start, end)
    assert span("date", [f"ge{text}"]) == (start, None)
    assert span("date", [f"gt{text}"]) == span("date", [f"sa{text}"]) == (end, None)
    assert span("date", [f"le{text}"]) == (None, end)
    assert span("date", [f"lt{text}"]) == span("date", [f"eb{text}"]) == (None, start)


@pytest.mark.parametrize(("digits", "long"), [(".5", 100_000), (".250", 1_000), (".000", 1_000), (".123456", 1)])
def test_a_part_of_a_second_is_as_long_as_its_last_digit(digits: str, long: int) -> None:
    start, end = span("date", [f"2026-03-01T10:30:05{digits}Z"])
    assert (end or 0) - (start or 0) == long


def test_several_dates_hold_together() -> None:
    assert span("date", ["ge2026-01-01", "lt2026-02-01", "gt2026-01-05"]) == (
        us("2026-01-06T00:00:00Z"),
        us("2026-02-01T00:00:00Z"),
    )
    assert span("date", []) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "", "eq", "ne2026", "ap2026", "2026-13", "2026-00", "2026-05-00",
        "2026-02-30", "26-01-01", "9999", "2026-01-01T10Z", "2026-01-01T10:00",
        "2026-01-01T25:00Z", "2026-01-01T10:00:00+25:00", "0000-01-01", "2026-01-01,2026-02-01",
        "\u0662\u0660\u0662\u0666",
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused_by_the_name_of_its_parameter(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        span("_lastUpdated", [text])
    assert refused.value.field == "_lastUpdated"
