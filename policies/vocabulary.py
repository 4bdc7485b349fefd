"""The words of a disclosure question: purposes, classes of information, roles and the rest.

Every word is spelled as in `tests/cases/FORMAT.md`. A word that is not here is unknown to the engine, and what
the engine does not know it does not permit.
"""

from typing import Final

THE_PATIENT: Final = "the-patient"
THE_DIRECTOR: Final = "the-director"
UNKNOWN_SOURCE: Final = "unknown"

COMPLETE_RECORD: Final = "complete_record"
ANY_AND_ALL: Final = "any_and_all"
AT_PATIENT_REQUEST: Final = "at_patient_request"
COUNSELING_NOTES: Final = "counseling_notes"
PSYCHOTHERAPY_NOTES: Final = "psychotherapy_notes"

BASE_PURPOSES: Final = frozenset({"treatment", "payment", "operations"})
BASE_OF: Final = {
    "referral": "treatment",
    "consultation": "treatment",
    "scheduling": "treatment",
    "claim": "payment",
    "prior_authorization": "payment",
    "quality_review": "operations",
    "care_management": "operations",
}
PROCEEDINGS: Final = frozenset(
    {
        "civil_proceeding",
        "criminal_proceeding",
        "administrative_proceeding",
        "legislative_proceeding",
        "law_enforcement",
    }
)
OTHER_PURPOSES: Final = frozenset(
    {
        "supervision",
        "dual_enrollment",
        "child_abuse_report",
        "adult_abuse_report",
        "crime_report",
        "threat_warning",
        "public_health",
        "audit",
        "research",
        "cause_of_death",
        "hhs_compliance",
        "pdmp_report",
        "presence_inquiry",
        "patient_access",
        "list_of_disclosures",
        "child_welfare",
        "housing",
        "employment",
        "education",
        "benefits",
        "insurance",
        "legal_advice",
        "family_information",
        "fundraising",
        "program_transfer",
        "training",
    }
)
CONSENT_PURPOSES: Final = BASE_PURPOSES | PROCEEDINGS | OTHER_PURPOSES
PURPOSES: Final = CONSENT_PURPOSES | frozenset(BASE_OF)

CLASSES: Final = frozenset(
    {
        "summary",
        "demographics",
        "attendance",
        "diagnosis",
        "medications",
        "tests",
        "assessment",
        "treatment_plan",
        "billing",
        COUNSELING_NOTES,
        "mental_health",
        PSYCHOTHERAPY_NOTES,
        "medical",
        "incident",
        "abuse_report",
        "threat_facts",
        "cause_of_death",
        "warning",
        "disclosures",
    }
)
WITHOUT_NOTES: Final = CLASSES - {COUNSELING_NOTES, PSYCHOTHERAPY_NOTES}

ROLES: Final = frozenset(
    {
        "provider",
        "covered_entity",
        "business_associate",
        "health_plan",
        "third_party_payer",
        "medical_personnel",
        "intermediary",
        "oversight_agency",
        "public_health_authority",
        "criminal_justice",
        "law_enforcement",
        "court",
        "child_abuse_authority",
        "adult_protective_services",
        "coroner",
        "central_registry",
        "pdmp",
        "researcher",
        "fda_medical",
        "hhs",
        "parent",
        "social_services",
        "veterans_care",
    }
)
SUD_PROGRAMS: Final = frozenset({"holds_out", "identified_unit", "primary_function", "unknown"})
SUD_STATUSES: Final = SUD_PROGRAMS | {"incidental"}

CONSENT_KINDS: Final = frozenset(
    {
        "tpo",
        "specific",
        "intermediary",
        "counseling_notes",
        "proceeding",
        "criminal_justice",
        "registry",
        "research",
        "general",
    }
)
RECIPIENT_CLASSES: Final = frozenset(
    {
        "treating_providers",
        "health_plans",
        "third_party_payers",
        "programs_within_200_miles",
    }
)
TREATING_PROGRAMS: Final = "treating_programs"
TREATING_PARTICIPANTS: Final = "treating_participants"
ALL_PARTICIPANTS: Final = "all_participants"
AFTER_FINAL_DISPOSITION: Final = "after_final_disposition"
SIGNATURES: Final = frozenset({"handwritten", "electronic", "doubtful"})
FORMS: Final = frozenset({"ascmi_ab133"})

HOLDINGS: Final = frozenset({"qsoa", "emergency", "audit", "research", "patient", "ordinary", "mistake"})
IDENTIFYING: Final = frozenset({"sud_patient", "person", "nobody"})
EXEMPTIONS: Final = frozenset({"evidence_only", "no_sud_shown"})
RELATIONSHIPS: Final = frozenset({"treating", "accepted", "asked", "none"})
CHANNELS: Final = frozenset({"ehr", "fax", "paper", "oral", "on_site"})
IDENTITIES: Final = frozenset({"verified", "unverified"})
NOTICES: Final = frozenset({"full", "short", "obsolete", "none"})
SERVICES: Final = frozenset({"counseling", "methadone", "buprenorphine"})
EMERGENCY_KINDS: Final = frozenset({"medical", "disaster", "disaster_over", "product_error"})
DETERMINED_BY: Final = frozenset({"clinician", "software"})
OBTAINABLE: Final = frozenset({"unobtainable", "obtainable", "refused"})
DEMANDS: Final = frozenset(
    {
        "subpoena",
        "subpoena_with_assurances",
        "search_warrant",
        "arrest_warrant",
        "administrative_warrant",
    }
)
ORDER_SECTIONS: Final = frozenset({"2.64", "2.65", "2.66", "other"})
ORDER_FINDINGS: Final = frozenset({"threat_to_life", "serious_crime", "patient_testified"})
ADVERSARIES: Final = frozenset({"patient", "program", "brought_by_patient", "third_party", "unclear"})
TRIGGERS: Final = frozenset({"accepted", "changed", "interrupted", "resumed", "terminated", "none"})
FINDINGS: Final = frozenset(
    {
        "lacks_capacity",
        "substantial_threat",
        "medically_unable",
        "research_requirements_met",
    }
)
CRIMES: Final = frozenset({"on_premises", "against_personnel", "threat_against_personnel", "elsewhere"})
REVOCATIONS: Final = frozenset({"written", "oral"})
ENDERS: Final = frozenset({"patient", "notice"})
AGREEMENT_KINDS: Final = frozenset({"qsoa", "baa", "contract_2_33c", "audit"})
QSO_SERVICES: Final = frozenset(
    {
        "data_processing",
        "billing",
        "laboratory",
        "legal",
        "accounting",
        "population_health",
        "staffing",
        "child_abuse_prevention",
    }
)
