"""Consents for those who supervise a patient in the criminal justice system (§2.35)."""

from policies.facts import Facts
from policies.part2.form import Form
from policies.vocabulary import AFTER_FINAL_DISPOSITION


def supervision_faults(facts: Facts, form: Form) -> list[str]:
    """§2.35(a) to (c): the kind of form, the condition, the duty to monitor, the period and the revocability."""
    consent, supervision = form.consent, facts.request.supervision
    found: list[str] = []
    if form.kind != "criminal_justice":
        found.append("justice.consent_kind")
    if supervision is None or not supervision.condition:
        found.append("justice.not_condition")
    if supervision is None or not supervision.monitors:
        found.append("justice.not_monitoring")
    if not consent.states_period or consent.revocable_from in {None, AFTER_FINAL_DISPOSITION}:
        found.append("justice.revocability")
    return found


def may_supervise(facts: Facts) -> bool:
    """§2.35(d): the recipient is of the justice system and has a duty to monitor the conditional release."""
    supervision = facts.request.supervision
    return (
        facts.base == "supervision"
        and supervision is not None
        and supervision.monitors
        and "criminal_justice" in facts.roles
    )
