"""What the engine does where the law or the format leaves room, and at the edges nobody writes a case about."""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from policies.days import birthday, end_of
from policies.kernel import decide, layers
from policies.model import Agreement, Consent, Item, Patient, Revocation, World
from tests.unit.policies.meridian import NOW, WORLD, answer, ask, reasons

TPO = {"intake": {"like": "tpo"}}
HELD = {"record": {"source": "harbor", "held_under": "release"}}


# -- what the engine does not know it does not permit -------------------------------------------------------


def test_an_unknown_purpose_is_denied_and_a_person_looks():
    decision = decide(replace(ask(consents=TPO), purpose="marketing"))
    assert (decision.outcome, decision.hold, decision.reasons) == ("deny", True, ("design.not_modelled",))


def test_a_party_the_county_does_not_have_is_denied_and_never_a_crash():
    decision = decide(replace(ask(consents=TPO), recipient="nobody-we-know"))
    assert (decision.outcome, decision.hold, decision.failed) == ("deny", True, ("request",))


def test_an_agreement_that_does_not_exist_is_denied_and_never_a_crash():
    assert decide(replace(ask(consents=TPO), agreements=("invented",))).failed == ("request",)


@pytest.mark.parametrize("change", [{"kind": "verbal"}, {"form": "home-made"}, {"signature": "stamp"}])
def test_a_form_of_a_kind_nobody_has_modelled_carries_nothing(change):
    request = ask(consents=TPO)
    decision = decide(replace(request, consents=(replace(request.consents[0], **change),)))
    assert decision.outcome == "deny"
    assert decision.hold
    assert "design.not_modelled" in decision.reasons


def test_a_class_of_information_nobody_has_modelled_waits_to_be_classified():
    request = ask(consents=TPO)
    assert decide(replace(request, packet=(Item("x", information="genome"),))).reasons == ("unclassified",)


def test_an_identity_nobody_has_modelled_counts_as_unverified():
    assert decide(replace(ask(consents=TPO), identity="probably")).reasons == ("identity.unverified",)


def test_an_empty_packet_discloses_nothing():
    assert decide(replace(ask(consents=TPO), packet=())).outcome == "deny"


def test_a_county_pack_that_does_not_exist_denies_and_is_named():
    decision = decide(replace(ask(consents=TPO), county_pack="atlantis"))
    assert (decision.outcome, decision.failed) == ("deny", ("county_consent",))


def test_an_instant_without_an_offset_is_no_instant():
    with pytest.raises(ValueError, match="offset"):
        replace(ask(), at=datetime(2026, 3, 2, 10))  # noqa: DTZ001  # the very thing refused


def test_a_party_may_not_be_part_of_one_that_does_not_exist():
    with pytest.raises(ValueError, match="does not exist"):
        World({"x": replace(WORLD.parties["harbor"], id="x", part_of="gone")}, {}, WORLD.zone)


def test_parties_that_are_part_of_each_other_do_not_hang_the_engine():
    harbor = WORLD.parties["harbor"]
    ring = {"a": replace(harbor, id="a", part_of="b"), "b": replace(harbor, id="b", part_of="a")}
    assert World(ring, {}, WORLD.zone).lines["a"] == {"a", "b"}


def test_a_consent_that_cannot_be_tested_denies_the_whole_packet_and_not_its_first_item_only():
    request = ask(
        consents={"intake": {"like": "tpo"}, "later": {"like": "tpo", "expires": {"event": "discharge"}}},
        packet={"one": {}, "two": {"information": "medications"}},
    )
    broken = replace(request, events={"discharge": datetime(2026, 3, 1)})  # noqa: DTZ001  # the broken fact
    decision = decide(broken)
    assert (decision.released, decision.failed) == ((), ("consent",))


def test_accounting_is_due_for_what_a_qso_sends_for_its_program_also_beside_what_it_received():
    received = {"source": "harbor", "held_under": "release"}
    served = {"source": "harbor", "held_under": "qsoa"}
    named = ["bridge-exchange", "mesa-clinic"]
    form = {"like": "specific", "discloser": ["harbor"], "recipients": named, "onward": ["mesa-clinic"]}
    for packet in ({"a": received, "b": served}, {"b": served, "a": received}):
        facts = {"packet": packet, "consents": {"release": form}, "agreements": ["harbor-bridge"]}
        decision = answer("bridge-exchange", "mesa-clinic", **facts)
        assert decision.outcome == "permit"
        assert "accounting" in decision.obligations
    alone = answer("bridge-exchange", "mesa-clinic", packet={"a": received}, consents={"release": form})
    assert "accounting" not in alone.obligations


# -- days ---------------------------------------------------------------------------------------------------


def test_a_child_of_29_february_comes_of_age_on_1_march():
    assert birthday(date(2008, 2, 29), 18) == date(2026, 3, 1)


def test_the_day_that_loses_an_hour_has_23():
    zone = ZoneInfo("America/Los_Angeles")
    assert (end_of(date(2026, 3, 8), zone) - end_of(date(2026, 3, 7), zone)).total_seconds() == 23 * 3600


def test_a_record_the_program_made_is_never_held_under_a_consent():
    request = ask(consents={"other": {"like": "tpo", "discloser": ["lantern"]}})
    held = decide(replace(request, packet=(replace(request.packet[0], held_under="other"),)))
    assert held.reasons == ("scope.discloser",)


# -- choices of law -----------------------------------------------------------------------------------------


def test_two_kinds_of_proceeding_on_one_form_are_combined():
    form = {"like": "proceeding", "purposes": ["civil_proceeding", "criminal_proceeding"]}
    decision = answer(recipient="dependency-court", purpose="civil_proceeding", consents={"court": form})
    assert decision.outcome == "deny"
    assert "consent.combined" in decision.reasons


def test_a_tpo_form_that_lists_treatment_only_does_not_open_payment():
    form = {"like": "tpo", "purposes": ["treatment"]}
    assert reasons(recipient="sunrise", purpose="claim", consents={"intake": form}) == {"scope.purpose"}


def test_what_a_qso_holds_goes_out_under_a_consent_that_names_the_program_and_not_the_qso():
    held = {"record": {"source": "harbor", "held_under": "qsoa"}}
    for named, outcome in (("harbor", "permit"), ("bridge-exchange", "deny")):
        decision = answer(
            "bridge-exchange",
            "mesa-clinic",
            relationship="treating",
            packet=held,
            agreements=["harbor-bridge"],
            consents={"intake": {"like": "tpo", "discloser": [named]}},
        )
        assert decision.outcome == outcome


def test_a_service_agreement_of_the_parent_body_does_not_serve_the_program():
    held = {"record": {"source": "harbor", "held_under": "qsoa"}}
    decision = answer("chartwell", "harbor", "operations", packet=held, agreements=["lantern-bridge"])
    assert "qso.no_agreement" in decision.reasons


def test_the_qso_gives_back_to_its_program():
    held = {"record": {"source": "harbor", "held_under": "qsoa"}}
    decision = answer("chartwell", "harbor", "operations", packet=held, agreements=["harbor-chartwell"])
    assert decision.outcome == "permit"
    assert "agreement_on_file" in decision.obligations
    assert "proceedings_label" not in decision.obligations


def test_the_unnamed_time_of_receipt_is_taken_to_be_now():
    form = {"like": "tpo", "discloser": ["harbor"], "expires": "2026-01-31"}
    decision = answer("mhp", "st-brigid", packet=HELD, consents={"release": form})
    assert decision.reasons == ("redisclosure.not_lawful_holder",)
    assert "breach_assessment" in decision.obligations


@pytest.mark.parametrize(("state", "outcome"), [("not_yet", "permit"), ("unknown", "deny")])
def test_an_event_nobody_has_checked_does_not_prove_a_lawful_receipt(state, outcome):
    form = {"like": "tpo", "discloser": ["harbor"], "expires": {"event": "discharge"}}
    decision = answer("mhp", "st-brigid", packet=HELD, consents={"release": form}, events={"discharge": state})
    assert decision.outcome == outcome


def test_a_record_that_came_before_an_event_nobody_knows_of_waits_and_is_called_no_breach():
    form = {"like": "tpo", "discloser": ["harbor"], "expires": {"event": "discharge"}}
    decision = answer("mhp", "st-brigid", packet=HELD, consents={"release": form})
    assert decision.reasons == ("consent.expiry_unknown",)
    assert decision.hold
    assert "breach_assessment" not in decision.obligations


def test_what_remains_to_be_settled_is_said_beside_a_doubt_about_the_receipt():
    form = {"like": "specific", "discloser": ["harbor"], "recipients": ["mhp"], "expires": {"event": "discharge"}}
    decision = answer("mhp", "st-brigid", packet=HELD, consents={"release": form})
    assert decision.reasons == ("redisclosure.narrow_consent", "consent.expiry_unknown")


def test_a_revoked_consent_is_named_beside_a_receipt_of_no_stated_time():
    form = {
        "like": "tpo",
        "discloser": ["harbor"],
        "revoked": [{"at": "2026-02-20T09:00:00-08:00", "how": "written"}],
    }
    decision = answer("willow", "valley-clinic", packet=HELD, consents={"release": form})
    assert {"consent.revoked", "redisclosure.not_lawful_holder"} <= set(decision.reasons)
    known = {"record": {**HELD["record"], "received": "2026-02-21T09:00:00-08:00"}}
    decision = answer("willow", "valley-clinic", packet=known, consents={"release": form})
    assert decision.reasons == ("redisclosure.not_lawful_holder",)


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ({"final_disposition": "not_yet"}, "permit"),
        ({"final_disposition": "2026-03-01T09:00:00-08:00"}, "permit"),
        ({"final_disposition": "2026-02-01T09:00:00-08:00"}, "deny"),
        ({}, "deny"),
    ],
)
def test_a_justice_consent_is_revocable_from_final_disposition_on(events, outcome):
    form = {"like": "criminal_justice", "revoked": [{"at": "2026-02-20T09:00:00-08:00", "how": "written"}]}
    decision = answer(
        recipient="officer-reyes",
        purpose="supervision",
        supervision={"condition": True, "monitors": True},
        consents={"probation": form},
        events=events,
    )
    assert decision.outcome == outcome


def test_express_permission_to_pass_on_reaches_only_what_the_consent_covers():
    form = {
        "like": "specific",
        "discloser": ["harbor"],
        "recipients": ["dcfs"],
        "purposes": ["child_welfare"],
        "onward": ["foster-agency"],
    }
    facts = {"packet": HELD, "consents": {"release": form}}
    assert answer("dcfs", "foster-agency", "child_welfare", **facts).outcome == "permit"
    assert reasons("dcfs", "foster-agency", "housing", **facts) == {"scope.purpose"}
    assert reasons("dcfs", "keystone-housing", "child_welfare", **facts) == {"redisclosure.not_permitted"}
    revoked = {**form, "revoked": [{"at": "2026-03-01T09:00:00-08:00", "how": "written"}]}
    facts["consents"] = {"release": revoked}
    facts["packet"] = {"record": {**HELD["record"], "received": "2026-02-01T09:00:00-08:00"}}
    assert reasons("dcfs", "foster-agency", "child_welfare", **facts) == {"consent.revoked"}


def test_probation_passes_a_record_to_the_court_that_monitors_and_the_consent_must_still_stand():
    form = {"like": "criminal_justice", "discloser": ["harbor"]}
    facts = {"packet": HELD, "supervision": {"condition": True, "monitors": True}}
    assert answer("probation", "drug-court", "supervision", **facts, consents={"release": form}).outcome == "permit"
    ended = {**form, "expires": "2026-02-28"}
    facts["packet"] = {"record": {**HELD["record"], "received": "2026-02-01T09:00:00-08:00"}}
    found = reasons("probation", "drug-court", "supervision", **facts, consents={"release": ended})
    assert found == {"consent.expired", "justice.other_use", "proceeding.barred"}


def test_a_revocation_stops_the_payers_contractor_too():
    form = {
        "like": "specific",
        "discloser": ["harbor"],
        "recipients": ["legacy-fund"],
        "purposes": ["payment"],
        "revoked": [{"at": "2026-03-01T09:00:00-08:00", "how": "written"}],
    }
    held = {"record": {**HELD["record"], "received": "2026-02-01T09:00:00-08:00"}}
    found = reasons(
        "legacy-fund",
        "ledgerworks",
        "claim",
        packet=held,
        consents={"release": form},
        agreements=["legacy-ledgerworks"],
    )
    assert found == {"consent.revoked"}


def test_how_a_record_came_to_a_holder_outside_must_be_known():
    request = ask("mesa-clinic", packet={"record": {"source": "harbor", "held_under": "ordinary"}})
    assert decide(request).reasons == ("redisclosure.not_permitted",)
    unknown = replace(request, packet=(replace(request.packet[0], held_under=None),))
    assert decide(unknown).reasons == ("redisclosure.not_lawful_holder",)


def test_other_health_information_needs_an_agreement_with_who_transports_it():
    facts = {"packet": {"chart": {"information": "medical"}}, "through": "bridge-exchange"}
    assert answer("valley-clinic", "mesa-clinic", **facts).reasons == ("qso.no_agreement",)
    assert answer("valley-clinic", "mesa-clinic", **facts, agreements=["valley-bridge"]).outcome == "permit"


def test_a_patient_without_a_birth_date_is_treated_as_a_minor():
    request = ask(consents=TPO, service="methadone")
    unborn = replace(request, patient=replace(request.patient, born=None))
    assert "minor.parent_consent" in decide(unborn).reasons
    assert decide(replace(unborn, service="counseling")).outcome == "permit"


def test_a_restriction_gives_way_to_emergency_treatment_and_not_to_its_bill():
    facts = {"emergency": {"nature": "overdose"}, "restrictions": [{"against": ["st-brigid"]}]}
    assert answer(recipient="st-brigid-ed", **facts).outcome == "permit"
    assert "restriction.agreed" in reasons(recipient="st-brigid-ed", purpose="payment", **facts)


def test_facts_that_may_save_a_minor_go_to_a_parent_and_those_of_an_adult_do_not():
    facts = {
        "purpose": "family_information",
        "findings": ["lacks_capacity", "substantial_threat"],
        "packet": {"risk": {"information": "threat_facts"}},
    }
    assert answer("lantern", "leo-mother", patient="leo", **facts).outcome == "permit"
    assert answer("lantern", "noa-father", patient="noa", **facts).outcome == "deny"


def test_a_general_authorization_carries_a_medical_note_and_no_psychotherapy_notes():
    form = {"like": "specific", "kind": "general", "information": ["medical", "psychotherapy_notes"]}
    form["purposes"] = ["employment"]
    packet = {"note": {"information": "medical"}, "therapist": {"information": "psychotherapy_notes"}}
    decision = answer("mhp", "granite-works", "employment", packet=packet, consents={"form": form})
    assert decision.released == ("note",)
    assert decision.withheld == {"therapist": ("consent.general", "hipaa.authorization")}


def test_a_parent_of_a_removed_child_is_barred_from_the_therapists_record_and_not_from_the_x_ray():
    packet = {"x-ray": {"information": "medical", "identifies": "person"}}
    form = {"like": "specific", "information": ["medical"], "purposes": ["education"]}
    form["signed_by"] = ["the-patient", "kai-mother"]
    facts = {"patient": "kai", "packet": packet, "consents": {"form": form}}
    assert answer("mhp", "meridian-high", "education", **facts).outcome == "permit"


def test_a_parent_of_a_child_at_home_may_sign_beside_the_child():
    packet = {"therapy": {"information": "mental_health", "identifies": "person"}}
    form = {"like": "specific", "information": ["mental_health"], "purposes": ["education"]}
    form["signed_by"] = ["the-patient", "leo-mother"]
    facts = {"patient": "leo", "packet": packet, "consents": {"form": form}}
    assert answer("mhp", "meridian-high", "education", **facts).outcome == "permit"


def test_only_a_provider_is_a_treating_provider_whatever_relationship_is_claimed():
    facts = {"consents": TPO, "relationship": "accepted"}
    assert answer(recipient="newstart", **facts).outcome == "permit"
    assert reasons(recipient="keystone-housing", **facts) == {"scope.recipient"}


def test_a_program_beyond_200_miles_is_not_among_the_near_ones():
    form = {"like": "registry", "recipients": ["programs_within_200_miles"]}
    packet = {"dose": {"information": "medications"}}
    near, far = (
        reasons(
            "cedar-otp",
            "desert-otp",
            "dual_enrollment",
            packet=packet,
            consents={"form": form},
            registry={"trigger": "accepted", "miles": miles},
        )
        for miles in (200, 201)
    )
    assert near == set()
    assert far == {"registry.distance", "scope.recipient"}


def test_a_payer_of_her_contract_is_reached_and_another_is_not():
    form = {"like": "tpo", "recipients": ["third_party_payers"]}
    claim = {"claim": {"information": "billing"}}
    assert answer(recipient="legacy-fund", purpose="claim", packet=claim, consents={"i": form}).outcome == "permit"
    assert reasons(recipient="crestview", purpose="claim", packet=claim, consents={"i": form}) == {"scope.recipient"}


def test_a_parent_may_see_the_record_of_a_child_too_young_to_seek_counseling_alone():
    note = {"note": {"information": "medical", "identifies": "person"}}
    form = {"like": "specific", "purposes": ["family_information"], "signed_by": ["the-patient", "sam-mother"]}
    found = answer("mhp", "sam-mother", "family_information", patient="sam", packet=note, consents={"form": form})
    assert found.outcome == "permit"
    assert "california.minor_record" not in reasons(
        "mhp",
        "sam-mother",
        "family_information",
        patient="sam",
        packet=note,
    )


def test_a_consent_revoked_as_to_the_holder_no_longer_lets_it_pass_the_record_on():
    form = {
        "like": "tpo",
        "discloser": ["harbor"],
        "revoked": [{"at": "2026-03-01T09:00:00-08:00", "how": "oral", "as_to": ["willow"]}],
    }
    held = {"record": {**HELD["record"], "received": "2026-02-01T09:00:00-08:00"}}
    decision = answer("willow", packet=held, consents={"release": form})
    assert "consent.revoked" in decision.reasons


def test_sonoma_asks_for_a_written_consent_where_hipaa_would_not():
    chart = {"chart": {"information": "medical"}}
    assert answer("valley-clinic", "bayview-cardiology", packet=chart).outcome == "permit"
    decision = answer("valley-clinic", "bayview-cardiology", packet=chart, county_pack="sonoma-7.1.12")
    assert decision.reasons == ("county.written_consent",)
    assert [(v.layer, v.outcome) for v in layers(decision)] == [
        ("federal", "permit"),
        ("california", "permit"),
        ("county", "deny"),
    ]


def test_sonomas_rule_is_not_older_than_its_procedures():
    facts = {"packet": {"chart": {"information": "medical"}}, "county_pack": "sonoma-7.1.12"}
    request = ask("valley-clinic", "bayview-cardiology", **facts)
    assert decide(replace(request, at=NOW.replace(year=2025))).outcome == "permit"


def test_an_emergency_needs_no_written_consent_in_sonoma_either():
    assert (
        answer(
            recipient="st-brigid-ed",
            emergency={"nature": "overdose"},
            county_pack="sonoma-7.1.12",
        ).outcome
        == "permit"
    )


def test_a_revocation_is_kept_in_universal_time():
    assert Revocation(NOW).at.utcoffset().total_seconds() == 0
    assert Patient("x").born is None
    assert Consent("x", "tpo").compiled is None


# -- who is reached, and what a holder may do ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "recipient"),
    [(["registry"], "tidewater-otp"), (["programs_within_200_miles"], "valley-clinic")],
)
def test_a_registry_consent_reaches_near_programs_only_if_it_says_so(listed, recipient):
    found = reasons(
        "cedar-otp",
        recipient,
        "dual_enrollment",
        packet={"dose": {"information": "medications"}},
        consents={"form": {"like": "registry", "recipients": listed}},
        registry={"trigger": "accepted", "miles": 50},
    )
    assert found == {"scope.recipient"}


def test_a_treating_provider_outside_the_exchange_gets_nothing_through_it():
    held = {"summary": {"source": "harbor", "held_under": "exchange"}}
    found = reasons("commons", "mhp", packet=held, consents={"exchange": {"like": "intermediary"}})
    assert found == {"scope.recipient"}


@pytest.mark.parametrize(
    ("holder", "recipient", "purpose", "form", "reason"),
    [
        ("willow", "valley-clinic", "treatment", {"like": "specific", "recipients": ["willow"]}, "not_permitted"),
        ("willow", "ledgerworks", "claim", {"like": "specific", "purposes": ["payment"]}, "not_permitted"),
        ("legacy-fund", "valley-clinic", "treatment", {"like": "tpo"}, "not_contractor"),
        ("commons", "valley-clinic", "treatment", {"like": "specific"}, "not_permitted"),
        ("valley-clinic", "mesa-clinic", "treatment", {"like": "intermediary"}, "narrow_consent"),
    ],
)
def test_what_a_holder_may_pass_on_depends_on_who_holds_it_and_on_the_form(holder, recipient, purpose, form, reason):
    consents = {"release": {**form, "discloser": ["harbor"]}}
    assert reasons(holder, recipient, purpose, packet=HELD, consents=consents) == {f"redisclosure.{reason}"}


@pytest.mark.parametrize(
    ("holder", "recipient", "purpose", "agreements"),
    [
        ("fda", "valley-clinic", "treatment", []),
        ("st-brigid", "valley-clinic", "payment", []),
        ("valley-clinic", "bridge-exchange", "treatment", ["valley-bridge"]),
    ],
)
def test_what_came_in_an_emergency_goes_on_only_from_covered_holders_to_providers_for_treatment(
    holder, recipient, purpose, agreements
):
    held = {"record": {"source": "harbor", "held_under": "emergency"}}
    found = answer(holder, recipient, purpose, packet=held, agreements=agreements)
    assert found.reasons == ("redisclosure.not_permitted",)


def test_notes_without_any_consent_lack_both_a_basis_and_a_consent_of_their_own():
    notes = {"notes": {"information": "counseling_notes"}}
    assert reasons(packet=notes) == {"consent.none", "notes.separate_consent"}


def test_in_an_emergency_the_form_still_lacks_what_notes_need():
    notes = {"notes": {"information": "counseling_notes"}}
    found = reasons(recipient="sunrise", packet=notes, consents=TPO, emergency={"nature": "overdose"})
    assert {"notes.emergency", "notes.separate_consent", "emergency.not_medical_personnel"} <= found


def test_a_notes_form_that_lists_something_else_lists_no_notes():
    form = {"like": "counseling_notes", "information": ["diagnosis"]}
    notes = {"notes": {"information": "counseling_notes"}}
    assert {"consent.combined", "scope.information"} <= reasons(packet=notes, consents={"form": form})


@pytest.mark.parametrize(
    ("recipient", "agreement", "purpose", "against"),
    [
        ("chartwell", "harbor-chartwell", "legal_advice", "brought_by_patient"),
        ("harbor-counsel", "harbor-counsel", "operations", "brought_by_patient"),
        ("harbor-counsel", "harbor-counsel", "legal_advice", "third_party"),
    ],
)
def test_notes_go_to_a_service_organization_only_for_the_defense_against_the_patients_own_action(
    recipient, agreement, purpose, against
):
    packet = {"notes": {"information": "counseling_notes"}, "dates": {"information": "attendance"}}
    decision = answer(recipient=recipient, purpose=purpose, against=against, agreements=[agreement], packet=packet)
    assert decision.withheld == {"notes": ("notes.separate_consent",)}


def test_a_record_the_patient_brought_goes_on_as_hipaa_permits_or_from_others_freely():
    held = {"record": {"source": "harbor", "held_under": "patient"}}
    assert answer("valley-clinic", "granite-works", "employment", packet=held).reasons == ("hipaa.authorization",)
    assert answer("attorney-hale", "granite-works", "employment", packet=held).outcome == "permit"


@pytest.mark.parametrize("held_under", ["audit", "research"])
def test_auditors_and_researchers_give_back_to_the_source_and_to_nobody_else(held_under):
    held = {"record": {"source": "harbor", "held_under": held_under}}
    assert answer("dhcs", "harbor", "quality_review", packet=held).outcome == "permit"
    assert answer("dhcs", "lantern", "quality_review", packet=held).reasons == (f"{held_under}.other_use",)


def test_a_service_organization_without_an_agreement_lacks_the_agreement_and_is_no_thief():
    held = {"record": {"source": "harbor", "held_under": "qsoa"}}
    assert reasons("chartwell", "insight", "operations", packet=held) == {"qso.no_agreement"}


def test_a_record_for_supervision_serves_a_landlord_in_no_way_worth_explaining_further():
    form = {"like": "criminal_justice", "discloser": ["harbor"]}
    found = reasons("probation", "bluebird-landlord", "housing", packet=HELD, consents={"release": form})
    assert found == {"justice.other_use"}


def test_psychotherapy_notes_do_not_go_on_after_an_emergency():
    held = {"record": {"source": "harbor", "held_under": "emergency", "information": "psychotherapy_notes"}}
    assert reasons("st-brigid", packet=held) == {"redisclosure.not_permitted"}


def test_a_general_release_that_names_the_next_recipient_is_still_no_part_2_consent():
    form = {"like": "specific", "kind": "general", "discloser": ["harbor"], "onward": ["foster-agency"]}
    found = reasons("dcfs", "foster-agency", packet=HELD, consents={"release": form})
    assert found == {"consent.general"}


@pytest.mark.parametrize(
    ("recipients", "stated"),
    [
        (["treating_providers"], True),
        (["keystone-housing"], False),
        (["valley-clinic"], True),
        ([{"as_written": "Valley Clinic"}], True),
        ([{"person": "dr-chen", "at": "valley-clinic"}], True),
        ([{"as_written": "Keystone Housing"}], False),
    ],
)
def test_the_redisclosure_rule_is_stated_where_any_recipient_is_covered(recipients, stated):
    form = {"like": "specific", "recipients": recipients, "states_redisclosure_rule": False}
    found = reasons(recipient="granite-works", consents={"release": form})
    assert ("consent.missing.redisclosure_rule" in found) == stated


def test_paying_in_full_keeps_a_plan_from_the_bill_and_not_a_treating_plan_from_treatment():
    facts = {"consents": TPO, "restrictions": [{"agreed": False, "paid_in_full": True}]}
    assert answer(recipient="mhp", purpose="treatment", **facts).outcome == "permit"
    assert reasons(recipient="sunrise", purpose="quality_review", **facts) == {"restriction.paid_in_full"}


@pytest.mark.parametrize(
    ("recipient", "paid", "made", "outcome"),
    [
        ("sunrise", False, "2026-02-24", "permit"),
        ("sunrise", False, "2026-02-15", "permit"),
        ("sunrise", False, "2026-02-14", "deny"),
        ("sunrise", True, "2026-02-24", "deny"),
        ("valley-clinic", True, "2026-02-24", "permit"),
    ],
)
def test_the_programs_notice_ends_a_restriction_for_what_is_made_from_that_day_on(recipient, paid, made, outcome):
    limit = {"paid_in_full": paid, "ended": "2026-02-15T09:00:00-08:00", "ended_by": "notice"}
    claim = {"claim": {"information": "billing", "made": made}}
    decision = answer(recipient=recipient, purpose="claim", packet=claim, consents=TPO, restrictions=[limit])
    assert decision.outcome == outcome


def test_a_consent_is_read_anew_where_the_parties_are_others():
    request = ask(consents={"release": {"like": "specific", "recipients": [{"as_written": "Valley Clinic"}]}})
    assert decide(request).outcome == "permit"
    namesake = replace(WORLD.parties["mesa-clinic"], id="other-valley", name="Valley Clinic")
    crowded = World({**WORLD.parties, "other-valley": namesake}, WORLD.agreements, WORLD.zone)
    assert "scope.recipient_ambiguous" in decide(replace(request, world=crowded)).reasons
    assert decide(request).outcome == "permit"


@pytest.mark.parametrize(
    "claimed", [{"kind": "disaster_over"}, {"determined_by": "software"}, {"kind": "product_error"}]
)
def test_a_restriction_does_not_give_way_to_what_is_no_clinicians_emergency(claimed):
    facts = {"consents": TPO, "relationship": "treating", "restrictions": [{"against": ["st-brigid"]}]}
    assert "restriction.agreed" in reasons(recipient="st-brigid-ed", emergency=claimed, **facts)
    assert answer(recipient="st-brigid-ed", emergency={}, **facts).outcome == "permit"


def test_staff_of_a_clinic_outside_part_2_are_no_staff_of_the_program():
    form = {"like": "specific", "discloser": ["harbor"], "recipients": ["valley-clinic"]}
    found = reasons("valley-clinic", "dr-chen", packet=HELD, consents={"release": form})
    assert found == {"redisclosure.narrow_consent"}


def test_an_agreement_with_somebody_else_says_nothing_about_this_recipient():
    assert reasons(agreements=["harbor-chartwell"]) == {"consent.none"}


def test_only_a_service_agreement_makes_a_service_organization():
    contract = Agreement("other", "contract_2_33c", "harbor", "chartwell", "data_processing")
    world = World(WORLD.parties, {"other": contract}, WORLD.zone)
    request = replace(ask(recipient="chartwell", purpose="operations"), world=world, agreements=("other",))
    assert set(decide(request).reasons) == {"qso.no_agreement", "consent.none"}


def test_what_is_transported_by_the_programs_own_service_organization_goes():
    facts = {"consents": TPO, "through": "chartwell"}
    assert answer(**facts, agreements=["harbor-chartwell"]).outcome == "permit"
    assert reasons(**facts, agreements=["harbor-chartwell-lapsed"]) == {"qso.no_agreement"}


def test_a_business_associate_gives_back_to_the_party_it_serves():
    chart = {"chart": {"information": "medical"}}
    decision = answer("bridge-exchange", "valley-clinic", "operations", packet=chart, agreements=["valley-bridge"])
    assert decision.outcome == "permit"
    assert "business_associate_contract" in decision.obligations
