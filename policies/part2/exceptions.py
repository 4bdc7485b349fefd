"""Disclosures of a record without consent, each for its own purpose and recipient.

§2.2(b), §2.12(c)(5), (6), §2.14(c), §2.15(b)(1), §2.23, §2.52, §2.53. Most are for a program's own records only.
"""

from datetime import date
from typing import Final

from policies.facts import RECORD, Facts, Matter
from policies.findings import NOTHING, Permit, PermitJudge, Reasons
from policies.vocabulary import CRIMES, THE_PATIENT

PATIENT: Final = Permit("patient_access", ("2.23",))
CHILD_ABUSE: Final = Permit("child_abuse_report", ("2.12(c)(6)",))
CRIME: Final = Permit("crime_report", ("2.12(c)(5)",))
SAFETY: Final = Permit("minors_safety", ("2.14(c)",))
DEATH: Final = Permit("cause_of_death", ("2.15(b)(1)",))
RESEARCH: Final = Permit("research", ("2.52",), waits=True)
AUDIT: Final = Permit("audit", ("2.53",), obligations=frozenset({"agreement_on_file"}))
HHS: Final = Permit("hhs_compliance", ("2.2(b)",))

AUDITORS: Final = frozenset({"oversight_agency", "health_plan"})
AUDIT_AGREEMENT: Final = frozenset({"audit"})
REPORTABLE: Final = CRIMES - {"elsewhere"}


def patient_access(facts: Facts) -> PermitJudge | None:
    """§2.23: the patient's own record, and the list of §2.24, to the patient."""
    return (lambda _: PATIENT) if facts.request.recipient == THE_PATIENT else None


def child_abuse_report(facts: Facts) -> PermitJudge:
    """§2.12(c)(6): the report to the authority; never the record behind it."""
    authority = "child_abuse_authority" in facts.roles

    def judge(matter: Matter) -> Permit | Reasons:
        if not matter.own:
            return NOTHING
        return CHILD_ABUSE if authority and matter.cls == "abuse_report" else ("child_abuse.original_record",)

    return judge


def crime_report(facts: Facts) -> PermitJudge:
    """§2.12(c)(5): the incident on the premises or against personnel, to law enforcement, and no more."""
    police = "law_enforcement" in facts.roles
    elsewhere = facts.request.crime not in REPORTABLE

    def judge(matter: Matter) -> Permit | Reasons:
        if not matter.own:
            return NOTHING
        beyond = not police or matter.cls != "incident"
        found: Reasons = ("crime.beyond_incident",) if beyond else NOTHING
        return (*found, "report.no_exception") if elsewhere else found or CRIME

    return judge


def minors_safety(facts: Facts) -> PermitJudge | None:
    """§2.14(c): the director tells a parent the facts that may avert a threat to a minor without capacity."""
    findings = facts.request.findings
    found = "lacks_capacity" in findings and "substantial_threat" in findings
    if not found or facts.request.recipient not in facts.patient.parents or not facts.minor():
        return None
    return lambda matter: SAFETY if matter.own and matter.cls == "threat_facts" else NOTHING


def cause_of_death(facts: Facts) -> PermitJudge:
    """§2.15(b)(1): the cause of death of a patient who has died, to a coroner; not the chart."""
    coroner = "coroner" in facts.roles and facts.deceased()

    def judge(matter: Matter) -> Permit | Reasons:
        if not matter.own:
            return NOTHING
        return DEATH if coroner and matter.cls == "cause_of_death" else ("death.beyond_cause",)

    return judge


def research(facts: Facts) -> PermitJudge:
    """§2.52(a): to a researcher, once the responsible person has found the requirements met."""
    met = "researcher" in facts.roles and "research_requirements_met" in facts.request.findings
    found = RESEARCH if met else ("research.no_determination",)
    return lambda matter: found if matter.own else NOTHING


def audit(facts: Facts) -> PermitJudge:
    """§2.53(a), (b): under a written agreement; to read on site, or to take copies if it says so."""
    on_site = facts.request.by == "on_site"
    auditor = not AUDITORS.isdisjoint(facts.roles)

    def judge(matter: Matter) -> Permit | Reasons:
        if not matter.own:
            return NOTHING
        audited = frozenset({matter.principal}) if matter.as_qso else facts.holders
        agreed = auditor and any(
            agreement.kind in AUDIT_AGREEMENT
            and agreement.holder in audited
            and agreement.with_party in facts.to
            and (agreement.copies or on_site)
            for agreement in facts.agreements
        )
        return AUDIT if agreed else ("audit.no_agreement",)

    return judge


def hhs_compliance(facts: Facts) -> PermitJudge | None:
    """§2.2(b): to HHS, to find out whether the program complies."""
    return (lambda matter: HHS if matter.own else NOTHING) if "hhs" in facts.roles else None


def no_other_basis(facts: Facts, matter: Matter) -> Reasons:
    """The list is closed. Permits nothing; says for a record which basis was meant and why there is none."""
    if matter.kind is not RECORD:
        return NOTHING
    found = NAMED.get(facts.base, NOTHING)
    if facts.base == "public_health" and "public_health_authority" not in facts.roles:
        found += ("public_health.not_authority",)
    if facts.request.demand is not None:
        found += _for_demand(facts.request.demand)
    if facts.of_age_on == date.max or facts.minor():
        found += _for_patient(facts)
    if matter.as_qso:
        return (*found, "qso.third_party")
    if matter.held_under == "qsoa" and not matter.own:
        return (*found, "qso.scope" if facts.serves(matter.source) else "qso.no_agreement")
    return found


NAMED: Final = {
    "adult_abuse_report": ("report.no_exception",),
    "threat_warning": ("report.no_exception",),
    "public_health": ("public_health.identified",),
    "pdmp_report": ("pdmp.consent",),
    "presence_inquiry": ("presence.acknowledgment",),
    "program_transfer": ("closing.no_consent",),
}


def _for_demand(demand: str) -> Reasons:
    """§2.13(b), §2.61(b)(1): process without an order of subpart E opens nothing."""
    return ("proceeding.warrant_only",) if demand.endswith("warrant") else ("proceeding.subpoena_only",)


def _for_patient(facts: Facts) -> Reasons:
    """§2.14(a), §2.15(b)(2): whose signature is missing altogether."""
    patient = facts.patient
    signed = frozenset[str]().union(*(form.signers for form in facts.forms))
    if facts.deceased() and patient.representative not in signed:
        return ("death.representative",)
    if facts.minor() and patient.id not in signed:
        return ("minor.consent", "minor.payment") if facts.base == "payment" else ("minor.consent",)
    return NOTHING
