"""The edges of court orders, agreements and consents beside each other: each changes what goes by one fact."""

from dataclasses import replace
from datetime import timedelta

import pytest

from policies.kernel import decide
from policies.model import Agreement, CourtOrder, Item, World
from tests.unit.policies.meridian import NOW, WORLD, answer, ask

NOTES = {"session": {"information": "counseling_notes"}}


def court(order, packet=None):
    request = ask("harbor", "superior-court", "civil_proceeding", **({"packet": packet} if packet else {}))
    return decide(replace(request, order=order))


@pytest.mark.parametrize(
    ("order", "outcome"),
    [
        (CourtOrder("2.64"), "permit"),
        (CourtOrder("2.64", expires=NOW), "deny"),
        (CourtOrder("2.64", expires=NOW + timedelta(seconds=1)), "permit"),
        (CourtOrder("2.64", holder="harbor"), "permit"),
        (CourtOrder("2.64", holder="lantern"), "deny"),
        (CourtOrder("2.64", recipients=frozenset({"superior-court"})), "permit"),
        (CourtOrder("2.64", recipients=frozenset({"drug-court"})), "deny"),
        (CourtOrder("2.64", information=frozenset({"summary"})), "permit"),
        (CourtOrder("2.64", information=frozenset({"diagnosis"})), "deny"),
    ],
)
def test_an_order_opens_what_it_names_while_it_is_in_force(order, outcome):
    decision = court(order)
    assert (decision.outcome, decision.hold) == (outcome, True)
    barred = {"proceeding.barred", "proceeding.order_scope"}
    assert barred <= set(decision.reasons) if outcome == "deny" else not decision.reasons


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (CourtOrder("2.64", information=frozenset({"counseling_notes"}), finding="threat_to_life"), None),
        (CourtOrder("2.64", information=frozenset({"counseling_notes"})), "proceeding.confidential_communication"),
        (CourtOrder("2.64", finding="threat_to_life"), "proceeding.order_scope"),
        (
            CourtOrder("2.65", information=frozenset({"counseling_notes"}), finding="threat_to_life"),
            "notes.separate_consent",
        ),
    ],
)
def test_an_order_for_the_complete_record_does_not_mean_the_notes(order, reason):
    decision = court(order, NOTES)
    assert decision.reasons == () if reason is None else reason in decision.reasons


def served_by(*agreements, recipient="chartwell"):
    world = World(WORLD.parties, {each.id: each for each in agreements}, WORLD.zone)
    request = ask("harbor", recipient, "operations")
    return decide(replace(request, world=world, agreements=tuple(each.id for each in agreements)))


@pytest.mark.parametrize(
    ("holder", "partner", "reason"),
    [
        ("harbor", "chartwell", None),
        ("lantern", "chartwell", "qso.no_agreement"),
        ("harbor", "beacon-lab", "qso.no_agreement"),
    ],
)
def test_an_agreement_serves_the_program_and_the_company_it_names(holder, partner, reason):
    decision = served_by(Agreement("one", "qsoa", holder, partner, service="data_processing"))
    assert decision.reasons == () if reason is None else reason in decision.reasons


def test_of_two_agreements_the_one_for_a_service_to_the_program_counts():
    other = Agreement("other", "qsoa", "harbor", "chartwell", service="marketing")
    service = Agreement("service", "qsoa", "harbor", "chartwell", service="data_processing")
    assert served_by(other, service).outcome == served_by(service, other).outcome == "permit"
    assert "qso.scope" in served_by(other).reasons


def test_one_item_of_veterans_care_does_not_take_the_packet_out_of_part_2():
    items = (Item("theirs", source="va-clinic"), Item("harbors", source="harbor", held_under="mistake"))
    request = ask("va-clinic", "valley-clinic")
    assert decide(replace(request, packet=items[:1])).outcome == "not_applicable"
    for packet in (items, items[::-1]):
        assert decide(replace(request, packet=packet)).outcome == "deny"


def test_the_patient_gets_also_what_nobody_else_would_need():
    assert answer("harbor", "the-patient", "patient_access", packet={"all": {"needed": False}}).outcome == "permit"


# -- consents beside each other --------------------------------------------------------------------------------------


def test_of_two_consents_that_carry_it_the_one_that_waits_for_nobody_counts():
    waits = {"like": "tpo", "information": ["complete_record", "counseling_notes"]}
    for forms in ({"waits": waits, "plain": {"like": "tpo"}}, {"plain": {"like": "tpo"}, "waits": waits}):
        decision = answer(consents=forms)
        assert (decision.outcome, decision.hold, decision.consents) == ("permit", False, ("plain",))
    assert answer(consents={"waits": waits}).hold


@pytest.mark.parametrize("like", ["tpo", "counseling_notes"])
def test_only_a_bill_relies_on_a_consent_that_was_taken_back(like):
    revoked = [{"at": "2026-02-20T09:00:00-08:00", "how": "written"}]
    form = {"like": like, "recipients": ["valley-clinic"], "revoked": revoked}
    cls = "summary" if like == "tpo" else like
    decision = answer(consents={"intake": form}, packet={"it": {"information": cls, "made": "2026-02-01"}})
    assert "consent.revoked" in decision.reasons
    assert not decision.hold


def test_what_is_no_record_goes_to_court_with_an_authorization_for_it():
    note = {"note": {"identifies": "person", "information": "medical"}}
    form = {"like": "specific", "discloser": ["mhp"], "recipients": ["superior-court"]}
    form |= {"purposes": ["civil_proceeding"], "information": ["medical"]}
    decision = answer("mhp", "superior-court", "civil_proceeding", packet=note, consents={"release": form})
    assert (decision.outcome, decision.laws) == ("permit", ("164.508",))


def test_a_form_that_is_no_consent_is_not_read_further():
    for form in ({"like": "tpo", "written": False}, {"like": "tpo", "kind": "general"}):
        decision = answer(consents={"it": form | {"information": ["diagnosis"]}})
        assert len(decision.reasons) == 1


def test_what_goes_by_a_courts_order_waits_whatever_other_form_lists_the_case():
    form = {"like": "specific", "recipients": ["superior-court"], "purposes": ["civil_proceeding"]}
    request = ask("harbor", "superior-court", "civil_proceeding", consents={"release": form})
    decision = decide(replace(request, order=CourtOrder("2.64")))
    assert (decision.outcome, decision.hold, decision.items[0].basis) == ("permit", True, "court_order")


def test_a_notes_consent_that_was_no_condition_of_care_is_good():
    form = {"like": "counseling_notes", "recipients": ["valley-clinic"]}
    assert answer(consents={"notes": form}, packet=NOTES).outcome == "permit"
    assert "consent.conditioned" in answer(consents={"notes": form | {"conditioned": True}}, packet=NOTES).reasons
