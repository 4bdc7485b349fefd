"""Other parties' forms as data: every edition maps to words that the policy knows, and says what it does not know."""

from datetime import date

import pytest

from hub.errors import Malformed
from hub.forms.crosswalk import Edition, Filled, edition_of, editions, mapped
from hub.storage.consent_form import ENTERED_FORMS, ConsentForm, DenialForm, EndEvent
from hub.storage.denials import STOPS
from policies import vocabulary as v

ELEMENTS = set(ConsentForm.__struct_fields__)
EXPECTED = {"ascmi_ab133", "ascmi_non_ab133", "ascmi_revocation", "ccc", "county_roi"}


def test_the_forms_that_counties_meet_are_there() -> None:
    assert {each.form for each in editions()} == EXPECTED
    assert v.FORMS | ENTERED_FORMS | STOPS.keys() >= EXPECTED


@pytest.mark.parametrize("edition", editions(), ids=lambda each: f"{each.form}-{each.edition}")
def test_an_edition_speaks_words_of_the_policy(edition: Edition) -> None:
    assert {field.element for field in edition.fields.values()} | edition.states.keys() <= ELEMENTS
    for field in edition.fields.values():
        assert field.law.startswith("2.31(a)(")
        assert set(field.shares) <= v.CLASSES
    assert edition.title.keys() == {"en", "es"}
    assert date.fromisoformat(edition.since)
    assert edition.until is None or edition.since < edition.until


@pytest.mark.parametrize("edition", editions(), ids=lambda each: f"{each.form}-{each.edition}")
def test_what_nobody_checked_on_the_form_is_listed_with_what_is_assumed(edition: Edition) -> None:
    assert edition.open_questions
    assert all(question.asks and question.assumed for question in edition.open_questions)


def test_no_form_states_an_element_of_its_own_that_only_an_answer_can_give() -> None:
    """Who signed, when and until when is never printed."""
    for edition in editions():
        assert not edition.states.keys() & {"signed_on", "signed_by", "signature", "expires", "discloser"}


def test_no_form_reaches_counseling_notes() -> None:
    for edition in editions():
        for field in edition.fields.values():
            assert v.COUNSELING_NOTES not in {*field.shares, *(w for words in field.choices.values() for w in words)}


def test_the_day_of_signing_chooses_the_edition() -> None:
    assert edition_of("ccc", "2024-05-01").edition == "2023"
    with pytest.raises(Malformed):
        edition_of("ccc", "2026-07-01")


def test_a_coordinated_care_consent_reaches_only_the_organizations_named() -> None:
    answers = {
        "organization": ("harbor",),
        "substance_use": "share",
        "mental_health": "do_not_share",
        "smartcare_organizations": ("lantern", "valley-clinic"),
        "expires": "end_of_treatment",
    }
    form, origin = mapped(Filled(form="ccc", signed_on="2025-11-03", answers=answers))
    assert isinstance(form, ConsentForm)
    assert form.recipients == ("lantern", "valley-clinic")
    assert form.expires == EndEvent(event="end_of_treatment")
    assert "mental_health" not in (form.information or ())
    assert origin == {"form": "ccc", "form_edition": "2023"}


def test_a_county_release_states_only_what_was_marked_on_it() -> None:
    answers = {
        "program": ("harbor",),
        "agency": ("sunrise",),
        "information": "attendance_and_progress",
        "purpose": "coordination_of_care",
        "expires": "2026-12-31",
        "states_revocation": True,
    }
    form, _ = mapped(Filled(form="county_roi", signed_on="2025-11-03", answers=answers))
    assert isinstance(form, ConsentForm)
    assert (form.information, form.purposes) == (("attendance", "summary"), ("treatment",))
    assert form.states_right_to_revoke
    assert not form.states_how_to_revoke
    assert not form.states_refusal_consequences


def test_a_blank_choice_is_no_denial() -> None:
    form, _ = mapped(Filled(form="ascmi_non_ab133", signed_on="2026-01-20", answers={"substance_use": "do_not_share"}))
    assert isinstance(form, ConsentForm)
    assert form.information is None


def test_the_revocation_form_is_a_denial() -> None:
    form, _ = mapped(Filled(form="ascmi_revocation", signed_on="2026-01-20"))
    assert isinstance(form, DenialForm)
