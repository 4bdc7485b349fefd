"""County packs: what Sonoma and Los Angeles ask beyond federal and state law (california.md 1.3, 1.5)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigurationError
from hub.settings import read_settings
from policies.codes import REASONS
from policies.county.packs import PACKS
from policies.county.sonoma import SONOMA as SONOMA_PACK
from policies.days import start_of
from policies.kernel import decide, layers
from policies.vocabulary import BASE_PURPOSES, CLASSES, ROLES
from tests.unit.policies.meridian import answer, ask
from tests.unit.policies.test_laws import many, requests

SONOMA, LA = "sonoma-7.1.12", "la-sapc"
TPO = {"intake": {"like": "tpo"}}
OWN_NOTE = {"note": {"information": "medical", "identifies": "sud_patient"}}
"""A clinic's own note about substance use: no part 2 record, and it shows that somebody is a SUD patient."""
CHART = {"chart": {"information": "medical", "identifies": "person"}}


def clinic_to(recipient, packet, pack, **facts):
    return answer("valley-clinic", recipient, packet=packet, county_pack=pack, **facts)


# -- Sonoma: written consent as a requirement for any disclosure (SON-09) ------------------------------------


def test_in_sonoma_a_written_consent_on_file_is_enough_where_hipaa_would_ask_for_none():
    assert clinic_to("bayview-cardiology", CHART, SONOMA).reasons == ("county.written_consent",)
    released = {"release": {"like": "specific", "recipients": ["bayview-cardiology"]}}
    assert clinic_to("bayview-cardiology", CHART, SONOMA, consents=released).outcome == "permit"


def test_in_sonoma_a_consent_for_somebody_else_is_none():
    elsewhere = {"release": {"like": "specific", "recipients": ["mesa-clinic"]}}
    assert clinic_to("bayview-cardiology", CHART, SONOMA, consents=elsewhere).outcome == "deny"


@pytest.mark.parametrize("pack", [SONOMA, LA])
@pytest.mark.parametrize(
    "facts",
    [
        {"recipient": "st-brigid-ed", "emergency": {"nature": "overdose"}},
        {"recipient": "the-patient", "purpose": "patient_access"},
        {"recipient": "dcfs-hotline", "purpose": "child_abuse_report",
         "packet": {"r": {"information": "abuse_report"}}},
        {"recipient": "police", "purpose": "crime_report", "crime": "on_premises",
         "packet": {"r": {"information": "incident"}}},
        {"recipient": "chartwell", "purpose": "operations", "agreements": ["harbor-chartwell"]},
        {"recipient": "hhs-ocr", "purpose": "hhs_compliance"},
    ],
    ids=lambda facts: facts.get("purpose", "emergency"),
)  # fmt: skip
def test_what_part_2_excepts_from_consent_no_county_forbids(pack, facts):
    assert answer(**facts).outcome == "permit"
    assert answer(**facts, county_pack=pack).outcome == "permit"


@pytest.mark.parametrize("pack", [SONOMA, LA])
def test_her_own_chart_and_a_report_that_law_asks_for_need_no_consent_in_any_county(pack):
    assert clinic_to("the-patient", CHART, pack, purpose="patient_access").outcome == "permit"
    report = {"report": {"information": "abuse_report", "identifies": "person"}}
    assert clinic_to("adult-protection", report, pack, purpose="adult_abuse_report").outcome == "permit"


# -- Los Angeles ----------------------------------------------------------------------------------------------


def test_in_los_angeles_an_ordinary_chart_goes_as_hipaa_permits():
    assert clinic_to("bayview-cardiology", CHART, LA).outcome == "permit"


def test_in_los_angeles_sud_content_of_an_action_plan_needs_her_consent():
    """LA-07."""
    plan = {"plan": {"information": "treatment_plan"}}
    assert clinic_to("mhp", plan, None).outcome == "permit"
    assert clinic_to("mhp", plan, LA).reasons == ("county.written_consent",)
    agreed = {"release": {"like": "specific", "recipients": ["mhp"]}}
    assert clinic_to("mhp", plan, LA, consents=agreed).outcome == "permit"


def test_in_los_angeles_nobody_is_accompanied_without_having_agreed():
    """LA-05: "attend if patient consents"."""
    visit = {"visit": {"information": "attendance"}}
    assert clinic_to("bayview-cardiology", visit, LA, purpose="scheduling").reasons == ("county.written_consent",)
    related = {"purpose": "care_management", "relationship": "treating"}
    assert clinic_to("bayview-cardiology", visit, None, **related).outcome == "permit"
    assert clinic_to("bayview-cardiology", visit, LA, **related).reasons == ("county.written_consent",)


def test_in_los_angeles_an_entry_in_a_housing_system_has_a_consent_of_its_own():
    """LA-09."""
    assert clinic_to("keystone-housing", OWN_NOTE, None).outcome == "permit"
    assert clinic_to("keystone-housing", OWN_NOTE, LA).outcome == "deny"


def test_in_los_angeles_probation_is_told_on_a_criminal_justice_consent_only():
    """LA-10, and story 13: "general TPO consent not enough"."""
    asked = {"purpose": "benefits", "packet": {"report": {"information": "attendance"}}}
    general = {"release": {"like": "specific", "recipients": ["probation"], "purposes": ["benefits"]}}
    assert answer(recipient="probation", consents=general, **asked).outcome == "permit"
    decision = answer(recipient="officer-reyes", consents=general, county_pack=LA, **asked)
    assert decision.reasons == ("county.justice_basis",)
    supervised = {
        "purpose": "supervision",
        "supervision": {"condition": True, "monitors": True},
        "packet": {"report": {"information": "attendance"}},
        "consents": {"court": {"like": "criminal_justice"}},
    }
    assert answer(recipient="officer-reyes", county_pack=LA, **supervised).outcome == "permit"


def test_in_los_angeles_the_judge_is_told_on_a_courts_basis():
    """LA-11."""
    report = {"report": {"information": "attendance"}}
    order = {"section": "2.64", "information": ["attendance"]}
    ordered = {"purpose": "civil_proceeding", "packet": report, "order": order}
    assert answer(recipient="superior-court", county_pack=LA, **ordered).outcome == "permit"
    letter = {"release": {"like": "specific", "recipients": ["superior-court"], "purposes": ["child_welfare"]}}
    told = {"purpose": "child_welfare", "packet": report, "consents": letter}
    assert answer(recipient="superior-court", **told).outcome == "permit"
    assert answer(recipient="superior-court", county_pack=LA, **told).reasons == ("county.justice_basis",)


def test_in_los_angeles_a_housing_agency_learns_only_what_the_consent_lists():
    """LA-21: narrower for recipients outside HIPAA."""
    packet = {"letter": {"information": "attendance"}, "dx": {"information": "diagnosis"}}
    asked = {"purpose": "housing", "packet": packet}

    def release(*information):
        form = {"like": "specific", "recipients": ["keystone-housing"], "purposes": ["housing"]}
        return {"release": {**form, "information": list(information)}}

    whole = answer(recipient="keystone-housing", consents=release("complete_record"), county_pack=LA, **asked)
    assert whole.withheld == {"dx": ("county.expressly",)}
    listed = answer(recipient="keystone-housing", consents=release("attendance", "diagnosis"), county_pack=LA, **asked)
    assert listed.outcome == "permit"
    assert answer(recipient="keystone-housing", consents=release("complete_record"), **asked).outcome == "permit"


def test_in_los_angeles_a_clinic_gets_the_complete_record_a_consent_releases():
    """LA-21 speaks of those outside HIPAA only."""
    dx = {"dx": {"information": "diagnosis"}}
    assert answer(consents=TPO, packet=dx, county_pack=LA).outcome == "permit"


def test_a_narrow_consent_beside_a_broad_one_counts():
    broad = {"like": "specific", "recipients": ["keystone-housing"], "purposes": ["housing"]}
    both = {
        "broad": {**broad, "information": ["complete_record"]},
        "narrow": {**broad, "information": ["diagnosis"]},
    }
    facts = {"purpose": "housing", "packet": {"dx": {"information": "diagnosis"}}, "county_pack": LA}
    for consents in (both, dict(reversed(both.items()))):
        assert answer(recipient="keystone-housing", consents=consents, **facts).outcome == "permit"


EMERGENCY = {"nature": "overdose"}
OWN = {"chart": CHART["chart"], "note": OWN_NOTE["note"]}


@pytest.mark.parametrize("pack", [SONOMA, LA])
@pytest.mark.parametrize(
    ("recipient", "claimed", "outcome"),
    [
        ("st-brigid-ed", EMERGENCY, "permit"),
        ("st-brigid-ed", None, "partial or deny"),
        ("st-brigid-ed", EMERGENCY | {"determined_by": "software"}, "partial or deny"),
        ("st-brigid-ed", EMERGENCY | {"consent": "refused"}, "partial or deny"),
        ("st-brigid", EMERGENCY, "partial or deny"),
    ],
)
def test_in_an_emergency_no_county_keeps_a_clinics_chart_from_medical_personnel(pack, recipient, claimed, outcome):
    facts = {} if claimed is None else {"emergency": claimed}
    assert clinic_to(recipient, OWN, pack, **facts).outcome in outcome


@pytest.mark.parametrize("pack", [SONOMA, LA])
@pytest.mark.parametrize(("claimed", "outcome"), [(EMERGENCY, "permit"), (EMERGENCY | {"consent": "refused"}, "deny")])
def test_in_an_emergency_a_received_record_goes_though_it_rests_on_hipaa(pack, claimed, outcome):
    held = {"record": {"source": "harbor", "held_under": "intake"}}
    forms = {"intake": {"like": "tpo", "discloser": ["harbor"], "recipients": ["mhp"]}}
    facts = {"packet": held, "consents": forms, "emergency": claimed}
    assert answer("mhp", "st-brigid-ed", **facts).outcome == "permit"
    assert answer("mhp", "st-brigid-ed", county_pack=pack, **facts).outcome == outcome


@pytest.mark.parametrize(("scope", "outcome"), [({}, "permit"), ({"information": ["billing"]}, "deny")])
def test_what_a_court_orders_needs_no_consent_in_the_county_either(scope, outcome):
    facts = {"purpose": "civil_proceeding", "demand": "subpoena_with_assurances"}
    decision = clinic_to("superior-court", OWN, SONOMA, order={"section": "other"} | scope, **facts)
    assert (decision.outcome, decision.hold) == (outcome, outcome == "permit")


def test_no_county_keeps_oversight_out():
    assert clinic_to("dhcs", OWN, SONOMA, purpose="audit").outcome == "permit"
    assert clinic_to("granite-works", OWN, SONOMA, purpose="audit").outcome == "deny"


EDITIONS = [pack for editions in PACKS.values() for pack in editions]


# -- all packs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", EDITIONS, ids=lambda pack: pack.id)
def test_a_pack_is_in_force_from_its_day_on(pack):
    request = ask("valley-clinic", "keystone-housing", packet=OWN_NOTE, county_pack=pack.id)
    begins = start_of(pack.effective, request.world.zone)
    assert decide(replace(request, at=begins)).outcome == "deny"
    assert decide(replace(request, at=begins - timedelta(seconds=1))).outcome == "permit"


@pytest.mark.parametrize("pack", EDITIONS, ids=lambda pack: pack.id)
def test_a_pack_says_where_each_condition_comes_from_and_what_is_open(pack):
    for condition in pack.conditions:
        assert condition.source.startswith(("SON-", "LA-"))
        assert condition.says
        assert REASONS[condition.reason].layer == "county"
        assert (condition.roles or frozenset()) <= ROLES
        assert (condition.information or frozenset()) <= CLASSES
        assert (condition.purposes or frozenset()) <= BASE_PURPOSES
    assert all(question.question.endswith("?") or "?" in question.question for question in pack.questions)
    assert pack.questions


def test_the_county_denies_for_itself():
    decision = clinic_to("mhp", {"plan": {"information": "treatment_plan"}}, LA)
    assert [(v.layer, v.outcome) for v in layers(decision)] == [
        ("federal", "permit"),
        ("california", "permit"),
        ("county", "deny"),
    ]


def test_a_pack_that_the_county_changes_binds_from_its_day_and_last_years_what_was_asked_then(monkeypatch):
    relaxed = replace(SONOMA_PACK, effective=date(2026, 7, 1), conditions=())
    monkeypatch.setitem(PACKS, SONOMA, (SONOMA_PACK, relaxed))
    request = ask("valley-clinic", "keystone-housing", packet=OWN_NOTE, county_pack=SONOMA)
    begins = start_of(relaxed.effective, request.world.zone)
    assert decide(replace(request, at=begins)).outcome == "permit"
    assert decide(replace(request, at=begins - timedelta(seconds=1))).reasons == ("county.written_consent",)


@many
@given(requests, st.sampled_from(sorted(PACKS)))
def test_a_pack_only_ever_withholds(request, pack):
    with_pack, without = decide(replace(request, county_pack=pack)), decide(replace(request, county_pack=None))
    assert set(with_pack.released) <= set(without.released)
    assert with_pack.failed == without.failed


@many
@given(requests, st.sampled_from(sorted(PACKS)))
def test_the_order_of_consents_does_not_matter_to_a_county(request, pack):
    asked = replace(request, county_pack=pack)
    turned = replace(asked, consents=tuple(reversed(asked.consents)))
    assert set(decide(asked).released) == set(decide(turned).released)


def test_a_hub_does_not_start_under_a_pack_that_does_not_exist():
    with pytest.raises(ConfigurationError, match="HUB_COUNTY_PACK is one of la-sapc, sonoma-7"):
        read_settings({"HUB_COUNTY_PACK": "atlantis"})
    assert read_settings({"HUB_COUNTY_PACK": LA}).county_pack == LA
