"""HIPAA's permissions, for other health information and for what §2.33(b)(1) lets a covered holder do with a record.

45 CFR 164.502(e), 164.506(c), 164.508, 164.510, 164.512, 164.524.
"""

from typing import Final

from policies.facts import Facts, Kind, Matter
from policies.findings import Permit, PermitJudge, Reasons
from policies.part2.consent import consent
from policies.part2.proceedings import in_scope
from policies.part2.qso import business_associate
from policies.vocabulary import PROCEEDINGS, PSYCHOTHERAPY_NOTES, THE_PATIENT

CONTRACT: Final = Permit("business_associate", ("164.502(e)",), obligations=frozenset({"business_associate_contract"}))
PERMITS: Final = {
    "treatment": Permit("hipaa", ("164.506(c)(2)",)),
    "payment": Permit("hipaa", ("164.506(c)(3)",)),
    "operations": Permit("hipaa", ("164.506(c)(4)",)),
    "patient_access": Permit("hipaa", ("164.524",)),
    "list_of_disclosures": Permit("hipaa", ("164.524",)),
    "presence_inquiry": Permit("hipaa", ("164.510(a)",)),
    "research": Permit("hipaa", ("164.512(i)",), waits=True),
}
COURT: Final = Permit("court_order", ("164.512(e)",), waits=True)
PROVIDERS: Final = frozenset({"provider"})
PROVIDERS_AND_AGENCIES: Final = frozenset({"provider", "social_services"})
PAYMENT_PARTIES: Final = frozenset({"covered_entity", "provider"})
AUTHORITIES: Final = {
    "public_health": ("public_health_authority", Permit("hipaa", ("164.512(b)",))),
    "child_abuse_report": ("child_abuse_authority", Permit("hipaa", ("164.512(b)",))),
    "adult_abuse_report": ("adult_protective_services", Permit("hipaa", ("164.512(c)",))),
    "audit": ("oversight_agency", Permit("hipaa", ("164.512(d)",))),
    "cause_of_death": ("coroner", Permit("hipaa", ("164.512(g)",))),
    "threat_warning": ("law_enforcement", Permit("hipaa", ("164.512(j)",))),
}
DEMANDS: Final = {
    "subpoena_with_assurances": Permit("hipaa", ("164.512(e)",), waits=True),
    "search_warrant": Permit("hipaa", ("164.512(f)",), waits=True),
}


def other_health_information(facts: Facts) -> PermitJudge:
    """Other health information goes by a HIPAA permission, an authorization, or a court's order."""
    carried = consent(facts)

    def judge(matter: Matter) -> Permit | Reasons:
        found = permission(facts, matter)
        if isinstance(found, Permit):
            return found
        authorized = carried(matter)  # 164.508
        if isinstance(authorized, Permit):
            return authorized
        ordered = by_order(facts, matter)
        if isinstance(ordered, Permit):
            return ordered
        return (*authorized, *ordered, *found)

    return judge


def by_order(facts: Facts, matter: Matter) -> Permit | Reasons:
    """164.512(e): an order of any court, in scope."""
    order = facts.request.order
    if order is None:
        return ()
    if in_scope(facts, order, matter):
        return COURT
    return ("proceeding.order_scope",) if facts.base in PROCEEDINGS else ()


def permission(facts: Facts, matter: Matter) -> Permit | Reasons:
    """The permission for the purpose and recipient, or the reason why there is none."""
    permit = None if matter.cls == PSYCHOTHERAPY_NOTES else _permitted(facts, matter)
    return permit or lacking(facts, matter)


def _permitted(facts: Facts, matter: Matter) -> Permit | None:
    base = facts.base
    if facts.tpo:
        if facts.agreements and business_associate(facts):
            return CONTRACT
        return PERMITS[base] if _care_and_payment(facts, matter) else None
    if base in PROCEEDINGS:
        return DEMANDS.get(facts.request.demand or "")
    if base in AUTHORITIES:
        role, permit = AUTHORITIES[base]
        return permit if role in facts.roles else None
    return PERMITS.get(base) if _special(facts, matter) else None


def _care_and_payment(facts: Facts, matter: Matter) -> bool:
    """164.506(c)(2) to (4)."""
    if facts.base == "treatment":
        wanted = PROVIDERS_AND_AGENCIES if matter.kind is Kind.OTHER else PROVIDERS
        return not wanted.isdisjoint(facts.roles)
    if facts.base == "payment":
        return not PAYMENT_PARTIES.isdisjoint(facts.roles)
    related = facts.treating or not facts.patient.plans.isdisjoint(facts.to)
    return related and "covered_entity" in facts.roles


def _special(facts: Facts, matter: Matter) -> bool:
    """164.524, 164.510(a), 164.512(i)."""
    request = facts.request
    if facts.base == "presence_inquiry":
        return matter.item.identifies == "person" and request.discloser not in facts.world.sud_only
    if facts.base == "research":
        return "research_requirements_met" in request.findings
    return request.recipient == THE_PATIENT


def lacking(facts: Facts, matter: Matter) -> Reasons:
    """Which permission was meant, and is not there."""
    found: Reasons = ("presence.acknowledgment",) if facts.base == "presence_inquiry" else ()
    if matter.cls == PSYCHOTHERAPY_NOTES:
        found += ("hipaa.authorization",)
    return tuple(dict.fromkeys((*found, _lacking(facts, matter))))


def _lacking(facts: Facts, matter: Matter) -> str:
    if facts.base == "operations" and "covered_entity" in facts.roles:
        return "hipaa.relationship"
    associate = "business_associate" in facts.roles and PAYMENT_PARTIES.isdisjoint(facts.roles)
    if facts.tpo and associate:
        return "hipaa.no_contract"
    if facts.base in PROCEEDINGS and facts.request.demand == "subpoena":
        return "hipaa.assurances"
    if matter.kind is Kind.RECORD and facts.base == "family_information":
        return "hipaa.family"
    return "hipaa.authorization"
