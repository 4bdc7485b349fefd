"""SUD counseling notes: they need a consent of their own, and few others may see them (§2.11, §2.31(b))."""

from policies.facts import Facts, Matter
from policies.findings import NOTHING, Permit, ProhibitJudge, Reasons
from policies.part2.form import Form
from policies.part2.proceedings import order_reaches
from policies.part2.qso import serving_agreements
from policies.vocabulary import COUNSELING_NOTES


def combined_with_notes(form: Form) -> Reasons:
    """§2.31(b)(1), (2): why a consent does not carry counseling notes; empty if it is theirs alone."""
    found: Reasons = NOTHING
    if form.kind != "counseling_notes":
        found += ("notes.separate_consent",)
    others = (form.consent.information or frozenset()) - {COUNSELING_NOTES}  # a blank combines nothing
    if form.beside or (form.kind == "counseling_notes" and others):
        found += ("consent.combined",)
    if COUNSELING_NOTES not in form.listed:
        found += ("scope.information",)
    return found


def counseling_notes(facts: Facts) -> ProhibitJudge:
    """§2.31(b)(1): notes stay, unless they rest on their own consent, or on one of the listed exceptions."""

    def judge(matter: Matter, permit: Permit | None) -> Reasons:
        if not matter.note or excepted(facts, matter, permit):
            return NOTHING
        if order_reaches(facts, matter):
            found = facts.request.order is not None and facts.request.order.finding is not None
            return NOTHING if found else ("proceeding.confidential_communication",)  # §2.63(a)
        if facts.request.emergency is not None:
            goes = facts.choices.notes_go_in_emergency and permit is not None and permit.rule == "emergency"
            return NOTHING if goes else ("notes.emergency",)  # §2.31(b)(1) omits §2.51, the statute does not
        return ("notes.separate_consent",)

    return judge


def excepted(facts: Facts, matter: Matter, permit: Permit | None) -> bool:
    """§2.31(b)(1)(i)(A) originator, (B) training, (C) defence in an action brought by the patient."""
    if permit is None:
        return False
    request = facts.request
    if permit.rule == "within_program":
        own_use = facts.base == "treatment" and matter.item.originator == request.recipient
        return own_use or facts.base == "training"
    if permit.rule == "qso":
        legal = any(agreement.service == "legal" for agreement in serving_agreements(facts))
        return legal and facts.base == "legal_advice" and request.against == "brought_by_patient"
    return permit.consent_kind == "counseling_notes"
