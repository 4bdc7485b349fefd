"""Counsel's choices where the law leaves room: what each changes, what it leaves, and that decisions name it."""

from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import ConfigurationError
from hub.settings import chosen_in
from policies.choices import OPTIONS, SAFE, Choices, read_choices
from policies.kernel import decide
from policies.rulebook import doubt_rows
from policies.rules import RULES, chosen
from tests.unit.policies.meridian import ask
from tests.unit.policies.worlds import requests

NOTES = {"notes": {"information": "counseling_notes"}}
PASSED_ON = {"record": {"source": "harbor", "held_under": "release"}}


def under(choice, **facts):
    """The answer without the choice and with it."""
    request = ask(**facts)
    return decide(request), decide(request, chosen(read_choices(choice)))


# -- D1: §2.31(b)(1) does not list §2.51; 42 USC 290dd-2(b)(2)(A) permits emergencies regardless of consent ----------


def test_notes_go_to_the_emergency_department_only_if_counsel_says_so():
    safe, other = under("D1=permit", recipient="st-brigid-ed", packet=NOTES, emergency={})
    assert (safe.outcome, safe.hold, safe.reasons) == ("deny", True, ("notes.emergency",))
    assert (other.outcome, other.hold) == ("permit", False)
    assert "emergency_record" in other.obligations


def test_the_choice_about_notes_opens_nothing_but_emergencies():
    for facts in (
        {"recipient": "st-brigid-ed", "emergency": {"determined_by": "software"}},
        {"recipient": "police", "emergency": {}},
        {"recipient": "valley-clinic", "consents": {"intake": {"like": "tpo"}}},
        {"recipient": "valley-clinic", "consents": {"intake": {"like": "tpo"}}, "emergency": {}},
    ):
        assert under("D1=permit", packet=NOTES, **facts)[1].released == ()


# -- D2: §2.31(a)(6), §2.33(a)(2): "until the patient revokes such consent in writing" -------------------------------


@pytest.mark.parametrize(("how", "outcome"), [("oral", "permit"), ("written", "deny")])
def test_a_spoken_revocation_stops_unless_counsel_asks_for_writing(how, outcome):
    form = {"like": "tpo", "revoked": [{"at": "2026-02-20T09:00:00-08:00", "how": how}]}
    safe, other = under("D2=written", consents={"intake": form})
    assert (safe.outcome, safe.reasons) == ("deny", ("consent.revoked",))
    assert other.outcome == outcome


# -- D3: §2.15(a) names the court's representative and the director; §2.11 a personal representative -----------------


@pytest.mark.parametrize(("findings", "outcome"), [(["medically_unable"], "permit"), ([], "deny")])
def test_an_agent_signs_for_a_patient_unable_to_act_only_if_counsel_says_so(findings, outcome):
    form = {"like": "tpo", "patient": "carl", "signed_by": ["carl-agent"]}
    safe, other = under("D3=permit", patient="carl", findings=findings, consents={"intake": form})
    assert safe.outcome == "deny"
    assert other.outcome == outcome


# -- D4: §2.33(b)(1): "for treatment, payment, and health care operations activities" --------------------------------


@pytest.mark.parametrize(
    ("purposes", "recipient", "outcome"),
    [
        (["treatment"], "st-brigid", "permit"),
        (["treatment", "employment"], "st-brigid", "deny"),
        (["treatment"], "keystone-housing", "deny"),
        (["treatment", "payment", "operations"], "st-brigid", "permit"),
    ],
)
def test_a_narrow_consent_opens_what_hipaa_permits_only_if_counsel_says_so(purposes, recipient, outcome):
    form = {"like": "specific", "recipients": ["mhp"], "purposes": purposes}
    facts = {"discloser": "mhp", "recipient": recipient, "packet": PASSED_ON, "consents": {"release": form}}
    safe, other = under("D4=permit", **facts)
    assert (safe.outcome, safe.hold) == ("deny", True)
    assert "redisclosure.narrow_consent" in safe.reasons
    assert other.outcome == outcome


def test_a_form_without_a_purpose_opens_nothing_to_hipaa():
    form = {"like": "specific", "recipients": ["mhp"], "purposes": None}
    facts = {"discloser": "mhp", "recipient": "st-brigid", "packet": PASSED_ON, "consents": {"release": form}}
    assert "redisclosure.narrow_consent" in under("D4=permit", **facts)[1].reasons


def test_who_is_not_covered_passes_nothing_on_whatever_counsel_says():
    form = {"like": "specific", "recipients": ["keystone-housing"], "purposes": ["treatment"]}
    facts = {"discloser": "keystone-housing", "packet": PASSED_ON, "consents": {"release": form}}
    assert "redisclosure.not_permitted" in under("D4=permit", **facts)[1].reasons


# -- D5: §2.12(d)(2)(i)(C) binds those who receive records and are notified -----------------------------------------


def test_the_notice_is_repeated_when_hipaa_passes_a_record_on_if_counsel_says_so():
    facts = {"discloser": "mhp", "recipient": "st-brigid", "packet": PASSED_ON}
    safe, other = under("D5=notice", **facts, consents={"release": {"like": "tpo", "discloser": ["harbor"]}})
    assert safe.outcome == other.outcome == "permit"
    assert "notice" not in safe.obligations
    assert other.obligations == safe.obligations | {"notice"}


def test_the_notice_is_not_put_on_what_is_no_part_2_record():
    own = {"note": {"identifies": "person", "information": "medical"}}
    assert "notice" not in under("D5=notice", discloser="mhp", recipient="st-brigid", packet=own)[1].obligations


# -- D6: §2.51(a)(1): "the patient's prior written consent cannot be obtained" ----------------------------------------


@pytest.mark.parametrize(("consent", "outcome"), [("refused", "permit"), ("obtainable", "deny")])
def test_a_refusal_gives_way_to_an_emergency_only_if_counsel_says_so(consent, outcome):
    safe, other = under("D6=permit", recipient="st-brigid-ed", emergency={"consent": consent})
    assert (safe.outcome, safe.hold) == ("deny", True)
    assert "emergency.consent_obtainable" in safe.reasons
    assert other.outcome == outcome


# -- D7: §2.25 is tolled until the HIPAA accounting rule is revised --------------------------------------------------


def test_accounting_is_due_until_counsel_says_it_is_tolled():
    safe, other = under("D7=tolled", consents={"intake": {"like": "tpo"}})
    assert safe.obligations - other.obligations == {"accounting"}
    assert other.outcome == "permit"


# -- D10: §2.11: the recipient "undertakes or agrees to undertake" diagnosis, evaluation or treatment ----------------


@pytest.mark.parametrize(("relationship", "outcome"), [("asked", "permit"), ("none", "deny")])
def test_a_clinic_that_was_asked_is_reached_only_if_counsel_says_so(relationship, outcome):
    facts = {"recipient": "newstart", "relationship": relationship, "consents": {"intake": {"like": "tpo"}}}
    safe, other = under("D10=permit", **facts)
    assert safe.outcome == "deny"
    assert other.outcome == outcome


# -- all of them -----------------------------------------------------------------------------------------------------


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(requests, st.builds(Choices, *[st.booleans()] * len(OPTIONS)))
def test_no_choice_ever_withholds_and_none_opens_a_proceeding(request, choices):
    safe, other = decide(request), decide(request, chosen(choices))
    opened, closed = set(other.released) - set(safe.released), set(safe.released) - set(other.released)
    assert all(lacks_what_accompanies_a_consent(item) for item in other.items if item.item in closed)
    assert not opened or request.purpose not in {"law_enforcement", "criminal_proceeding"} or other.hold


def lacks_what_accompanies_a_consent(item):
    """The one thing that a choice may take: it rests on the first basis that carries it (FORMAT.md 6.2), which may now
    be a consent, and a consent's item goes with its notice and copy (§2.32).
    """
    return {reason.partition(".")[0] for reason in item.reasons} == {"notice"}


def test_what_a_choice_rests_on_a_consent_instead_of_an_emergency_needs_the_consents_copy():
    spoken = {"at": "2026-03-01T09:00:00-08:00", "how": "oral"}
    forms = {"intake": {"like": "tpo", "recipients": ["st-brigid-ed"], "revoked": [spoken]}}
    facts = {"recipient": "st-brigid-ed", "emergency": {"nature": "overdose"}, "attached": {"consent_copy": False}}
    safe, other = under("D2=written", consents=forms, **facts)
    assert safe.outcome == "permit"
    assert (other.outcome, other.reasons) == ("deny", ("notice.consent_copy",))


def test_a_decision_names_the_choices_it_was_made_under():
    safe, other = under("D10=permit,D1=permit", consents={"intake": {"like": "tpo"}})
    assert safe.edition == RULES.edition == "89 FR 12472"
    assert other.edition == "89 FR 12472; D1=permit,D10=permit"


def test_the_safe_answers_may_be_spelled_out():
    assert read_choices("D1=withhold, D2=stop,D5=label") == SAFE == read_choices("")
    assert chosen(SAFE) is RULES


@pytest.mark.parametrize("text", ["D1", "D1=maybe", "D9=permit", "D1=permit,D1=withhold", "permit"])
def test_a_choice_nobody_knows_refuses_to_start(text):
    with pytest.raises(ConfigurationError, match="HUB_CHOICES is a list of answers: D1=withhold or permit"):
        chosen_in({"HUB_CHOICES": text})


def test_every_choice_has_its_word_and_its_row():
    assert [option.field for option in OPTIONS] == [field.name for field in fields(Choices)]
    rows = {row[0]: row for row in doubt_rows(read_choices("D7=tolled"))}
    assert rows["D7"][-1] == "chosen: tolled"
    assert rows["D1"][-1] == "open"
    assert all(option.doubt in rows for option in OPTIONS)
