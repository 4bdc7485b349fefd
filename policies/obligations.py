"""What must be done when an item goes, and when it stays (FORMAT.md section 10).

A permit brings its own obligations; those that depend on the item and the request are added here.
"""

from typing import Final

from policies.facts import FREE, OTHER, Facts, Matter
from policies.part2.restrictions import gave_way
from policies.part2.validity import only_oral
from policies.permit import Permit
from policies.vocabulary import THE_PATIENT

OBLIGATIONS: Final = {
    "notice": "2.32(a)",
    "consent_copy": "2.32(b)",
    "minimum_necessary": "2.13(a)",
    "accounting": "2.25",
    "proceedings_label": "2.12(d)(1)",
    "verify_identity": "164.514(h)",
    "emergency_record": "2.51(c)",
    "no_further_use_request": "2.26(a)(4)",
    "intermediary_list": "2.24",
    "business_associate_contract": "164.502(e)",
    "contract_2_33c": "2.33(c)",
    "agreement_on_file": "2.12(c)(4)",
    "generic_refusal": "2.13(c)(2)",
    "written_revocation": "2.31(a)(6)",
    "breach_assessment": "2.16(b)",
}
LEFT_WITHOUT_BASIS: Final = frozenset({"consent.not_prior", "redisclosure.not_lawful_holder"})
PASSED_ON: Final = frozenset({"hipaa", "business_associate"})
"""A record rests on these only if a covered holder passes it on under HIPAA (§2.33(b)(1))."""
MINIMUM: Final = frozenset({"minimum_necessary"})
VERIFIED: Final = frozenset({"verify_identity"})
MINIMUM_VERIFIED: Final = MINIMUM | VERIFIED
LABELLED: Final = MINIMUM_VERIFIED | {"proceedings_label"}
TRAVELLING: Final = {"within_program": MINIMUM, "qso": MINIMUM_VERIFIED}
"""What goes along with a record by the rule it rests on; by any other rule, all that LABELLED says."""
NOTICE: Final = frozenset({"notice"})
ACCOUNTED_FOR: Final = frozenset({"accounting"})
NO_FURTHER_USE: Final = frozenset({"no_further_use_request"})
BREACH: Final = frozenset({"breach_assessment"})
IN_WRITING: Final = frozenset({"written_revocation"})
REVOKED: Final = frozenset({"consent.revoked", "consent.reliance", "redisclosure.not_lawful_holder"})


def due(facts: Facts, matter: Matter, permit: Permit) -> frozenset[str]:
    """The obligations of an item that goes. They travel with it, or it does not go."""
    found = permit.obligations
    if matter.kind is FREE:
        return found
    if matter.kind is OTHER:
        return found | (MINIMUM_VERIFIED if facts.base in {"payment", "operations"} else VERIFIED)  # 164.502(b)
    found |= TRAVELLING.get(permit.rule, LABELLED)
    if facts.request.recipient == THE_PATIENT:
        found -= MINIMUM
    if permit.rule in PASSED_ON and facts.choices.notice_repeated:
        found |= NOTICE
    if permit.consent is not None and accountable(facts, matter):
        found |= ACCOUNTED_FOR
    if facts.request.restrictions and gave_way(facts, matter):
        found |= NO_FURTHER_USE
    return found


def accountable(facts: Facts, matter: Matter) -> bool:
    """§2.25(a), (b): what a program or its QSO discloses with consent; treatment, payment and operations only
    through an electronic health record. Nothing while the section is tolled, if counsel says that it is.
    """
    if facts.choices.accounting_tolled:
        return False
    return (facts.from_program or matter.as_qso) and (not facts.tpo or facts.request.by == "ehr")


def due_withheld(facts: Facts, matter: Matter, reasons: tuple[str, ...]) -> frozenset[str]:
    """The obligations that an item leaves behind which stays for these reasons."""
    found = frozenset[str]()
    if not LEFT_WITHOUT_BASIS.isdisjoint(reasons):
        found |= BREACH
    if not REVOKED.isdisjoint(reasons):
        for form in facts.forms:
            if form.oral and only_oral(facts, form.consent, matter):
                found |= IN_WRITING
    return found
