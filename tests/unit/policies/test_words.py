"""What a counselor reads: why, and what would let it go. In English and Spanish."""

import re
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given, settings

from policies.codes import REASONS
from policies.explain import explain
from policies.facts import Facts, Kind
from policies.kernel import decide
from policies.nearest import to_be_said
from policies.obligations import OBLIGATIONS
from policies.remedies import KIND_OF, remedies
from policies.rules import RULES
from policies.texts import LANGUAGES
from policies.texts.table import Text
from policies.vocabulary import BASE_OF, CLASSES, PURPOSES
from tests.unit.policies.meridian import answer, ask
from tests.unit.policies.worlds import requests

FORMAT = (Path(__file__).parents[2] / "cases" / "FORMAT.md").read_text(encoding="utf-8")


def blanks(sentence):
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def keys(text, table):
    return {key: blanks(sentence) for key, sentence in getattr(text, table).items()}


def syllables(word):
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", word.lower()))))


def said(request, language="en"):
    decision = decide(request)
    return [remedy.text for remedy in remedies(request, decision, language)]


# -- the tables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", Text._fields)
def test_both_languages_say_the_same_things(table):
    english = keys(LANGUAGES["en"], table)
    assert {key: len(names) > 0 for key, names in keys(LANGUAGES["es"], table).items()} == {
        key: len(names) > 0 for key, names in english.items()
    }


def test_every_reason_of_the_format_has_its_mark_and_its_words():
    rows = dict(re.findall(r"^\| `([a-z_]+\.[a-z_.]+|unclassified)` \| (●?) ?\|", FORMAT, re.MULTILINE))
    assert {code for code in REASONS if not code.startswith(("design.", "county."))} == set(rows)
    assert {code for code, mark in rows.items() if mark} == {code for code in rows if REASONS[code].hold}
    assert set(REASONS) == set(LANGUAGES["en"].reasons)


def test_every_obligation_of_the_format_is_known():
    rows = re.findall(r"^\| (`[^|]*`) \|", FORMAT[FORMAT.index("## 10 Obligations") :], re.MULTILINE)
    assert set(OBLIGATIONS) == {code for row in rows for code in re.findall(r"`([a-z_0-9]+)`", row)}


def test_every_purpose_and_class_has_a_name():
    for text in LANGUAGES.values():
        assert set(text.purposes) == {BASE_OF.get(purpose, purpose) for purpose in PURPOSES}
        assert set(text.classes) == CLASSES


def test_every_kind_of_form_a_remedy_asks_for_has_a_name():
    assert {*KIND_OF.values(), "specific", "intermediary", "counseling_notes"} <= set(LANGUAGES["es"].frames)


def test_the_english_reads_at_eighth_grade():
    """Flesch-Kincaid over all sentences together; single short ones jump about."""
    text = LANGUAGES["en"]
    sentences = [*text.reasons.values(), *text.permits.values(), *text.remedies.values()]
    plain = " ".join(re.sub(r"\{\w+\}", "it", sentence) for sentence in sentences)
    words = re.findall(r"[A-Za-z']+", plain)
    count = len(re.findall(r"[.:?]+(?:\s|$)", plain))
    grade = 0.39 * len(words) / count + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
    assert grade <= 8


def test_the_spanish_reads_at_eighth_grade():
    """Fernández Huerta's scale, made for Spanish: from 60 on a text is for the seventh and eighth grade, or easier."""
    text = LANGUAGES["es"]
    sentences = [*text.reasons.values(), *text.permits.values(), *text.remedies.values()]
    plain = " ".join(re.sub(r"\{\w+\}", "ello", sentence) for sentence in sentences)
    words = re.findall(r"[^\W\d_]+", plain.lower())
    count = len(re.findall(r"[.:?]+(?:\s|$)", plain))
    spoken = sum(max(1, len(re.findall(r"[iuü]?[aeoáéó][iuüy]?|[íú]|[iuü]+|y$", word))) for word in words)
    assert 206.84 - 60 * spoken / len(words) - 1.02 * len(words) / count >= 60


# -- explanations -----------------------------------------------------------------------------------------------


def test_a_permit_says_which_consent_and_paragraph():
    request = ask(consents={"intake": {"like": "tpo"}})
    (one,) = explain(request, decide(request))
    assert one.text == '"record" may go to Valley Clinic. The consent "intake" covers it. (§2.33(a)(2), §2.31)'


def test_a_permit_that_waits_says_so():
    request = ask(
        recipient="dependency-court",
        purpose="civil_proceeding",
        consents={"court": {"like": "proceeding"}},
    )
    assert "a person must look first" in explain(request, decide(request))[0].text


def test_a_refusal_says_why_and_where_it_stands():
    request = ask(consents={"release": {"like": "specific", "signed_on": None}})
    (one,) = explain(request, decide(request), "es")
    assert one.text == '"record" no sale. El formulario no tiene fecha. (§2.31(a)(9))'


def test_what_is_no_question_for_part_2_is_said_to_be_none():
    veterans = ask("va-clinic")
    assert "Veterans Affairs" in explain(veterans, decide(veterans))[0].text
    packet = {"record": {"source": "harbor", "held_under": "patient"}}
    own = ask("the-patient", "police", "law_enforcement", packet=packet)
    assert "her or his own record" in explain(own, decide(own))[0].text


def test_the_patient_is_never_called_by_name():
    request = ask("harbor", "the-patient", "patient_access")
    assert "Ana" not in explain(request, decide(request))[0].text
    assert "the patient" in explain(request, decide(request))[0].text


NOTES_AND_TPO = {
    "intake": {"like": "tpo"},
    "notes": {"like": "counseling_notes", "recipients": ["dr-lindqvist"]},
}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", '"session" stays. Counseling notes need a consent of their own. (§2.31(b)(1))'),
        ("es", '"session" no sale. Las notas de consejería necesitan un consentimiento aparte. (§2.31(b)(1))'),
    ],
)
def test_notes_that_nobody_signed_for_say_so_and_nothing_about_other_consents(language, sentence):
    request = ask(consents=NOTES_AND_TPO, packet={"session": {"information": "counseling_notes"}})
    decision = decide(request)
    assert {"scope.recipient", "scope.information"} < set(decision.reasons)
    assert [one.text for one in explain(request, decision, language)] == [sentence]


def test_a_notes_consent_that_has_ended_is_what_the_notes_lack():
    forms = {**NOTES_AND_TPO, "old": {"like": "counseling_notes", "recipients": ["valley-clinic"]}}
    forms["old"] |= {"expires": "2026-02-01"}
    request = ask(consents=forms, packet={"session": {"information": "counseling_notes"}})
    assert explain(request, decide(request))[0].text == (
        '"session" stays. Counseling notes need a consent of their own. (§2.31(b)(1)) '
        'The consent "old" comes nearest. The consent has ended. (§2.31(c)(1))'
    )


def test_of_several_consents_the_nearest_is_explained_by_name():
    forms = {
        "housing": {"like": "specific", "recipients": ["keystone-housing"], "purposes": ["housing"]},
        "clinic": {"like": "specific", "recipients": ["valley-clinic"], "signed_on": None, "expires": "2026-02-01"},
    }
    for names in (["housing", "clinic"], ["clinic", "housing"]):
        request = ask(consents={name: forms[name] for name in names})
        decision = decide(request)
        assert {"scope.recipient", "scope.purpose", "consent.expired"} < set(decision.reasons)
        assert explain(request, decision)[0].text == (
            '"record" stays. The consent "clinic" comes nearest. '
            "The form is not dated. (§2.31(a)(9)) The consent has ended. (§2.31(c)(1))"
        )


def test_what_stops_an_item_comes_before_what_a_consent_lacks():
    request = ask(consents={"intake": {"like": "tpo", "expires": "2026-02-01"}}, restrictions=[{}])
    said_first, _, then = explain(request, decide(request))[0].text.partition(" (§2.26(a)(3)) ")
    assert said_first.endswith("The patient asked for this limit, and it was agreed to.")
    assert then == "The consent has ended. (§2.31(c)(1))"


def test_what_makes_a_person_look_is_said_whichever_consent_it_is():
    forms = {
        "forged": {"like": "specific", "recipients": ["mesa-clinic"], "signature": "doubtful"},
        "old": {"like": "tpo", "expires": "2026-02-01"},
    }
    request = ask(consents=forms)
    text = explain(request, decide(request))[0].text
    assert "The consent has ended." in text
    assert "(§2.31(c)(4))" in text
    assert text.endswith("A person must look at this.")


def test_other_consents_faults_are_not_told_when_the_nearest_says_why_a_person_must_look():
    forms = {
        "forged": {"like": "specific", "recipients": ["mesa-clinic"], "signature": "doubtful"},
        "scan": {"like": "tpo", "verified": False},
    }
    request = ask(consents=forms)
    text = explain(request, decide(request))[0].text
    assert 'The consent "scan" comes nearest.' in text
    assert "(§2.31(c)(4))" not in text


def test_of_consents_that_all_miss_the_one_that_misses_least_is_told():
    forms = {
        "housing": {"like": "specific", "recipients": ["keystone-housing"], "purposes": ["housing"]},
        "mesa": {"like": "specific", "recipients": ["mesa-clinic"]},
    }
    request = ask(consents=forms)
    assert explain(request, decide(request))[0].text == (
        '"record" stays. The consent "mesa" comes nearest. The consent does not reach Valley Clinic. (§2.31(a)(4))'
    )


def test_one_form_for_record_and_notes_is_told_to_mix_what_must_stand_alone():
    form = {"like": "tpo", "information": ["complete_record", "counseling_notes"]}
    request = ask(consents={"intake": form}, packet={"session": {"information": "counseling_notes"}})
    assert "(§2.31(b)(2), §2.31(d))" in explain(request, decide(request))[0].text


def test_no_consent_is_called_nearest_where_none_lacks_anything():
    request = ask(consents={"one": {"like": "tpo"}, "two": {"like": "tpo"}}, restrictions=[{}])
    assert explain(request, decide(request))[0].text == (
        '"record" stays. The patient asked for this limit, and it was agreed to. (§2.26(a)(3))'
    )


def test_a_blank_is_said_once_and_not_again_as_what_follows_from_it():
    request = ask(consents={"release": {"like": "specific", "recipients": None}})
    decision = decide(request)
    assert set(decision.reasons) == {"consent.missing.recipient", "scope.recipient"}
    assert explain(request, decision)[0].text == (
        '"record" stays. The form does not say who may get the record. (§2.31(a)(4)(i))'
    )


def test_a_decision_that_the_facts_of_today_no_longer_explain_says_all_its_reasons():
    request = ask(consents={"intake": {"like": "tpo", "expires": "2026-02-01", "signed_on": None}})
    decision = decide(request)
    mended = ask(consents={"intake": {"like": "tpo"}})
    assert explain(mended, decision) == explain(request, decision)


@settings(max_examples=300)
@given(requests)
def test_what_is_said_are_reasons_of_the_decision_and_a_person_who_must_look_is_told_why(request):
    decision = decide(request)
    for item, decided in zip(request.packet, decision.items, strict=True):
        if not decided.permitted and decision.outcome != "not_applicable":
            told = to_be_said(request, item, decided, RULES)
            spoken = {*told.first, *told.lacks}
            assert spoken
            assert spoken <= set(decided.reasons)
            assert decided.hold == any(REASONS[code].hold for code in spoken)
            assert told.nearest in {None, *(consent.id for consent in request.consents)}


@settings(max_examples=300)
@given(requests)
def test_every_decision_can_be_explained_in_both_languages(request):
    decision = decide(request)
    for language in LANGUAGES:
        texts = explain(request, decision, language)
        assert [one.item for one in texts] == [item.id for item in request.packet]
        assert not any("{" in one.text for one in texts)


# -- remedies ---------------------------------------------------------------------------------------------------


def test_a_missing_date_is_mended_by_completing_the_form_or_signing_a_new_one():
    found = said(ask(consents={"release": {"like": "specific", "signed_on": None}}))
    assert found == [
        'The consent "release" is completed and signed again: The form is not dated.',
        "The patient signs a consent that names Valley Clinic, for treatment, and lists summary.",
    ]


def test_counseling_notes_ask_for_a_consent_of_their_own():
    found = said(ask(consents={"intake": {"like": "tpo"}}, packet={"notes": {"information": "counseling_notes"}}))
    assert found == [
        (
            "The patient signs a separate consent for counseling notes that names Valley Clinic, for treatment, "
            "and lists counseling notes."
        ),
    ]


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"consents": {"scan": {"like": "tpo", "verified": False}}}, 'A person checks the scan of the consent "scan".'),
        ({"consents": {"i": {"like": "tpo"}}, "identity": "unverified"}, "Someone calls Valley Clinic back"),
        ({"consents": {"i": {"like": "tpo"}}, "attached": {"notice": "none"}}, "The current notice and a copy"),
        (
            {"consents": {"i": {"like": "tpo"}}, "recipient": "newstart", "relationship": "asked"},
            "Newstart Clinic agrees",
        ),
        ({"consents": {"i": {"like": "tpo"}}, "restrictions": [{}]}, "The patient ends the limit in writing."),
        ({"recipient": "st-brigid-ed"}, "If it is a medical emergency"),
        ({"recipient": "st-brigid-ed", "emergency": {"determined_by": "software"}}, "A clinician, not software"),
        (
            {"recipient": "public-health", "purpose": "public_health"},
            "Names and other signs of who it is are taken out.",
        ),
        ({"recipient": "commons"}, "consent for the exchange and the providers there who treat the patient"),
        ({"recipient": "chartwell", "purpose": "operations"}, 'The agreement "harbor-chartwell"'),
        ({"recipient": "superior-court", "purpose": "civil_proceeding"}, "order under §2.64"),
        ({"recipient": "district-attorney", "purpose": "law_enforcement", "against": "program"}, "order under §2.66"),
        ({"patient": "ruth"}, "The patient's legal representative signs a consent"),
        ({"patient": "walter"}, "The patient's legal representative signs a consent"),
        (
            {"patient": "mia", "discloser": "cedar-otp", "service": "methadone"},
            "The patient, together with a parent, signs a consent",
        ),
        ({"patient": "leo", "discloser": "lantern"}, "The patient signs a consent"),
        (
            {
                "recipient": "officer-reyes",
                "purpose": "supervision",
                "supervision": {"condition": True, "monitors": True},
            },
            "The patient signs a criminal justice consent",
        ),
    ],
)
def test_the_remedy_is_the_smallest_lawful_change(facts, sentence):
    assert any(sentence in text for text in said(ask(**facts)))


def test_a_holder_without_a_contract_is_told_to_make_one():
    held = {"record": {"source": "harbor", "held_under": "intake"}}
    tpo = {"intake": {"like": "tpo", "discloser": ["harbor"]}}
    found = said(ask("sunrise", "careline", "prior_authorization", packet=held, consents=tpo))
    assert "Sunrise Health Plan and Careline sign a business associate contract first." in found
    payment = {
        "intake": {"like": "specific", "discloser": ["harbor"], "recipients": ["legacy-fund"], "purposes": ["payment"]}
    }
    found = said(ask("legacy-fund", "careline", "claim", packet=held, consents=payment))
    assert any("sign a Part 2 contract (2.33(c)) first" in text for text in found)


def test_where_one_change_is_not_enough_what_staff_can_settle_comes_first():
    ended = {"release": {"like": "specific", "expires": "2026-02-01"}}
    called = "Someone calls Valley Clinic back on a known number and confirms who it is."
    found = said(ask(identity="unverified", consents=ended))
    assert found == [
        f"{called} The patient signs a consent that names Valley Clinic, for treatment, and lists summary."
    ]
    bare = {"attached": {"notice": "none"}, "identity": "unverified", "consents": {"intake": {"like": "tpo"}}}
    assert said(ask(**bare)) == [f"{called} The current notice and a copy of the consent are attached."]


def test_who_only_transports_is_the_one_whose_agreement_is_named():
    found = said(ask(through="bridge-exchange", consents={"intake": {"like": "tpo"}}))
    assert found == ['The agreement "harbor-bridge" is in force and covers this. State it as the basis.']


def test_notes_before_a_court_need_an_order_with_a_finding():
    notes = {"notes": {"information": "counseling_notes"}}
    found = said(ask(recipient="superior-court", purpose="civil_proceeding", packet=notes))
    assert any("order under §2.64" in text for text in found)


def test_police_at_the_scene_are_never_told_to_declare_an_emergency():
    assert not any("emergency" in text for text in said(ask(recipient="police", purpose="treatment")))


def test_nothing_makes_a_deceased_patient_without_a_representative_consent():
    assert said(ask(patient="edith", recipient="evergreen-life", purpose="insurance")) == []


@pytest.mark.parametrize("patient", ["walter", "edith"])
def test_for_the_dead_no_clinician_is_asked_to_document_an_emergency(patient):
    assert not any("emergency" in text for text in said(ask(recipient="st-brigid-ed", patient=patient)))


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"patient": "ruth", "consents": {"i": {"like": "tpo", "signed_by": ["ruth-conservator"]}}}, "legal represent"),
        ({"patient": "carl", "findings": ["medically_unable"], "consents": {"i": {"like": "tpo"}}}, "once able to,"),
        (
            {
                "patient": "carl",
                "recipient": "sunrise",
                "purpose": "claim",
                "findings": ["medically_unable"],
                "consents": {"i": {"like": "tpo"}},
            },
            "once able to,",
        ),
    ],
)
def test_a_limit_is_ended_by_who_may_speak_for_the_patient_and_by_no_director(facts, sentence):
    found = said(ask(restrictions=[{}], **facts))
    assert any(sentence in text and "ends the limit in writing." in text for text in found)


def test_a_form_that_another_must_sign_is_a_new_form_that_says_who():
    found = said(ask(patient="walter", consents={"i": {"like": "tpo", "signature": None}}))
    assert not any("signed again" in text for text in found)
    assert any(text.startswith("The patient's legal representative signs") for text in found)


def test_a_permit_and_a_question_for_another_law_need_no_remedy():
    assert said(ask(consents={"intake": {"like": "tpo"}})) == []
    assert said(ask("va-clinic")) == []


def test_a_form_with_more_than_a_blank_is_not_mended_by_filling_it_in():
    found = said(ask(consents={"release": {"like": "specific", "signed_on": None, "expires": "2026-02-01"}}))
    assert not any("completed" in text for text in found)


@settings(max_examples=400)
@given(requests)
def test_no_remedy_is_offered_where_none_helps_and_no_fact_is_invented(request):
    decision = decide(request)
    found = remedies(request, decision)
    medical = "medical_personnel" in request.world.roles[request.recipient]
    for remedy in found:
        assert set(remedy.items) <= set(decision.withheld)
        assert "{" not in remedy.text
        assert remedy.key != "emergency" or medical
        assert remedy.key != "de_identify" or request.purpose == "public_health"
    if decision.outcome == "permit" or not decision.withheld:
        assert found == ()


def test_an_unclassified_item_has_no_remedy_but_to_classify_it():
    request = ask(packet={"letter": {"source": "unknown"}})
    assert [matter.kind for matter in Facts(request).matters] == [Kind.UNCLASSIFIED]
    assert said(request) == []


def test_rules_that_fail_offer_no_remedy():
    request = ask(consents={"intake": {"like": "tpo"}}, agreements=["harbor-chartwell"])
    broken = decide(replace(request, county_pack="atlantis"), RULES)
    assert broken.failed
    assert remedies(request, broken) == ()
    assert answer(consents={"intake": {"like": "tpo"}}).outcome == "permit"


# -- advice that a person can follow -----------------------------------------------------------------------------


def advice(*args, language="en", **facts):
    request = ask(*args, **facts)
    return [remedy.text for remedy in remedies(request, decide(request), language)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_to_press_for_a_consent_to_proceedings(language):
    for recipient, purpose in (("police", "law_enforcement"), ("dependency-court", "civil_proceeding")):
        (freely, *_) = advice(recipient=recipient, purpose=purpose, language=language)
        assert {"en": "Nobody may press for it.", "es": "Nadie puede presionar."}[language] in freely
    assert not any("press" in text for text in advice())


def test_a_patient_who_cannot_act_signs_once_able_and_the_director_only_for_a_payer():
    unable = {"patient": "carl", "findings": ["medically_unable"]}
    assert advice(**unable)[0].startswith("The patient, once able to, signs a consent")
    assert advice(recipient="sunrise", purpose="claim", **unable)[0].startswith("The director of the program signs")
    assert advice(recipient="valley-clinic", purpose="claim", **unable)[0].startswith("The patient, once able to,")


def test_of_psychotherapy_notes_nothing_is_said_that_is_not_so():
    notes = {"notes": {"information": "psychotherapy_notes", "identifies": "person"}}
    request = ask("mhp", "sunrise", "operations", packet=notes)
    assert "hipaa.relationship" in decide(request).reasons
    (one,) = explain(request, decide(request))
    assert "no relationship" not in one.text  # it is her own plan


HELD = {"record": {"source": "harbor", "held_under": "intake"}}
NAMED = {"intake": {"like": "specific", "discloser": ["harbor"], "recipients": ["keystone-housing"]}}


@pytest.mark.parametrize(
    ("parties", "facts", "laws"),
    [
        (("mhp", "st-brigid"), {"consents": {"intake": {"like": "tpo", "discloser": ["harbor"]}}}, "2.33(b)(1)"),
        (("willow", "valley-clinic"), {"consents": {"intake": {"like": "tpo", "discloser": ["harbor"]}}}, "2.33(b)(2)"),
        (("commons", "valley-clinic"), {"consents": {"intake": {"like": "intermediary"}}}, "2.24"),
        (
            ("keystone-housing", "mesa-clinic"),
            {"consents": {"intake": {**NAMED["intake"], "onward": ["mesa-clinic"]}}},
            "2.32(a)(1)(i)",
        ),
        (
            ("probation", "drug-court", "supervision"),
            {
                "consents": {"intake": {"like": "criminal_justice", "discloser": ["harbor"]}},
                "supervision": {"condition": True, "monitors": True},
            },
            "2.35(d)",
        ),
        (
            ("valley-clinic", "mesa-clinic"),
            {"packet": {"record": {"source": "harbor", "held_under": "patient"}}},
            "2.12(d)(2)",
        ),
        (
            ("st-brigid", "valley-clinic"),
            {"packet": {"record": {"source": "harbor", "held_under": "emergency"}}},
            "2.33(b)",
        ),
    ],
)
def test_who_passes_a_record_on_is_told_the_paragraph_of_part_2_first(parties, facts, laws):
    assert decide(ask(*parties, **{"packet": HELD, **facts})).laws[0] == laws


TPO = {"i": {"like": "tpo"}}
BOTH = {"i": {"like": "tpo", "signed_by": ["the-patient", "mia-father"]}}
PAYER = {"i": {"like": "specific", "purposes": ["payment"], "signed_by": ["the-director"]}}


@pytest.mark.parametrize(
    ("facts", "law"),
    [
        ({"patient": "leo", "discloser": "lantern", "recipient": "first-steps-pediatrics", "consents": TPO}, "2.14(a)"),
        (
            {
                "patient": "mia",
                "discloser": "cedar-otp",
                "recipient": "first-steps-pediatrics",
                "service": "methadone",
                "consents": BOTH,
            },
            "2.14(b)(1)",
        ),
        ({"patient": "ruth", "consents": {"i": {"like": "tpo", "signed_by": ["ruth-conservator"]}}}, "2.15(a)(1)"),
        (
            {"patient": "walter", "consents": {"i": {"like": "tpo", "signed_by": ["walter-executor"]}}},
            "2.15(b)(2)",
        ),
        (
            {
                "patient": "carl",
                "recipient": "sunrise",
                "purpose": "claim",
                "findings": ["medically_unable"],
                "consents": PAYER,
            },
            "2.15(a)(2)",
        ),
    ],
)
def test_who_could_sign_is_cited_beside_the_consent(facts, law):
    decision = decide(ask(**facts))
    assert decision.outcome == "permit"
    assert decision.laws[-1] == law


def test_a_patient_who_signed_once_grown_is_cited_nothing_more():
    alive = decide(ask(patient="walter", consents=TPO, at="2026-01-19T10:00:00-08:00"))
    assert alive.laws == decide(ask(consents=TPO)).laws == ("2.33(a)(2)", "2.31")


@pytest.mark.parametrize(
    ("purpose", "recipient", "law"),
    [
        ("public_health", "public-health", "164.512(b)"),
        ("child_abuse_report", "dcfs-hotline", "164.512(b)"),
        ("adult_abuse_report", "adult-protection", "164.512(c)"),
        ("audit", "dhcs", "164.512(d)"),
        ("cause_of_death", "coroner", "164.512(g)"),
        ("threat_warning", "police", "164.512(j)"),
    ],
)
def test_what_hipaa_opens_to_an_authority_is_cited_by_its_own_paragraph(purpose, recipient, law):
    facts = {"packet": {"chart": {"information": "medical"}}}
    assert decide(ask("valley-clinic", recipient, purpose, **facts)).laws == (law,)


@pytest.mark.parametrize(
    ("demand", "law"), [("subpoena_with_assurances", "164.512(e)"), ("search_warrant", "164.512(f)")]
)
def test_process_is_cited_by_its_own_paragraph(demand, law):
    facts = {"packet": {"chart": {"information": "medical"}}, "demand": demand}
    assert decide(ask("valley-clinic", "police", "law_enforcement", **facts)).laws == (law,)


def test_a_courts_order_is_cited_by_its_section_and_the_finding_that_opens_the_notes():
    packet = {"notes": {"information": "counseling_notes"}, "summary": {}}
    order = {"section": "2.64", "information": ["counseling_notes", "summary"], "finding": "threat_to_life"}
    decision = decide(ask("harbor", "superior-court", "civil_proceeding", packet=packet, order=order))
    assert decision.items[0].laws == ("2.61", "2.64", "2.63(a)")
    assert decision.items[1].laws == ("2.61", "2.64")


def test_what_no_paragraph_says_cites_none():
    request = ask(packet={"letter": {"source": "unknown"}})
    (one,) = explain(request, decide(request))
    assert "find out first. A person" in one.text


@pytest.mark.parametrize(
    ("order", "packet"),
    [
        ({"section": "2.64", "expires": "2026-03-01T00:00:00-08:00"}, {"record": {}}),
        ({"section": "2.65"}, {"record": {}}),
        ({"section": "2.64"}, {"notes": {"information": "counseling_notes"}}),
    ],
)
def test_where_the_courts_order_falls_short_another_would_do(order, packet):
    found = advice("harbor", "superior-court", "civil_proceeding", order=order, packet=packet)
    assert found[-1] == "A court issues an order under §2.64 that covers this. A person reads it first."
