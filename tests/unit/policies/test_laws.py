"""The laws of the engine, over generated worlds: what must hold for every request, whatever the county looks like."""

from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from policies.codes import REASONS
from policies.facts import Facts, Kind
from policies.findings import Permitting, Prohibiting, RuleBook
from policies.kernel import decide, layers
from policies.model import AsWritten, Event, PersonAt, Revocation, World
from policies.obligations import OBLIGATIONS
from policies.part2.form import Form
from policies.rules import RULES
from policies.vocabulary import PROCEEDINGS, THE_PATIENT
from tests.unit.policies.worlds import NOW, requests, restriction

many = settings(max_examples=300, suppress_health_check=list(HealthCheck))
EVERY_KIND = frozenset(Kind)
FOUR_CENTURIES = timedelta(days=146_097)  # the calendar repeats exactly: weekdays, leap years, birthdays


def judged(decision):
    """Everything that may not depend on the order in which things were written."""
    withheld = {item: frozenset(reasons) for item, reasons in decision.withheld.items()}
    return decision.outcome, decision.hold, decision.released, withheld, decision.obligations


def with_rules(*, permitting=(), prohibiting=()):
    both = RULES.permitting + permitting, RULES.prohibiting + prohibiting
    return RuleBook("test", date(2024, 4, 16), *both, RULES.closing)


def accompanied(request):
    """With notice and copy attached: what must go along with one basis never decides for or against another."""
    return replace(request, notice="full", consent_copy=True)


def raises(*_):
    raise RuntimeError


# -- the kernel ------------------------------------------------------------------------------------------


@many
@given(requests)
def test_nothing_is_permitted_by_no_rules(request):
    assert decide(request, RuleBook("none", date(2024, 4, 16))).released == ()


@many
@given(requests)
def test_one_prohibition_overrides_every_permission(request):
    always = Prohibiting("always", "test", EVERY_KIND, lambda _: lambda _matter, _permit: ("scope.not_needed",))
    decision = decide(request, with_rules(prohibiting=(always,)))
    assert decision.released == ()
    if decision.outcome != "not_applicable":
        assert all("scope.not_needed" in reasons for reasons in decision.withheld.values())


@many
@given(requests, st.sampled_from(["asked", "judging"]), st.sampled_from(["permits", "prohibits"]))
def test_a_rule_that_cannot_be_run_denies_and_is_named(request, when, what):
    ask = raises if when == "asked" else lambda _: raises
    if what == "permits":
        rules = with_rules(permitting=tuple(Permitting("broken", "test", kind, ask) for kind in Kind))
    else:
        rules = with_rules(prohibiting=(Prohibiting("broken", "test", EVERY_KIND, ask),))
    decision = decide(request, rules)
    if decision.outcome != "not_applicable":
        assert decision.outcome == "deny"
        assert decision.hold
        assert decision.failed == ("broken",)
        assert "design.rule_failed" in decision.reasons


@many
@given(requests)
def test_an_abstention_never_changes_the_answer(request):
    silent = tuple(Permitting("silent", "test", kind, lambda _: None) for kind in Kind)
    abstains = tuple(Permitting("abstains", "test", kind, lambda _: lambda _matter: ()) for kind in Kind)
    no_objection = Prohibiting("none", "test", EVERY_KIND, lambda _: lambda _matter, _permit: ())
    rules = with_rules(permitting=silent + abstains, prohibiting=(no_objection,))
    assert judged(decide(request, rules)) == judged(decide(request))


@many
@given(requests, st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_repetition_of_rules_matters(request, random):
    permitting, prohibiting = list(RULES.permitting * 2), list(RULES.prohibiting * 2)
    random.shuffle(permitting)
    random.shuffle(prohibiting)
    shuffled = RuleBook("test", date(2024, 4, 16), tuple(permitting), tuple(prohibiting), RULES.closing)
    assert judged(decide(request, shuffled)) == judged(decide(request))


@many
@given(requests)
def test_a_permit_names_its_rule_and_paragraph_and_a_refusal_its_reasons(request):
    decision = decide(request)
    assert decision.failed == ()
    for item in decision.items:
        if item.permitted:
            assert item.basis
            assert item.laws
            assert item.reasons == ()
        elif decision.outcome != "not_applicable":
            assert item.reasons
            assert set(item.reasons) <= set(REASONS)
            assert item.hold == any(REASONS[code].hold for code in item.reasons)
    assert decision.obligations <= set(OBLIGATIONS)
    assert decision.hold == any(item.hold for item in decision.items)


@many
@given(requests)
def test_a_record_that_rests_on_a_consent_carries_notice_and_copy(request):
    decision = decide(request)
    for matter, item in zip(Facts(request).matters, decision.items, strict=True):
        if item.permitted and item.consent and matter.kind is Kind.RECORD:
            assert {"notice", "consent_copy"} <= decision.obligations
            assert request.notice in {"full", "short"}
            assert request.consent_copy


@many
@given(requests)
def test_the_same_question_gets_the_same_answer(request):
    assert decide(request) == decide(request)


# -- metamorphic: a change of the facts and what it may do to the answer -----------------------------------


@many
@given(requests, st.integers(0, 2), st.booleans())
def test_revoking_a_consent_never_permits(request, number, oral):
    assume(number < len(request.consents))
    request = accompanied(request)
    consent = request.consents[number]
    revoked = replace(consent, revoked=(*consent.revoked, Revocation(NOW, "oral" if oral else "written")))
    consents = (*request.consents[:number], revoked, *request.consents[number + 1 :])
    after = decide(replace(request, consents=consents))
    assert set(after.released) <= set(decide(request).released)


@many
@given(requests, st.integers(0, 2))
def test_taking_a_consent_off_the_file_never_permits(request, number):
    assume(number < len(request.consents))
    request = accompanied(request)
    name = request.consents[number].id
    assume(all(item.held_under != name for item in request.packet))
    fewer = (*request.consents[:number], *request.consents[number + 1 :])
    assert set(decide(replace(request, consents=fewer)).released) <= set(decide(request).released)


@many
@given(requests, st.integers(0, 2), st.data())
def test_narrowing_a_good_consent_never_widens(request, number, data):
    assume(number < len(request.consents))
    request = accompanied(request)
    consent = request.consents[number]
    form = Form(consent, request.world)
    assume(not form.face and not form.beside and consent.kind not in {"counseling_notes", "intermediary"})
    field = data.draw(st.sampled_from(["purposes", "information", "recipients", "discloser"]))
    wide = sorted(getattr(consent, field), key=str)
    narrow = data.draw(st.lists(st.sampled_from(wide), min_size=1, max_size=len(wide), unique=True))
    narrowed = replace(consent, **{field: type(getattr(consent, field))(narrow)})
    consents = (*request.consents[:number], narrowed, *request.consents[number + 1 :])
    after = decide(replace(request, consents=consents))
    assert set(after.released) <= set(decide(request).released)


@many
@given(requests, st.permutations(range(3)))
def test_the_order_of_consents_never_matters(request, order):
    shuffled = tuple(request.consents[n] for n in order if n < len(request.consents))
    assert judged(decide(replace(request, consents=shuffled))) == judged(decide(request))


@many
@given(requests, st.permutations(range(3)))
def test_an_item_is_judged_alike_in_any_company(request, order):
    packet = tuple(request.packet[n] for n in order if n < len(request.packet))
    by_name = {item.item: item for item in decide(request).items}
    alone = [decide(replace(request, packet=(item,))).items[0] for item in packet]
    assume(decide(request).outcome != "not_applicable")
    assert [by_name[item.item] for item in alone if item.reasons or item.permitted] == [
        item for item in alone if item.reasons or item.permitted
    ]


@many
@given(requests, st.randoms(use_true_random=False))
def test_a_further_restriction_never_permits(request, rng):
    limited = replace(request, restrictions=(*request.restrictions, restriction(rng)))
    assert set(decide(limited).released) <= set(decide(request).released)


@many
@given(requests)
def test_a_county_pack_only_ever_withholds(request):
    after = decide(replace(request, county_pack="sonoma-7.1.12"))
    assert set(after.released) <= set(decide(request).released)


@many
@given(requests)
def test_an_unverified_recipient_gets_only_what_identifies_nobody(request):
    unverified = replace(request, identity="unverified")
    kinds = {matter.id: matter.kind for matter in Facts(unverified).matters}
    assert all(kinds[item] is Kind.FREE for item in decide(unverified).released)


@many
@given(requests)
def test_ab_133_lifts_no_limit_on_a_part_2_record(request):
    kinds = {matter.id: matter.kind for matter in Facts(request).matters}
    with_ab_133, without = (set(decide(replace(request, calaim=calaim)).released) for calaim in (True, False))
    assert without <= with_ab_133
    assert all(kinds[item] is Kind.OTHER for item in with_ab_133 - without)


@many
@given(requests, st.sampled_from(sorted(PROCEEDINGS)))
def test_no_record_serves_a_proceeding_without_her_own_consent_for_it_or_a_court_order(request, purpose):
    request = replace(request, purpose=purpose)
    assume(request.discloser != THE_PATIENT)
    decision = decide(request)
    kinds = {consent.id: consent.kind for consent in request.consents}
    for matter, item in zip(Facts(request).matters, decision.items, strict=True):
        if item.permitted and matter.kind is Kind.RECORD:
            assert request.order is not None or kinds[item.consent] == "proceeding"
            assert item.hold or item.basis not in {"consent", "court_order"}


@many
@given(requests)
def test_every_layer_speaks_for_itself_and_any_of_them_denies(request):
    decision = decide(request)
    verdicts = {verdict.layer: verdict for verdict in layers(decision)}
    assert set(verdicts) == {"federal", "california", "county"}
    said = [code for verdict in verdicts.values() for code in verdict.reasons]
    assert set(said) == set(decision.reasons)
    assert (decision.reasons == ()) == all(verdict.outcome == "permit" for verdict in verdicts.values())


@many
@given(requests)
def test_shifting_every_instant_by_the_same_amount_changes_nothing(request):
    assert judged(decide(shifted(request))) == judged(decide(request))


def shifted(value):
    """The value four centuries later, through and through."""
    if isinstance(value, datetime | date):
        return value + FOUR_CENTURIES
    if isinstance(value, World | Event | AsWritten | PersonAt):
        return value if not isinstance(value, World) else World(value.parties, shifted(value.agreements), value.zone)
    if isinstance(value, tuple):
        return tuple(shifted(entry) for entry in value)
    if isinstance(value, dict):
        return {key: shifted(entry) for key, entry in value.items()}
    if is_dataclass(value):
        return replace(value, **{f.name: shifted(getattr(value, f.name)) for f in fields(value) if f.init})
    return value
