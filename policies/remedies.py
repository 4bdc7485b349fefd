"""What would turn a denial into a permit: the smallest lawful changes, found by asking the engine itself.

A candidate changes what people may lawfully change: a form is signed or completed, a contract is made, a clinician
documents what is so. It never invents a fact: no emergency for somebody who is not medical personnel, no identity, no
duty, no relationship that nobody accepted. A candidate is kept only if the engine then permits the item.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from policies.california.minors import minor_alone
from policies.days import birthday, day_of, later
from policies.explain import wording
from policies.facts import ADULT_AT, Facts, Kind, Matter
from policies.findings import RuleBook
from policies.kernel import decide
from policies.model import Agreement, Consent, CourtOrder, Decision, Emergency, Event, Item, Request, World
from policies.part2.form import Form
from policies.part2.signers import PAYERS
from policies.rules import RULES
from policies.texts import LANGUAGES
from policies.vocabulary import (
    COUNSELING_NOTES,
    PROCEEDINGS,
    PURPOSES,
    THE_DIRECTOR,
    THE_PATIENT,
    TREATING_PARTICIPANTS,
)

VALID_FOR = 365  # days
ORDERS = {"criminal_proceeding": "2.65", "law_enforcement": "2.65"}
KIND_OF = {"supervision": "criminal_justice", "dual_enrollment": "registry"} | dict.fromkeys(PROCEEDINGS, "proceeding")


class Change(NamedTuple):
    """A changed request, and the key and words of the sentence that says what was changed."""

    key: str
    request: Request
    words: dict[str, str]


class Remedy(NamedTuple):
    """A sentence, and the items that would go."""

    key: str
    text: str
    items: tuple[str, ...]


def remedies(
    request: Request,
    decision: Decision,
    language: str = "en",
    rules: RuleBook = RULES,
) -> tuple[Remedy, ...]:
    """The changes that would let withheld items go, each with the items it helps. Empty if all go or none helps."""
    if decision.outcome in {"permit", "not_applicable"} or decision.failed or request.purpose not in PURPOSES:
        return ()
    found: dict[tuple[str, str], list[str]] = {}
    withheld = decision.withheld
    for item in request.packet:
        if item.id in withheld:
            alone = replace(request, packet=(item,))
            for steps in helping(alone, item, withheld[item.id], rules):
                key = "+".join(step.key for step in steps)
                said = " ".join(sentence(request, item, step, language) for step in steps)
                found.setdefault((key, said), []).append(item.id)
    return tuple(Remedy(key, said, tuple(items)) for (key, said), items in found.items())


def sentence(request: Request, item: Item, change: Change, language: str) -> str:
    """The change in words."""
    text = LANGUAGES[language]
    words = wording(request, item, text) | change.words
    words = {key: text.frames.get(word, word) for key, word in words.items()}
    if "faults" in words:
        words["faults"] = " ".join(text.reasons[code].format(**words) for code in change.words["faults"].split())
    return text.remedies[change.key].format(**words)


def helping(request: Request, item: Item, reasons: tuple[str, ...], rules: RuleBook) -> Sequence[tuple[Change, ...]]:
    """Each change that lets the item go. Where none does by itself: all that staff can settle at once, and one more."""
    done: tuple[Change, ...] = ()
    while True:
        facts = Facts(request, rules.choices)
        tried = [(*done, change) for change in candidates(facts, item, reasons)]
        found = [steps for steps in tried if decide(steps[-1].request, rules).outcome == "permit"]
        keys = {change.key for change in done}
        settled = next((each for each in facts_settled(facts, item, reasons) if each.key not in keys), None)
        if found or settled is None:
            return found
        done = (*done, settled)
        request = settled.request
        reasons = decide(request, rules).reasons


def candidates(facts: Facts, item: Item, reasons: tuple[str, ...]) -> Iterator[Change]:
    """The changes worth trying for one item, the smallest first."""
    matter = facts.matters[0]
    yield from facts_settled(facts, item, reasons)
    yield from forms_completed(facts, matter, reasons)
    yield from agreements(facts, reasons)
    yield from new_form(facts, matter)
    yield from last_resorts(facts, matter)


def facts_settled(facts: Facts, item: Item, reasons: tuple[str, ...]) -> Iterator[Change]:
    """What staff can settle at once: who is calling, what is attached, what the clinic answered."""
    request = facts.request
    if "identity.unverified" in reasons:
        yield Change("verify_identity", replace(request, identity="verified"), {})
    if any(code.startswith("notice.") for code in reasons):
        yield Change("attach", replace(request, notice="full", consent_copy=True), {})
    if "scope.treating_relationship_pending" in reasons:
        yield Change("accepted", replace(request, relationship="accepted"), {})
    if any(code.startswith("restriction.") for code in reasons):
        who = signer_of(facts)  # a director may consent to payment, and lift nothing (§2.15(a)(2))
        words = {"signer": "once_able" if who == "director" else who}
        yield Change("lift", replace(request, restrictions=()), words)
    if request.emergency is not None and "emergency.not_determined" in reasons:
        determined = replace(request.emergency, determined_by="clinician")
        yield Change("determined", replace(request, emergency=determined), {})
    if "public_health.identified" in reasons and "public_health.not_authority" not in reasons:
        yield Change("de_identify", replace(request, packet=(replace(item, identifies="nobody"),)), {})


def forms_completed(facts: Facts, matter: Matter, reasons: tuple[str, ...]) -> Iterator[Change]:
    """A form on file lacks something: the scan is checked, or the form completed and signed again."""
    for number, form in enumerate(facts.forms):
        missing = tuple(code for code in form.face if code.startswith("consent.missing."))
        mendable = set(form.face) <= {*missing, "consent.unverified"}
        unsigned = "consent.missing.signature" in missing and signer_of(facts) != "the_patient"
        if not mendable or unsigned or set(form.face).isdisjoint(reasons):
            continue  # where another than the patient must sign, a new form says who
        whole = completed(facts, form, matter, missing)
        consents = (*facts.request.consents[:number], whole, *facts.request.consents[number + 1 :])
        key = "complete" if missing else "verify_form"
        words = {"consent": form.consent.id, "faults": " ".join(missing)}
        yield Change(key, replace(facts.request, consents=consents), words)


def completed(facts: Facts, form: Form, matter: Matter, missing: tuple[str, ...]) -> Consent:
    """The form with every blank filled in as a good form would have it."""
    good = model_form(facts, matter, form.kind)
    fields = {
        "patient": ("patient",),
        "discloser": ("discloser",),
        "information": ("information",),
        "recipient": ("recipients",),
        "participants": ("participants",),
        "purpose": ("purposes",),
        "redisclosure_rule": ("states_redisclosure_rule",),
        "fundraising_opt_out": ("states_fundraising_opt_out",),
        "revocation": ("states_right_to_revoke", "states_how_to_revoke"),
        "expiry": ("expires",),
        "signature": ("signed_by", "signature"),
        "date": ("signed_on",),
        "redisclosure_risk": ("states_redisclosure_risk",),
        "refusal_consequences": ("states_refusal_consequences",),
    }
    blanks = [name for code in missing for name in fields[code.rpartition(".")[2]]]
    return replace(form.consent, verified=True, **{name: getattr(good, name) for name in blanks})


def agreements(facts: Facts, reasons: tuple[str, ...]) -> Iterator[Change]:
    """An agreement that exists and was not relied on, or a contract that could be made."""
    request = facts.request
    partners = facts.to | facts.discloser_line | facts.world.lines.get(request.through or "", frozenset())
    for name, agreement in facts.world.agreements.items():
        if name not in request.agreements and agreement.with_party in partners:
            yield Change("agreement", replace(request, agreements=(*request.agreements, name)), {"agreement": name})
    for code, kind in (("hipaa.no_contract", "baa"), ("redisclosure.no_contract", "contract_2_33c")):
        if code in reasons:
            made = Agreement("to-be-signed", kind, request.discloser, request.recipient)
            world = World(facts.world.parties, {**facts.world.agreements, made.id: made}, facts.world.zone)
            key = "contract" if kind == "baa" else kind
            yield Change(key, replace(request, world=world, agreements=(*request.agreements, made.id)), {})


def new_form(facts: Facts, matter: Matter) -> Iterator[Change]:
    """A new consent, signed by whoever must sign, for this recipient, purpose and information only."""
    if matter.kind not in {Kind.RECORD, Kind.OTHER} or facts.request.recipient == THE_PATIENT:
        return
    kind = KIND_OF.get(facts.base, "specific")
    if matter.note:
        kind = "counseling_notes"
    elif "intermediary" in facts.roles:
        kind = "intermediary"
    form = model_form(facts, matter, kind)
    words = {"signer": signer_of(facts), "form": kind}
    key = "sign_freely" if facts.base in PROCEEDINGS else "sign"  # whoever asks may be the patient's adversary
    yield Change(key, replace(facts.request, consents=(*facts.request.consents, form)), words)


def last_resorts(facts: Facts, matter: Matter) -> Iterator[Change]:
    """An emergency that a clinician documents, to medical personnel only; a court's order."""
    request = facts.request
    medical = "medical_personnel" in facts.roles and facts.base == "treatment"
    if medical and request.emergency is None and matter.kind is Kind.RECORD and not facts.deceased():
        yield Change("emergency", replace(request, emergency=Emergency()), {})
    if facts.base in PROCEEDINGS:
        section = "2.66" if request.against == "program" else ORDERS.get(facts.base, "2.64")
        finding = "threat_to_life" if matter.note else None
        order = CourtOrder(section, information=frozenset({matter.cls}), finding=finding)
        yield Change("order", replace(request, order=order), {"section": f"§{section}"})


def model_form(facts: Facts, matter: Matter, kind: str) -> Consent:
    """A form of that kind with every element of §2.31(a), for this request only."""
    today = day_of(facts.at, facts.world.zone)
    intermediary = kind == "intermediary"
    return Consent(
        id="to-be-signed",
        kind=kind,
        patient=facts.patient.id,
        discloser=(matter.principal,),
        information=frozenset({COUNSELING_NOTES if kind == "counseling_notes" else matter.cls}),
        recipients=() if intermediary else (facts.request.recipient,),
        intermediary=facts.request.recipient if intermediary else None,
        participants=TREATING_PARTICIPANTS if intermediary else None,
        purposes=frozenset({facts.base}),
        expires=later(today, VALID_FOR),
        signed_by=signers(facts),
        signature="handwritten",
        signed_on=today,
        states_redisclosure_rule=True,
        states_fundraising_opt_out=True,
        states_right_to_revoke=True,
        states_how_to_revoke=True,
        states_redisclosure_risk=True,
        states_refusal_consequences=True,
        states_period=kind == "criminal_justice",
        revocable_from=Event("final_disposition") if kind == "criminal_justice" else None,
    )


def signer_of(facts: Facts) -> str:
    """Who must sign: the key of the word for it (§2.14, §2.15)."""
    patient, today = facts.patient, day_of(facts.at, facts.world.zone)
    if facts.deceased():
        return "representative"
    minor = patient.born is None or today < birthday(patient.born, ADULT_AT)
    if minor:
        alone = minor_alone(patient.born, today, facts.request.service)
        return "the_patient" if alone else "patient_and_parent"
    if patient.adjudicated:
        return "representative"
    if "medically_unable" not in facts.request.findings:
        return "the_patient"
    return "director" if facts.base == "payment" and not PAYERS.isdisjoint(facts.roles) else "once_able"


def signers(facts: Facts) -> frozenset[str]:
    patient = facts.patient
    who = signer_of(facts)
    if who == "director":
        return frozenset({THE_DIRECTOR})
    if who == "representative":
        return frozenset({patient.representative} if patient.representative else ())
    return frozenset({patient.id, *(sorted(patient.parents)[:1] if who == "patient_and_parent" else ())})
