"""Medical emergencies (§2.51). A clinician determines one; software never does."""

from typing import Final

from policies.facts import Facts
from policies.findings import Permit, PermitJudge, Reasons

EMERGENCY: Final = Permit("emergency", ("2.51",), obligations=frozenset({"emergency_record"}))
RECIPIENTS: Final = {
    "medical": "medical_personnel",
    "disaster": "medical_personnel",
    "disaster_over": "medical_personnel",
    "product_error": "fda_medical",
}


def emergency(facts: Facts) -> PermitJudge:
    """§2.51(a), (b): to medical personnel, when prior consent cannot be obtained. A missing record delays nothing."""
    claimed = facts.request.emergency
    assert claimed is not None
    without = {"unobtainable", "refused"} if facts.choices.refusal_gives_way else {"unobtainable"}
    faults = (
        ("emergency.not_medical_personnel", RECIPIENTS.get(claimed.kind) not in facts.roles),
        ("emergency.not_determined", claimed.determined_by != "clinician"),
        ("emergency.consent_obtainable", claimed.consent not in without),
        ("emergency.over", claimed.kind == "disaster_over"),
    )
    reasons: Reasons = tuple([code for code, fault in faults if fault])
    found = reasons or EMERGENCY
    return lambda _: found


def clinical_emergency(facts: Facts) -> bool:
    """§2.26(a)(3): emergency treatment, to which an agreed restriction gives way."""
    claimed = facts.request.emergency
    return (
        claimed is not None
        and facts.base == "treatment"
        and claimed.kind in {"medical", "disaster"}
        and claimed.determined_by == "clinician"
        and "medical_personnel" in facts.roles
    )
