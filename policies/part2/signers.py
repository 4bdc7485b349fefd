"""Who may sign for whom: the patient, a minor and a parent, a representative, the director (§2.14, §2.15)."""

from typing import Final

from policies.california.minors import minor_alone
from policies.days import birthday, day_of
from policies.facts import ADULT_AT, Facts
from policies.part2.form import Form
from policies.vocabulary import THE_DIRECTOR

PAYERS: Final = frozenset({"health_plan", "third_party_payer"})


def signer_faults(facts: Facts, form: Form) -> tuple[str, ...]:
    """§2.31(a)(8): why those who signed had no authority; empty if they had. The first that fits decides."""
    patient = facts.patient
    signers = form.consent.signed_by or frozenset()
    if facts.deceased():
        return () if patient.representative in signers else ("death.representative",)  # §2.15(b)(2)
    signed_on = form.consent.signed_on or day_of(facts.at, facts.world.zone)
    if patient.born is None or signed_on < birthday(patient.born, ADULT_AT):
        return minor_faults(facts, form, signers)
    if patient.adjudicated:
        return () if patient.representative in signers else ("capacity.representative",)  # §2.15(a)(1)
    if patient.id in signers:
        return ()
    return unable_faults(facts, signers)


def signing_law(facts: Facts, form: Form) -> str | None:
    """The paragraph by which a signature was good that is not simply the grown patient's own."""
    patient = facts.patient
    if facts.deceased():
        return "2.15(b)(2)"
    if patient.born is None or form.signed_on < birthday(patient.born, ADULT_AT):
        return "2.14(a)" if minor_alone(patient.born, form.signed_on, facts.request.service) else "2.14(b)(1)"
    if patient.adjudicated:
        return "2.15(a)(1)"
    return None if patient.id in form.signers else "2.15(a)(2)"


def minor_faults(facts: Facts, form: Form, signers: frozenset[str]) -> tuple[str, ...]:
    """§2.14: the minor always signs; a parent signs too where state law asks for the parent's consent to care."""
    patient = facts.patient
    signed_on = form.consent.signed_on or day_of(facts.at, facts.world.zone)
    by_parent = not signers.isdisjoint(patient.parents)
    found: list[str] = []
    if patient.id not in signers:
        found.append("minor.consent")
        if facts.base == "payment":
            found.append("minor.payment")
    if not by_parent and not minor_alone(patient.born, signed_on, facts.request.service):
        found.append("minor.parent_consent")
    if by_parent and not facts.minor():
        found.append("minor.turned_adult")
    return tuple(found)


def unable_faults(facts: Facts, signers: frozenset[str]) -> tuple[str, ...]:
    """§2.15(a)(2): the director signs for a patient medically unable to act, for payment by a payer only.

    An agent under a power of attorney is not named in the text; a person decides, unless counsel has.
    """
    if "medically_unable" in facts.request.findings:
        if THE_DIRECTOR in signers:
            payment = facts.base == "payment" and not PAYERS.isdisjoint(facts.roles)
            return () if payment else ("capacity.payment_only",)
        if not signers.isdisjoint(facts.patient.agents):
            return () if facts.choices.agent_may_sign else ("capacity.agent",)
    return ("consent.signer",)
