"""What each purpose needs, where the sender did not say (§2.13(a)); expected from the law and the county's stories."""

import pytest

from policies.part2.necessary import TABLE, needed
from policies.vocabulary import CLASSES, PURPOSES


@pytest.mark.parametrize("purpose", ["operations", "care_management", "quality_review"])
def test_a_plan_is_told_who_was_admitted_when_and_nothing_clinical(purpose):
    """california.md, story 3: name, CIN, admit time, site, contact; "diagnosis not needed"."""
    told = {each for each in CLASSES if needed(purpose, each, "admit_notice")}
    assert {"demographics", "attendance"} <= told
    assert told.isdisjoint({"diagnosis", "assessment", "summary", "medications", "tests", "billing", "treatment_plan"})


def test_care_management_needs_more_than_an_admission_notice_does():
    """Story 6: the plan's care manager asks for the assessment, and may have it."""
    assert needed("care_management", "assessment")
    assert needed("care_management", "assessment", "referral_packet")


def test_a_discharge_notice_takes_the_summary_and_the_plan_along():
    """SON-33."""
    assert needed("operations", "summary", "discharge_notice")
    assert needed("care_management", "treatment_plan", "discharge_notice")
    assert not needed("operations", "assessment", "discharge_notice")
    assert not needed("payment", "summary", "discharge_notice")


@pytest.mark.parametrize("purpose", ["treatment", "referral", "consultation"])
@pytest.mark.parametrize("kind", ["referral_packet", "admit_notice", "crisis_followup", "emergency_disclosure", None])
def test_what_treatment_needs_is_for_clinicians_to_judge(purpose, kind):
    assert all(needed(purpose, each, kind) for each in CLASSES)


def test_a_claim_needs_codes_and_dates_and_no_narrative():
    assert needed("claim", "diagnosis")
    assert needed("claim", "billing")
    assert not needed("claim", "summary")
    assert not needed("claim", "assessment")


@pytest.mark.parametrize("purpose", ["payment", "prior_authorization"])
def test_a_review_of_medical_necessity_needs_the_assessment(purpose):
    """164.501: payment includes utilization review."""
    assert needed(purpose, "assessment")


def test_a_status_report_to_probation_tells_attendance_and_compliance():
    """Story 13: "attendance, compliance; no notes"."""
    assert needed("supervision", "attendance", "status_report")
    assert needed("supervision", "tests", "status_report")
    assert not needed("supervision", "diagnosis", "status_report")
    assert not needed("supervision", "mental_health")


def test_a_housing_provider_needs_no_treatment_detail():
    """Stories 9 and 10."""
    assert needed("housing", "attendance")
    assert not needed("housing", "treatment_plan")
    assert not needed("housing", "medications")


def test_fundraising_needs_no_diagnosis():
    """164.514(f)(1)."""
    assert needed("fundraising", "demographics")
    assert not needed("fundraising", "diagnosis")


@pytest.mark.parametrize("notes", ["counseling_notes", "psychotherapy_notes"])
def test_notes_the_patient_released_by_a_consent_of_their_own_are_left_to_it(notes):
    """§2.31(b): that consent names them, and nothing else carries them."""
    assert all(needed(purpose, notes, "status_report") for purpose in PURPOSES)


@pytest.mark.parametrize(
    ("purpose", "information"),
    [("crime_report", "incident"), ("audit", "billing"), ("civil_proceeding", "attendance"), ("research", "tests")],
)
def test_what_another_paragraph_measures_is_not_measured_twice(purpose, information):
    assert needed(purpose, information)


def test_the_table_speaks_of_words_there_are_and_of_each_once():
    assert len({(row.purpose, row.kind) for row in TABLE}) == len(TABLE)
    assert {row.purpose for row in TABLE} <= PURPOSES
    assert all(row.needs <= CLASSES and row.source for row in TABLE)
