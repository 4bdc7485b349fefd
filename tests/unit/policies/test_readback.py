"""What is read to a patient before signing, held against the engine on sampled requests."""

import re
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import vocabulary as v
from policies.codes import REASONS
from policies.completeness import shortcomings
from policies.effect import Grant, effect_of
from policies.kernel import decide
from policies.model import Item, Registry, Request, Supervision
from policies.readback import SPOKEN, read_back, read_denial
from policies.texts.spoken import Spoken
from tests.unit.policies import worlds
from tests.unit.policies.meridian import WORLD, ask
from tests.unit.policies.telling import may_be_told
from tests.unit.policies.test_words import blanks, syllables

ASKED = tuple(sorted(v.CONSENT_PURPOSES - {"patient_access", "list_of_disclosures"}))
DAYS = (-800, -60, -46, -45, -1, 0, 1, 200, 305, 306, 900)


def sampled(seed):
    """One consent and one question about a program's own record, from one number; most are nearly a match."""
    rng = Random(seed)
    here = worlds.world(rng.randrange(300))
    wanted = worlds.request(rng.randrange(2**40))
    programs = sorted(here.programs) or ["party-0"]
    purpose = rng.choice([*sorted(v.BASE_PURPOSES) * 8, *ASKED])
    information = rng.choice(["summary", "summary", "medications", *sorted(v.CLASSES)])
    ask = {
        "purpose": purpose,
        "discloser": rng.choice(programs),
        "recipient": rng.choice(worlds.PARTIES),
        "packet": (Item("item", information),),
    }
    form = worlds.consent(rng, "form", ask)
    if rng.random() < 0.3:
        form = replace(form, discloser=(v.TREATING_PROGRAMS,))
    request = Request(
        world=here,
        patient=worlds.patient(rng),
        at=worlds.NOW + timedelta(days=rng.choice((0, 0, 0, *DAYS))),
        **ask,
        consents=(form,),
        relationship=rng.choice([None, "treating", "accepted", "asked", "none"]),
        events=wanted.events,
        service=rng.choice(["counseling", "counseling", *sorted(v.SERVICES)]),
        against=wanted.against,
        supervision=Supervision(rng.random() < 0.9, rng.random() < 0.9),
        registry=Registry(rng.choice(sorted(v.TRIGGERS)), rng.choice([50, 200, 250])),
        findings=wanted.findings,
    )
    return request, form


def one_house(request):
    """Within the program or under its control a record goes without any consent (§2.12(c)(3))."""
    here, parties = request.world, (request.discloser, request.recipient)
    line, other = (here.lines[party] | {here.parties[party].controlled_by} for party in parties)
    return not line.isdisjoint(other - {None})


def on_consent(request):
    """Whether the engine lets the item go on the consent; None where another rule or another law speaks."""
    decision = decide(request)
    (decided,) = decision.items
    if decision.outcome == "not_applicable" or one_house(request) or decided.basis not in (None, "consent"):
        return None
    return decided.permitted


@settings(max_examples=4000)
@given(st.integers(0, 2**40))
def test_what_may_be_told_by_the_read_back_is_what_the_engine_permits(seed):
    request, form = sampled(seed)
    answer = on_consent(request)
    if answer is not None:
        effect = effect_of(form, request.patient, request.world)
        assert may_be_told(effect, request, request.packet[0].information) is answer


def test_the_samples_are_no_trivial_ones():
    answers = [on_consent(sampled(seed)[0]) for seed in range(3000)]
    assert sum(answer is True for answer in answers) > 100
    assert sum(answer is False for answer in answers) > 1000


@settings(max_examples=400)
@given(st.integers(0, 2**40))
def test_the_words_name_all_that_may_be_told_and_nothing_else(seed):
    """Two effects that let different things be told never read the same."""
    request, form = sampled(seed)
    here = request.world
    effect = effect_of(replace(form, revoked=()), request.patient, here)
    text = read_back(effect, here)
    if text == SPOKEN["en"].frames["nothing"]:
        return
    # Namesakes read alike whatever one does; they are told apart by `completeness`.
    for field in ("disclosers", "recipients", "classes", "grants"):
        for less in without_one(getattr(effect, field)):
            narrower = replace(effect, **{field: less})
            named = [here.parties[party].name for party in (*effect.disclosers, *effect.recipients)]
            if len(set(named)) == len(named) and reached(narrower, here) != reached(effect, here):
                assert read_back(narrower, here) != text


def without_one(values):
    """Each way of leaving one thing out: a party, a class of party, a purpose or a class of information."""
    for value in values:
        rest = [other for other in values if other != value]
        yield frozenset(rest) if isinstance(values, frozenset) else tuple(rest)
        if isinstance(value, Grant):
            for name in value._fields:
                for word in getattr(value, name):
                    yield (value._replace(**{name: getattr(value, name) - {word}}), *rest)


def reached(effect, here):
    """The effect as far as it reaches anybody: an exchange named on an ordinary form is not reached."""
    recipients = {party for party in effect.recipients if "intermediary" not in here.roles[party]}
    return effect.disclosers, recipients, effect.classes, effect.grants


# -- the words --------------------------------------------------------------------------------------------------


def said(consent, language="en", **facts):
    request = ask(consents={"form": consent}, **facts)
    return read_back(effect_of(request.consents[0], request.patient, request.world), request.world, language)


def test_a_consent_is_read_back_in_plain_words():
    consent = {"like": "specific", "information": ["assessment"], "expires": {"event": "discharge"}}
    assert said(consent) == (
        "Until you finish treatment, Harbor House may tell Valley Clinic about your assessment, for treatment. It "
        "starts on January 15, 2026, the day it was signed. You can stop this by telling Harbor House in writing. A "
        "call stops it too. What was told stays told."
    )


def test_a_consent_is_read_back_in_spanish():
    consent = {"like": "specific", "information": ["assessment"], "expires": "2026-12-31"}
    assert said(consent, "es").startswith(
        "Hasta el final del 31 de diciembre de 2026, Harbor House puede informar a Valley Clinic sobre su evaluación, "
        "para el tratamiento."
    )


def test_one_consent_for_all_care_says_how_far_it_travels():
    text = said({"like": "tpo"})
    assert text.startswith("Until you take it back, Harbor House may tell your health plans")
    assert "your whole treatment record, but not counseling notes" in text
    assert "never for use against you in a court case" in text


def test_nothing_is_in_force_before_it_is_verified_and_the_words_say_so():
    assert said({"like": "tpo", "verified": False}).endswith("a person must check this against what was signed.")


def test_a_form_with_a_blank_lets_nothing_be_told():
    assert said({"like": "specific", "signed_on": None}) == "Nothing may be told under this form."


def test_a_form_for_court_lets_nothing_be_told_for_treatment():
    assert "for a civil case" in said({"like": "proceeding"})
    assert "Each time, a person looks at it first." in said({"like": "proceeding"})


def test_an_exchange_is_told_apart_from_its_members():
    assert "Meridian Commons may pass it on only to those of its members who treat you." in said(
        {"like": "intermediary"}
    )


def test_a_consent_taken_back_says_so():
    whole = {"like": "tpo", "revoked": [{"at": "2026-02-10T09:00:00-08:00", "how": "oral"}]}
    assert said(whole).endswith("You took it back on February 10, 2026. Nothing more may be told.")
    part = {"like": "tpo", "revoked": [{"at": "2026-02-10T09:00:00-08:00", "how": "written", "as_to": ["sunrise"]}]}
    assert "As to Sunrise Health Plan, you took it back on February 10, 2026." in said(part)


def test_a_consent_for_probation_says_from_when_it_can_be_stopped():
    assert said({"like": "criminal_justice"}).endswith(
        "You can stop this in writing only after your court case is over."
    )


def test_a_consent_that_ends_at_an_hour_says_the_hour():
    assert said({"like": "specific", "expires": "2026-04-01T15:30:00-07:00"}).startswith("Until 15:30 on April 1, 2026")


def test_both_tables_of_spoken_words_have_the_same_keys_and_blanks():
    for name in Spoken._fields:
        english, spanish = (getattr(SPOKEN[language], name) for language in ("en", "es"))
        if name == "months":
            assert len(english) == len(spanish) == 12
            continue
        assert english.keys() == spanish.keys()
        for key in english:
            assert blanks(english[key]) == blanks(spanish[key]) or key == "to", key


def test_every_class_party_and_purpose_has_its_spoken_words():
    for language in ("en", "es"):
        spoken = SPOKEN[language]
        assert spoken.classes.keys() >= v.CLASSES
        assert v.RECIPIENT_CLASSES | {v.TREATING_PROGRAMS, v.TREATING_PARTICIPANTS} <= spoken.parties.keys()
        assert spoken.services.keys() == v.SERVICES


def test_the_read_backs_read_at_eighth_grade():
    kinds = ("tpo", "specific", "intermediary", "counseling_notes", "proceeding", "criminal_justice", "research")
    text = " ".join(said({"like": kind}) for kind in kinds)
    text += " ".join(SPOKEN["en"].mends.values())
    words = re.findall(r"[A-Za-z']+", text)
    sentences = len(re.findall(r"[.:?](?:\s|$)", text))
    grade = 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
    assert grade <= 8


# -- what a form lacks --------------------------------------------------------------------------------------------


def lacks(consent, language="en", **facts):
    request = ask(consents={"form": consent}, **facts)
    found = shortcomings(request.consents[0], request.patient, request.world, at=request.at, language=language)
    return {each.code: each for each in found}


@pytest.mark.parametrize(
    ("blank", "code", "law"),
    [
        ({"patient": None}, "consent.missing.patient", "§2.31(a)(1)"),
        ({"discloser": None}, "consent.missing.discloser", "§2.31(a)(2)"),
        ({"information": None}, "consent.missing.information", "§2.31(a)(3)"),
        ({"recipients": None}, "consent.missing.recipient", "§2.31(a)(4)(i)"),
        ({"states_redisclosure_rule": False}, "consent.missing.redisclosure_rule", "§2.31(a)(4)(iii)"),
        ({"purposes": None}, "consent.missing.purpose", "§2.31(a)(5)"),
        ({"states_how_to_revoke": False}, "consent.missing.revocation", "§2.31(a)(6)"),
        ({"expires": None}, "consent.missing.expiry", "§2.31(a)(7)"),
        ({"signed_by": None}, "consent.missing.signature", "§2.31(a)(8)"),
        ({"signed_on": None}, "consent.missing.date", "§2.31(a)(9)"),
        ({"states_redisclosure_risk": False}, "consent.missing.redisclosure_risk", "§2.31(a)(10)(i)"),
        ({"states_refusal_consequences": False}, "consent.missing.refusal_consequences", "§2.31(a)(10)(ii)"),
    ],
)
def test_every_blank_element_is_named_with_its_paragraph_and_what_to_do(blank, code, law):
    found = lacks({"like": "tpo", **blank})
    assert set(found) == {code}
    assert (found[code].strength, found[code].law) == ("missing", law)
    assert found[code].text != lacks({"like": "tpo", **blank}, "es")[code].text
    assert found[code].mend


@pytest.mark.parametrize(
    ("weak", "code"),
    [
        ({"information": ["any_and_all"]}, "consent.information_vague"),
        ({"information": ["complete_record", "counseling_notes"]}, "consent.combined"),
        ({"purposes": ["treatment", "civil_proceeding"]}, "consent.combined"),
        ({"purposes": ["at_patient_request"]}, "consent.not_patient_initiated"),
        ({"recipients": [{"as_written": "Hope Clinic"}]}, "scope.recipient_ambiguous"),
        ({"recipients": ["commons"]}, "consent.missing.participants"),
        ({"expires": {"event": "discharge"}}, "consent.expiry_unknown"),
        ({"expires": "2026-02-01"}, "consent.expired"),
        ({"signature": "doubtful"}, "consent.false"),
        ({"signed_by": ["valley-clinic"]}, "consent.signer"),
    ],
)
def test_what_a_form_says_weakly_is_named_too(weak, code):
    assert code in lacks({"like": "specific", **weak})


def test_a_minor_who_has_not_signed_is_asked_for():
    assert "minor.consent" in lacks({"like": "tpo", "signed_by": ["leo-mother"]}, patient="leo", discloser="lantern")


def test_a_complete_form_lacks_nothing():
    assert lacks({"like": "tpo"}) == {}


def test_every_code_of_a_form_has_a_remedy_in_words():
    codes = {code for code in REASONS if code.startswith("consent.missing.")}
    assert codes <= SPOKEN["en"].mends.keys()
    assert SPOKEN["en"].mends.keys() <= REASONS.keys()


def test_a_consent_signed_for_the_dead_asks_for_the_representative():
    assert "death.representative" in lacks({"like": "tpo"}, patient="edith")


def test_a_consent_for_probation_may_be_stoppable_from_a_day_on():
    text = said({"like": "criminal_justice", "revocable_from": "2026-06-30"})
    assert text.endswith("You can stop this from June 30, 2026 on, by telling Harbor House in writing.")


def test_a_minor_who_signed_alone_is_told_which_care_it_is_about():
    text = said({"like": "tpo"}, patient="leo", discloser="lantern")
    assert "It is only about this care: counseling. A minor signed alone." in text


def test_a_parents_signature_is_said_to_end_when_the_minor_is_of_age():
    text = said({"like": "tpo", "signed_by": ["the-patient", "leo-mother"]}, patient="leo", discloser="lantern")
    assert "Because of who signed it, it ends on September 14, 2029 at the latest." in text


@pytest.mark.parametrize(
    ("at", "since", "may"),
    [
        ("2026-03-02T10:00:00-08:00", {"event": "final_disposition"}, False),
        ("2026-03-02T10:00:00-08:00", "2026-02-01", False),
        ("2026-03-02T10:00:00-08:00", "2026-06-30", True),
    ],
)
def test_taking_back_a_consent_for_probation_counts_from_its_day_on(at, since, may):
    revoked = [{"at": "2026-02-20T09:00:00-08:00", "how": "written"}]
    request = ask(
        recipient="probation",
        purpose="supervision",
        supervision={"condition": True, "monitors": True},
        consents={"form": {"like": "criminal_justice", "revocable_from": since, "revoked": revoked}},
        at=at,
    )
    effect = effect_of(request.consents[0], request.patient, request.world)
    assert may_be_told(effect, request, "summary") is may
    assert on_consent(request) is may


def test_a_form_signed_by_a_parent_is_signed_anew_by_the_adult():
    signed = {"like": "tpo", "signed_by": ["the-patient", "leo-mother"]}
    assert "minor.turned_adult" in lacks(signed, patient="leo", discloser="lantern", at="2029-09-15T10:00:00-07:00")
    assert "minor.turned_adult" not in lacks(signed, patient="leo", discloser="lantern")


def test_a_consent_at_the_patients_request_says_how_far_it_goes():
    text = said({"like": "specific", "purposes": ["at_patient_request"], "patient_initiated": True})
    assert "for anything you ask for, except court cases, the police and supervision." in text


def test_saying_no_is_read_back_too():
    assert read_denial([], WORLD) == SPOKEN["en"].frames["denial"]
    assert read_denial(["sunrise"], WORLD, "es").startswith("Usted dijo que no. No se puede decir nada a Sunrise")
