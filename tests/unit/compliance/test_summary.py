"""Repeated disclosures told together (45 CFR 164.528(b)(3)): none is lost, none told twice; windows to the day."""

from collections import Counter
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.compliance.accounting import due_under, summarised, years_before
from hub.storage.facts import instant

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "intended_at": st.integers(0, 10),
            "recipient": st.sampled_from(("lantern", "sunrise")),
            "purpose": st.sampled_from(("treatment", "payment")),
            "description": st.sampled_from(("summary", "billing, summary")),
            "bases": st.sampled_from((["consent"], ["emergency"])),
            "state": st.sampled_from(("disclosed", "unknown", "intended")),
        }
    ),
    max_size=25,
)


def numbered(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    fixed = {"discloser": "harbor", "recipient_name": "x", "address": "y", "outside": None, "permitted": True}
    return [({"id": f"d{n}", **fixed, **row}, "2.25") for n, row in enumerate(rows)]


@given(ROWS)
def test_every_disclosure_stands_in_exactly_one_line(rows: list[dict[str, Any]]) -> None:
    lines = summarised(numbered(rows))
    told = Counter(each for line in lines for each in line.disclosures)
    assert told == Counter(f"d{n}" for n in range(len(rows)))
    assert sum(line.count for line in lines) == len(rows)


@given(ROWS)
def test_a_line_tells_the_first_the_last_and_whether_all_is_certain(rows: list[dict[str, Any]]) -> None:
    by_id = {row["id"]: row for row, _ in numbered(rows)}
    for line in summarised(numbered(rows)):
        members = [by_id[each] for each in line.disclosures]
        assert (line.first, line.last) == (
            min(each["intended_at"] for each in members),
            max(each["intended_at"] for each in members),
        )
        assert line.certain is all(each["state"] == "disclosed" for each in members)
        alike = {(each["recipient"], each["purpose"], each["description"], *each["bases"]) for each in members}
        assert len(alike) == 1, "only what is alike is told together"


@given(ROWS)
def test_three_alike_are_never_told_one_by_one(rows: list[dict[str, Any]]) -> None:
    keys = Counter(
        (line.recipient, line.purpose, line.description, line.bases) for line in summarised(numbered(rows)) if line
    )
    assert all(count <= 2 for count in keys.values())


@given(ROWS)
def test_the_order_in_which_the_log_gives_them_does_not_matter(rows: list[dict[str, Any]]) -> None:
    assert summarised(numbered(rows)) == summarised(numbered(rows)[::-1])


@pytest.mark.parametrize(
    ("at", "years", "since"),
    [
        ("2026-11-26T15:00:00-08:00", 3, "2023-11-26T00:00:00-08:00"),
        # Winter time begins in between: the local day begins at another hour of UTC.
        ("2026-11-02T12:00:00-08:00", 6, "2020-11-02T00:00:00-08:00"),
        ("2026-07-01T00:00:00-07:00", 6, "2020-07-01T00:00:00-07:00"),
        # No 29 February three years before: the day before, so that nothing falls out.
        ("2028-02-29T09:00:00-08:00", 3, "2025-02-28T00:00:00-08:00"),
    ],
)
def test_a_window_begins_with_the_local_day_so_many_years_before(at: str, years: int, since: str) -> None:
    from datetime import datetime

    hub: Any = SimpleNamespace(zone=ZoneInfo("America/Los_Angeles"))
    moment = round(datetime.fromisoformat(at).timestamp()) * 1_000_000
    assert instant(years_before(hub, moment, years)) == datetime.fromisoformat(since)


ROW = {
    "counts": True, "accounting": False, "bases": ["emergency"], "laws": ["2.51"], "consents": [], "permitted": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "law"),
    [
        ({}, "164.528"),
        ({"accounting": True, "bases": ["consent"], "consents": ["c1"]}, "2.25"),
        # With consent and not noted by the decision: for care, not through an electronic record (§2.25(b)).
        ({"bases": ["consent"], "consents": ["c1"]}, None),
        ({"bases": ["court_order"], "laws": ["2.61"]}, "164.528"),
        ({"bases": ["within_program"], "laws": ["2.12(c)(3)"]}, None),
        ({"bases": ["qso"], "laws": ["2.12(c)(4)"]}, None),
        ({"bases": ["patient_access"], "laws": ["2.23"]}, None),
        # 164.528(a)(1)(i): treatment, payment, operations under HIPAA; 164.512 is accounted for.
        ({"bases": ["hipaa"], "laws": ["164.506(c)(2)"]}, None),
        ({"bases": ["hipaa"], "laws": ["164.512"]}, "164.528"),
        # One of two bases is accounted for, so the disclosure is.
        ({"bases": ["emergency", "qso"], "laws": ["2.51", "2.12(c)(4)"]}, "164.528"),
        ({"counts": False}, None),
        # 164.528(a)(1) excepts only what is permitted: told outside of the hub, and against the rules, it is listed.
        ({"permitted": False, "bases": []}, "164.528"),
        ({"permitted": False, "bases": ["consent"], "consents": ["c1"]}, "164.528"),
        ({"permitted": False, "counts": False}, None),
    ],
)
def test_what_is_accounted_for_under_which_paragraph(changed: dict[str, Any], law: str | None) -> None:
    assert due_under(ROW | changed) == law
