"""What must go along with a record, and how much of it may go (§2.32, §2.13(a), 164.514(h))."""

from policies.facts import GOOD_NOTICES, Facts, Kind, Matter
from policies.findings import NOTHING, Permit, ProhibitJudge, Reasons
from policies.vocabulary import THE_PATIENT


def accompaniment(facts: Facts) -> ProhibitJudge:
    """§2.32(a), (b): what rests on a consent leaves with one of the two statements and a copy of the consent."""
    request = facts.request
    found: list[str] = []
    if request.notice not in GOOD_NOTICES:
        found.append("notice.obsolete" if request.notice == "obsolete" else "notice.missing")
    if not request.consent_copy:
        found.append("notice.consent_copy")
    reasons = tuple(found)

    def judge(_matter: Matter, permit: Permit | None) -> Reasons:
        return reasons if permit is not None and permit.consent is not None else NOTHING

    return judge


def necessity(facts: Facts) -> ProhibitJudge | None:
    """§2.13(a), 164.502(b): only what the purpose needs; HIPAA excepts treatment, part 2 does not."""
    if facts.request.recipient == THE_PATIENT:
        return None
    treatment = facts.base == "treatment"

    def judge(matter: Matter, _permit: Permit | None) -> Reasons:
        if matter.item.needed or (matter.kind is Kind.OTHER and treatment):
            return NOTHING
        return ("scope.not_needed",)

    return judge


def identity(_facts: Facts) -> ProhibitJudge:
    """164.514(h): nobody who is not known to be the recipient gets anything that identifies a person."""
    return lambda _matter, _permit: ("identity.unverified",)
