"""The edges of California's limits, of the justice system's use of records, and of what goes along with them."""

from dataclasses import replace
from datetime import date

import pytest

from policies.kernel import decide
from policies.model import Supervision
from tests.unit.policies.meridian import ask, reasons

NOTE = {"note": {"identifies": "person", "information": "medical"}}


@pytest.mark.parametrize(
    ("born", "limited"),
    [
        (date(2014, 3, 3), False),  # eleven until tomorrow
        (date(2014, 3, 2), True),  # twelve from this midnight on
        (date(2008, 3, 3), True),  # seventeen until tomorrow
        (date(2008, 3, 2), False),  # eighteen
    ],
)
def test_a_parent_is_kept_from_the_record_from_the_twelfth_to_the_eighteenth_birthday(born, limited):
    midnight = "2026-03-02T00:00:00-08:00"
    request = ask("mhp", "leo-mother", "family_information", patient="leo", packet=NOTE, at=midnight)
    decision = decide(replace(request, patient=replace(request.patient, born=born)))
    assert ("california.minor_record" in decision.reasons) is limited


@pytest.mark.parametrize(
    ("purpose", "supervision", "outcome"),
    [
        ("supervision", Supervision(condition=True, monitors=True), "permit"),
        ("supervision", Supervision(condition=True, monitors=False), "deny"),
        ("supervision", None, "deny"),
        ("housing", Supervision(condition=True, monitors=True), "deny"),
    ],
)
def test_probation_passes_a_record_on_only_to_who_monitors_the_same_release(purpose, supervision, outcome):
    held = {"report": {"source": "harbor", "held_under": "release"}}
    form = {"like": "criminal_justice", "discloser": ["harbor"], "purposes": ["supervision", "housing"]}
    facts = {"packet": held, "consents": {"release": form}, "supervision": {"condition": True, "monitors": True}}
    request = ask("officer-reyes", "drug-court", "supervision", **facts)
    decision = decide(replace(request, purpose=purpose, supervision=supervision))
    assert (decision.outcome, decision.failed) == (outcome, ())
    assert ("justice.other_use" in decision.reasons) is (outcome == "deny")


def test_a_record_of_supervision_goes_to_nobody_outside_the_justice_system():
    held = {"report": {"source": "harbor", "held_under": "release"}}
    form = {"like": "criminal_justice", "discloser": ["harbor"]}
    facts = {"packet": held, "consents": {"release": form}, "supervision": {"condition": True, "monitors": True}}
    assert "justice.other_use" in reasons("officer-reyes", "granite-works", "supervision", **facts)


@pytest.mark.parametrize(
    ("attached", "found"),
    [
        ({"notice": "none"}, {"notice.missing"}),
        ({"notice": "obsolete"}, {"notice.obsolete"}),
        ({"notice": "short", "consent_copy": False}, {"notice.consent_copy"}),
        ({"notice": "none", "consent_copy": False}, {"notice.missing", "notice.consent_copy"}),
    ],
)
def test_only_what_does_not_go_along_is_called_missing(attached, found):
    whole = {"notice": "full", "consent_copy": True}
    assert reasons(consents={"intake": {"like": "tpo"}}, attached=whole | attached) == found
