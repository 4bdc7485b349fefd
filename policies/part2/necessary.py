"""Minimum necessary by purpose and document kind (§2.13(a), 164.502(b)): what each of them needs, as data.

Read where the sender did not say what is needed; what the sender's staff stated wins. A purpose without a row needs
whatever is sent for it: treatment is judged by clinicians, and what a report, a court's order, an audit agreement or
another paragraph may carry is said there. Notes that go only by a consent of their own are left to it (§2.31(b)).
"""

from typing import NamedTuple

from policies.vocabulary import BASE_OF, CLASSES, COUNSELING_NOTES, PSYCHOTHERAPY_NOTES


class Row(NamedTuple):
    """`kind` None: whatever the kind of the message. `needs`: classes of information. `source`: where it is said."""

    purpose: str
    kind: str | None
    needs: frozenset[str]
    source: str


OWN_CONSENT = frozenset({COUNSELING_NOTES, PSYCHOTHERAPY_NOTES})
_WHO = frozenset({"demographics", "attendance"})
_DISCHARGE = _WHO | {"summary", "diagnosis", "medications", "treatment_plan"}

TABLE = (
    Row("operations", "admit_notice", _WHO, "california.md story 3: name, CIN, admit time, site, contact"),
    Row("payment", "admit_notice", _WHO, "california.md story 3"),
    Row("operations", "discharge_notice", _DISCHARGE, "SON-31, SON-33: the summary and planning materials go along"),
    Row("payment", "discharge_notice", _WHO, "SON-31"),
    Row("claim", None, _WHO | {"diagnosis", "medications", "tests", "billing"}, "164.502(b): what a claim states"),
    Row("scheduling", None, _WHO | {"summary", "treatment_plan", "billing"}, "2.13(a): who, when, for what, who pays"),
    Row("presence_inquiry", None, _WHO, "2.13(c)(1): the answer is that she is there"),
    Row(
        "supervision",
        "status_report",
        _WHO | {"summary", "tests", "treatment_plan"},
        "california.md story 13: attendance and compliance, no notes; 2.35(a)(1)",
    ),
    Row("supervision", None, CLASSES - {"billing", "medical", "mental_health"}, "2.35(a)(1), (d): to monitor"),
    Row("housing", None, _WHO | {"summary", "diagnosis"}, "california.md stories 9, 10; a disability is verified"),
    Row("employment", None, _WHO | {"summary", "tests"}, "2.13(a): fit for work, no course of treatment"),
    Row("education", None, _WHO | {"summary"}, "2.13(a): absence and progress"),
    Row("fundraising", None, _WHO, "164.514(f)(1): demographics and dates of care"),
)
_ROWS = {(row.purpose, row.kind): row.needs for row in TABLE}


def needed(purpose: str, information: str, kind: str | None = None) -> bool:
    """Whether this class of information is needed for the purpose, in a message of that kind.

    The first row that fits decides: purpose and kind, its base purpose and kind, the purpose alone.
    """
    if information in OWN_CONSENT:
        return True
    base = BASE_OF.get(purpose, purpose)
    for place in ((purpose, kind), (base, kind), (purpose, None)):
        if place in _ROWS:
            return information in _ROWS[place]
    return True
