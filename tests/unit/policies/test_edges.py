"""The edges of days, ages, revocations and signatures: one instant or one signature on either side of the rule."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from policies.california.minors import minor_alone
from policies.days import BEGINNING, FOREVER, birthday, day_of, end_of, start_of
from policies.kernel import decide, layers
from policies.model import Agreement, Item, World
from policies.remedies import remedies
from tests.unit.policies.meridian import NOW, WORLD, answer, ask, reasons

WAITING = {"like": "tpo", "expires": {"event": "discharge"}}
THREAT = ["lacks_capacity", "substantial_threat"]
MIDNIGHT = "2026-03-02T00:00:00-08:00"


# -- who signs (§2.14, §2.15) ----------------------------------------------------------------------------------------


def test_what_a_patient_signed_is_good_until_the_day_of_death():
    request = ask(consents={"intake": {"like": "tpo"}})
    for died, found in ((date(2026, 3, 20), "permit"), (date(2026, 3, 2), "deny")):
        assert decide(replace(request, patient=replace(request.patient, died=died))).outcome == found


@pytest.mark.parametrize(("signer", "found"), [("carl-wife", "consent.signer"), ("carl-agent", "capacity.agent")])
def test_a_wife_is_no_agent(signer, found):
    form = {"like": "tpo", "signed_by": [signer]}
    assert reasons(patient="carl", findings=["medically_unable"], consents={"intake": form}) == {found}


def test_from_the_eighteenth_birthday_on_the_courts_representative_signs_alone():
    request = ask(patient="ruth", consents={"intake": {"like": "tpo", "signed_by": ["ruth-conservator"]}})
    signed = request.consents[0].signed_on
    for turns, outcome in ((signed, "permit"), (signed + timedelta(days=1), "deny")):
        born = turns.replace(year=turns.year - 18)
        assert decide(replace(request, patient=replace(request.patient, born=born))).outcome == outcome


def test_a_bill_for_a_minor_goes_to_a_person_also_if_the_minor_once_signed_another_form():
    forms = {
        "mothers": {"like": "tpo", "signed_by": ["leo-mother"]},
        "old": {"like": "tpo", "signed_by": ["leo"], "expires": "2026-02-01"},
    }
    decision = answer("lantern", "sunrise", "claim", patient="leo", consents=forms)
    assert decision.hold
    assert {"minor.consent", "minor.payment"} <= set(decision.reasons)


@pytest.mark.parametrize(
    ("service", "age", "alone"),
    [
        ("counseling", 12, True),
        ("buprenorphine", 16, True),
        ("buprenorphine", 15, False),
        ("methadone", 17, False),
    ],
)
def test_a_minor_consents_alone_from_the_birthday_on(service, age, alone):
    birthday = date(2026, 3, 2)
    born = birthday.replace(year=birthday.year - age)
    assert minor_alone(born, birthday, service) is alone
    assert not minor_alone(born, birthday - timedelta(days=1), service)


@pytest.mark.parametrize(
    ("recipient", "service", "limited"),
    [("leo-mother", "counseling", True), ("leo-mother", "methadone", False), ("st-brigid", "counseling", False)],
)
def test_california_keeps_from_a_parent_only_the_record_of_care_a_minor_may_seek_alone(recipient, service, limited):
    note = {"note": {"identifies": "person", "information": "medical"}}
    found = reasons("mhp", recipient, "family_information", patient="leo", service=service, packet=note)
    assert ("california.minor_record" in found) is limited


# -- when a consent begins and ends (§2.31(a)(6), (7), (9), (c)) -------------------------------------------------------


@pytest.mark.parametrize("form", [{"like": "tpo"}, WAITING])
def test_a_consent_is_good_from_the_midnight_that_begins_its_day(form):
    facts = {"consents": {"intake": {**form, "signed_on": "2026-03-02"}}, "events": {"discharge": "not_yet"}}
    assert answer(**facts, at=MIDNIGHT).outcome == "permit"
    assert "consent.false" in reasons(**facts, at="2026-03-01T23:59:59-08:00")


@pytest.mark.parametrize("form", [{"like": "tpo"}, WAITING])
def test_a_consent_is_prior_from_the_instant_it_is_signed(form):
    signed = {**form, "signed_on": "2026-03-02", "signed_at": "2026-03-02T10:00:00-08:00"}
    facts = {"consents": {"intake": signed}, "events": {"discharge": "not_yet"}}
    assert answer(**facts).outcome == "permit"
    assert "consent.not_prior" in reasons(**facts, at="2026-03-02T09:59:59-08:00")


def test_a_form_signed_on_screen_that_bears_no_date_lacks_the_date_and_is_not_called_false():
    form = {"like": "tpo", "signed_on": None, "signed_at": "2026-02-01T09:00:00-08:00"}
    assert reasons(consents={"intake": form}) == {"consent.missing.date"}


@pytest.mark.parametrize(
    ("made", "found"),
    [("2026-02-19", "consent.reliance"), ("2026-02-20", "consent.revoked"), (None, "consent.revoked")],
)
def test_a_bill_relies_on_a_consent_only_for_care_before_the_day_it_was_revoked(made, found):
    form = {"like": "tpo", "revoked": [{"at": "2026-02-20T09:00:00-08:00", "how": "written"}]}
    claim = {"claim": {"information": "billing"} | ({"made": made} if made else {})}
    assert reasons(recipient="sunrise", purpose="claim", packet=claim, consents={"intake": form}) == {found}


def test_writing_is_asked_for_only_while_there_is_none():
    spoken = {"at": "2026-02-20T09:00:00-08:00", "how": "oral"}
    written = {"at": "2026-02-21T09:00:00-08:00", "how": "written"}
    for revoked, asked in (([spoken], True), ([spoken, written], False), ([written], False)):
        decision = answer(consents={"intake": {"like": "tpo", "revoked": revoked}})
        assert decision.outcome == "deny"
        assert ("written_revocation" in decision.obligations) is asked


@pytest.mark.parametrize(
    ("revoked", "outcome"), [("2026-02-20T00:00:00-08:00", "deny"), ("2026-02-19T23:59:59-08:00", "permit")]
)
def test_a_justice_consent_may_be_taken_back_from_the_first_instant_of_its_day(revoked, outcome):
    form = {"like": "criminal_justice", "revocable_from": "2026-02-20", "revoked": [{"at": revoked, "how": "written"}]}
    facts = {
        "recipient": "officer-reyes",
        "purpose": "supervision",
        "supervision": {"condition": True, "monitors": True},
    }
    assert answer(**facts, consents={"order": form}).outcome == outcome


@pytest.mark.parametrize(("second", "outcome"), [(0, "deny"), (1, "permit")])
def test_a_consent_ends_and_is_revoked_at_the_very_instant(second, outcome):
    then = (NOW + timedelta(seconds=second)).isoformat()
    assert answer(consents={"intake": WAITING}, events={"discharge": then}).outcome == outcome
    revoked = {"like": "tpo", "revoked": [{"at": then, "how": "written"}]}
    assert answer(consents={"intake": revoked}).outcome == outcome


@pytest.mark.parametrize(("second", "outcome"), [(0, "deny"), (1, "permit")])
def test_a_justice_consent_may_be_taken_back_from_the_instant_of_its_event(second, outcome):
    ended = datetime.fromisoformat("2026-02-20T09:00:00-08:00")
    form = {
        "like": "criminal_justice",
        "revocable_from": {"event": "final_disposition"},
        "revoked": [{"at": ended.isoformat(), "how": "written"}],
    }
    facts = {
        "recipient": "officer-reyes",
        "purpose": "supervision",
        "supervision": {"condition": True, "monitors": True},
        "events": {"final_disposition": (ended + timedelta(seconds=second)).isoformat()},
    }
    assert answer(**facts, consents={"order": form}).outcome == outcome


def test_a_form_signed_too_late_is_not_prior_and_for_all_that_not_false():
    late = {"like": "tpo", "signed_on": "2026-03-03", "signed_at": "2026-03-03T09:00:00-08:00"}
    assert reasons(consents={"intake": late}) == {"consent.not_prior"}


def test_a_date_from_which_a_form_is_revocable_means_something_to_the_justice_system_only():
    revoked = [{"at": "2026-02-20T09:00:00-08:00", "how": "written"}]
    form = {"like": "tpo", "revocable_from": "2026-12-31", "revoked": revoked}
    assert reasons(consents={"intake": form}) == {"consent.revoked"}


def test_what_a_programs_counselor_made_is_the_programs_in_the_hands_of_its_service_organization():
    laboratory = Agreement("harbor-lantern", "qsoa", "harbor", "lantern", "laboratory")
    world = World(WORLD.parties, {**WORLD.agreements, laboratory.id: laboratory}, WORLD.zone)
    note = Item("note", source="harbor-counselor", held_under="qsoa")
    asked = ask("lantern", consents={"intake": {"like": "tpo", "discloser": ["harbor"]}})
    held = replace(asked, world=world, packet=(note,), agreements=(laboratory.id,))
    assert decide(held).consents == ("intake",)
    assert decide(replace(held, agreements=())).outcome == "deny"


def test_an_agreement_makes_no_service_organization_of_who_holds_a_record_by_mistake():
    astray = {"record": {"source": "harbor", "held_under": "mistake"}}
    found = reasons("chartwell", "harbor", packet=astray, agreements=["harbor-chartwell"])
    assert found == {"redisclosure.not_lawful_holder"}


def test_a_hospitals_agreement_is_none_of_the_program_within_it():
    data = Agreement("hospital-chartwell", "qsoa", "st-brigid", "chartwell", "data_processing")
    world = World(WORLD.parties, {**WORLD.agreements, data.id: data}, WORLD.zone)
    record = {"record": {"source": "st-brigid-addiction-unit", "held_under": "qsoa"}}
    form = {"like": "tpo", "discloser": ["st-brigid-addiction-unit"]}
    asked = replace(ask("chartwell", packet=record, consents={"intake": form}), world=world, agreements=(data.id,))
    assert decide(asked).reasons == ("scope.discloser", "qso.no_agreement")


def test_an_agreement_of_one_kind_does_not_do_for_another():
    carried = {"through": "dhcs", "consents": {"intake": {"like": "tpo"}}}
    assert reasons(**carried, agreements=["harbor-dhcs-copies"]) == {"qso.no_agreement"}
    associate = Agreement("legacy-baa", "baa", "legacy-fund", "ledgerworks", "claims")
    world = World(WORLD.parties, {**WORLD.agreements, associate.id: associate}, WORLD.zone)
    claim = {"claim": {"source": "harbor", "held_under": "intake", "information": "billing"}}
    form = {"like": "tpo", "discloser": ["harbor"]}
    asked = ask("legacy-fund", "ledgerworks", "claim", packet=claim, consents={"intake": form})
    decision = decide(replace(asked, world=world, agreements=(associate.id,)))
    assert decision.reasons == ("redisclosure.no_contract",)


# -- the edges of the calendar ----------------------------------------------------------------------------------------


def test_a_form_good_to_the_last_day_there_is_has_not_ended():
    form = {"like": "specific", "expires": "9999-12-31"}
    assert answer(consents={"intake": form}).outcome == "permit"


@pytest.mark.parametrize("at", ["0001-01-01T09:00:00+00:00", "9999-12-31T23:00:00+00:00"])
def test_a_question_at_either_end_of_the_calendar_is_answered_and_mended_without_a_fault(at):
    request = ask(at=at)
    decision = decide(request)
    assert (decision.outcome, decision.failed) == ("deny", ())
    # At the first the patient is not born, and nobody signs.
    assert [remedy.key for remedy in remedies(request, decision)] == ([] if at.startswith("0001") else ["sign"])


def test_a_child_who_is_born_at_the_end_of_the_calendar_never_comes_of_age():
    assert birthday(date(9990, 1, 1), 18) == date.max
    assert birthday(date(9981, 5, 1), 18) == date(9999, 5, 1)


def test_days_that_begin_or_end_beyond_the_calendar_are_cut_there():
    east, west = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/Los_Angeles")
    assert start_of(date.min, east) == BEGINNING
    assert end_of(date.max, west) == FOREVER
    assert (day_of(BEGINNING, west), day_of(FOREVER, east)) == (date.min, date.max)


def test_an_instant_outside_the_calendar_is_no_instant():
    with pytest.raises(ValueError, match="at lies outside the calendar"):
        replace(ask(), at=datetime.max.replace(tzinfo=timezone(timedelta(hours=-8))))


# -- which basis was meant -------------------------------------------------------------------------------------------


def test_a_subpoena_for_what_is_no_record_is_answered_with_hipaas_words_only():
    note = {"note": {"identifies": "person", "information": "medical"}}
    facts = {"recipient": "superior-court", "purpose": "civil_proceeding", "demand": "subpoena"}
    assert reasons("mhp", **facts, packet=note) == {"hipaa.assurances"}


@pytest.mark.parametrize(
    ("recipient", "purpose", "information", "facts"),
    [
        ("dcfs-hotline", "child_abuse_report", "abuse_report", {}),
        ("police", "crime_report", "incident", {"crime": "on_premises"}),
        ("coroner", "cause_of_death", "cause_of_death", {"patient": "edith"}),
        ("state-university", "research", "summary", {"findings": ["research_requirements_met"]}),
        ("hhs-ocr", "hhs_compliance", "summary", {}),
        ("leo-mother", "family_information", "threat_facts", {"patient": "leo", "findings": THREAT}),
    ],
)
def test_a_programs_own_exceptions_are_not_those_of_who_received_its_record(recipient, purpose, information, facts):
    item = {"information": information}
    own = answer("lantern", recipient, purpose, packet={"it": item}, **facts)
    assert (own.outcome, own.hold) == ("permit", purpose == "research")
    received = {**item, "source": "lantern", "held_under": "release"}
    release = {"like": "specific", "discloser": ["lantern"], "recipients": ["keystone-housing"]}
    held = {"packet": {"it": received}, "consents": {"release": release}, **facts}
    passed_on = answer("keystone-housing", recipient, purpose, **held)
    assert passed_on.outcome == "deny"
    assert "redisclosure.not_permitted" in passed_on.reasons
    own_codes = {"child_abuse.original_record", "crime.beyond_incident", "death.beyond_cause"}
    assert own_codes.isdisjoint(passed_on.reasons)


def test_an_auditor_reads_the_records_of_whom_it_agreed_with():
    agreement = Agreement("read", "audit", "keystone-housing", "dhcs", copies=True)
    world = World(WORLD.parties, {**WORLD.agreements, "read": agreement}, WORLD.zone)
    received = {"it": {"source": "harbor", "held_under": "release"}}
    release = {"like": "specific", "discloser": ["harbor"], "recipients": ["keystone-housing"]}
    request = ask("keystone-housing", "dhcs", "audit", packet=received, consents={"release": release})
    assert decide(replace(request, world=world, agreements=("read",))).outcome == "deny"


@pytest.mark.parametrize(
    ("kind", "holder", "outcome"),
    [("audit", "harbor", "permit"), ("audit", "lantern", "deny"), ("qsoa", "harbor", "deny")],
)
def test_an_audit_needs_an_audit_agreement_of_that_program(kind, holder, outcome):
    agreement = Agreement("read", kind, holder, "dhcs", copies=True)
    world = World(WORLD.parties, {"read": agreement}, WORLD.zone)
    request = replace(ask("harbor", "dhcs", "audit"), world=world, agreements=("read",))
    assert decide(request).outcome == outcome


def test_only_hhs_checks_for_hhs():
    assert answer("harbor", "dhcs", "hhs_compliance").outcome == "deny"


def test_a_parent_is_told_of_the_threat_and_not_of_the_treatment():
    facts = {"patient": "leo", "findings": THREAT, "packet": {"it": {}}}
    assert answer("lantern", "leo-mother", "family_information", **facts).outcome == "deny"


@pytest.mark.parametrize("findings", [[], THREAT[:1], THREAT[1:]])
def test_a_parent_is_told_of_a_threat_only_if_both_findings_are_made(findings):
    facts = {"patient": "leo", "findings": findings, "packet": {"it": {"information": "threat_facts"}}}
    assert answer("lantern", "leo-mother", "family_information", **facts).outcome == "deny"


# -- what the decision says of the whole packet ----------------------------------------------------------------------


def test_a_decision_names_the_consents_it_rests_on_and_no_others():
    forms = {"intake": {"like": "tpo"}, "old": {"like": "tpo", "expires": "2026-02-01"}}
    assert answer(consents=forms).consents == ("intake",)
    note = {"note": {"identifies": "person", "information": "medical"}}
    assert answer("mhp", "st-brigid", packet=note, consents=forms).consents == ()


def test_what_cannot_be_decided_releases_nothing_and_waits():
    unknown = decide(replace(ask(consents={"intake": {"like": "tpo"}}), purpose="marketing"))
    nobody = decide(replace(ask(consents={"intake": {"like": "tpo"}}), recipient="nobody-we-know"))
    for decision in (unknown, nobody):
        assert decision.released == ()
        assert all(item.hold for item in decision.items)


def test_a_restriction_on_the_second_item_gives_way_to_the_emergency_no_less_than_one_on_the_first():
    items = {"one": {"information": "medications"}, "two": {"information": "diagnosis"}}
    for limited in ("medications", "diagnosis"):
        limit = {"information": [limited]}
        decision = answer(recipient="st-brigid-ed", packet=items, emergency={}, restrictions=[limit])
        assert decision.outcome == "permit"
        assert "no_further_use_request" in decision.obligations


def test_the_same_item_is_another_thing_in_other_hands():
    asked = replace(ask("harbor", "st-brigid"), packet=(Item("note"),))
    assert decide(asked).reasons == ("consent.none",)
    assert decide(replace(asked, discloser="mhp")).outcome == "permit"
    ordinary = {**WORLD.parties, "harbor": replace(WORLD.parties["harbor"], sud_program=None)}
    elsewhere = replace(asked, world=World(ordinary, {}, WORLD.zone))
    assert decide(elsewhere).outcome == "permit"
    assert decide(asked).reasons == ("consent.none",)


def test_what_a_qso_holds_is_judged_by_the_agreements_of_each_question():
    held = {"record": {"source": "harbor", "held_under": "qsoa"}}
    asked = ask("chartwell", "harbor", "operations", packet=held, agreements=["harbor-chartwell"])
    assert decide(asked).outcome == "permit"
    assert "qso.no_agreement" in decide(replace(asked, agreements=())).reasons
    assert decide(asked).outcome == "permit"


@pytest.mark.parametrize(("discloser", "outcome"), [("county-sud", "deny"), ("county-mh-clinic", "permit")])
def test_a_program_is_not_bound_by_the_contracts_of_the_agency_it_is_part_of(discloser, outcome):
    contract = Agreement("agency", "baa", "county-behavioral-health", "bridge-exchange", service="data_processing")
    world = World(WORLD.parties, {"agency": contract}, WORLD.zone)
    note = {"note": {"identifies": "person", "information": "medical"}}
    request = ask(discloser, "st-brigid", packet=note)
    carried = replace(request, world=world, agreements=("agency",), through="bridge-exchange")
    assert decide(carried).outcome == outcome


def test_a_layer_that_withholds_a_part_says_partial():
    packet = {"one": {"information": "medications"}, "session": {"information": "counseling_notes"}}
    verdicts = {each.layer: each.outcome for each in layers(answer(packet=packet, consents={"i": {"like": "tpo"}}))}
    assert verdicts == {"federal": "partial", "california": "permit", "county": "permit"}
    alone = {"session": packet["session"]}
    assert layers(answer(packet=alone, consents={"i": {"like": "tpo"}}))[0].outcome == "deny"


# -- staff of a program, and what holders hold (§2.11) ---------------------------------------------------------------


def test_a_lawyer_who_serves_the_program_in_two_ways_defends_it_with_the_notes():
    agreements = {"billing": "billing", "counsel": "legal"}
    made = {name: Agreement(name, "qsoa", "harbor", "harbor-counsel", service) for name, service in agreements.items()}
    world = World(WORLD.parties, made, WORLD.zone)
    notes = {"notes": {"information": "counseling_notes"}}
    request = ask("harbor", "harbor-counsel", "legal_advice", against="brought_by_patient", packet=notes)
    assert decide(replace(request, world=world, agreements=("billing", "counsel"))).outcome == "permit"
    assert decide(replace(request, world=world, agreements=("billing",))).reasons == ("notes.separate_consent",)


def test_a_part_of_a_program_that_has_its_own_function_is_not_the_program():
    desk = replace(WORLD.parties["harbor-counselor"], sud_program="incidental")
    world = World({**WORLD.parties, desk.id: desk}, WORLD.agreements, WORLD.zone)
    request = replace(ask("harbor-counselor"), world=world)
    assert decide(request).outcome == "permit"
    assert decide(replace(request, world=WORLD)).reasons == ("consent.none",)


def test_an_audit_agreement_with_the_service_organization_opens_no_record_of_the_program_it_serves():
    held = {"record": {"source": "harbor", "held_under": "qsoa"}}
    request = ask("lantern", "dhcs", "audit", packet=held, by="on_site")
    made = {
        "serves": Agreement("serves", "qsoa", "harbor", "lantern", "data_processing"),
        "lanterns": Agreement("lanterns", "audit", "lantern", "dhcs"),
        "harbors": Agreement("harbors", "audit", "harbor", "dhcs"),
    }
    request = replace(request, world=World(WORLD.parties, made, WORLD.zone))
    assert decide(replace(request, agreements=("serves", "lanterns"))).outcome == "deny"
    assert decide(replace(request, agreements=("serves", "harbors"))).outcome == "permit"


def test_parties_that_are_part_of_each_other_are_no_program():
    ring = {
        name: replace(WORLD.parties["harbor-counselor"], id=name, part_of=of) for name, of in (("a", "b"), ("b", "a"))
    }
    assert World(ring, {}, WORLD.zone).program_of == {}


# -- taken back as to whom (§2.31(a)(6), (c)(3)) ---------------------------------------------------------------------

LATELY = "2026-02-20T09:00:00-08:00"


@pytest.mark.parametrize(("party", "outcome"), [("county-behavioral-health", "permit"), ("county-sud", "deny")])
def test_a_consent_taken_back_as_to_an_agency_does_not_stop_the_program_within_it(party, outcome):
    form = {"like": "tpo", "revoked": [{"at": LATELY, "how": "written", "as_to": [party]}]}
    assert answer("county-sud", consents={"intake": form}).outcome == outcome


@pytest.mark.parametrize(("party", "outcome"), [("probation", "deny"), ("police", "permit")])
def test_a_justice_consent_taken_back_as_to_the_department_stops_its_officers(party, outcome):
    revoked = [{"at": LATELY, "how": "written", "as_to": [party]}]
    form = {"like": "criminal_justice", "discloser": ["harbor"], "revocable_from": "2026-02-01", "revoked": revoked}
    held = {"source": "harbor", "held_under": "court-form", "received": "2026-01-20T14:00:00-08:00"}
    monitoring = {"condition": True, "monitors": True}
    decision = answer(
        "officer-reyes", "drug-court", "supervision",
        supervision=monitoring, packet={"report": held}, consents={"court-form": form},
    )  # fmt: skip
    assert decision.outcome == outcome
