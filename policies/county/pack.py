"""What a county asks beyond federal and state law, as data: a pack of conditions. They only ever withhold."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

EVERYBODY: frozenset[str] | None = None
ANY: frozenset[str] | None = None
PART_2_EXCEPTIONS = frozenset(
    {
        "within_program",
        "qso",
        "business_associate",
        "patient_access",
        "emergency",
        "child_abuse_report",
        "crime_report",
        "minors_safety",
        "cause_of_death",
        "research",
        "audit",
        "hhs_compliance",
        "court_order",
        "back_to_source",
    }
)
"""Rules that stand without a consent: of part 2, of courts, and contracts with those who serve the discloser."""
NOT_FOR_COUNTIES = frozenset(
    {
        "patient_access",
        "list_of_disclosures",
        "child_abuse_report",
        "adult_abuse_report",
        "public_health",
        "cause_of_death",
        "threat_warning",
        "hhs_compliance",
        "audit",
    }
)
"""Purposes that no county forbids: her own access (164.524), reports that other law asks for, oversight (164.512)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Items it speaks of need a written consent that is as the condition asks.

    `source`: id of the requirement. `shows`: what the items show. `information`, `purposes` (base purposes), `roles`:
    which classes, purposes and recipients; None: any. `outside`: only who is neither provider nor covered. `kinds`: of
    consents that will do. `expressly`: the consent lists the class itself, not the complete record.
    """

    source: str
    says: str
    reason: str = "county.written_consent"
    shows: frozenset[str] = frozenset({"sud_patient", "person"})
    information: frozenset[str] | None = ANY
    purposes: frozenset[str] | None = ANY
    roles: frozenset[str] | None = EVERYBODY
    outside: bool = False
    kinds: frozenset[str] | None = ANY
    expressly: bool = False


class Question(NamedTuple):
    """What counsel of the county has not answered, and how the pack reads it meanwhile."""

    source: str
    question: str
    default: str


@dataclass(frozen=True, slots=True)
class Pack:
    """The conditions of one county, from `effective` on. A rule named in `exceptions` needs no consent here either."""

    id: str
    title: str
    effective: date
    conditions: tuple[Condition, ...]
    exceptions: frozenset[str] = PART_2_EXCEPTIONS
    spares: frozenset[str] = NOT_FOR_COUNTIES
    questions: tuple[Question, ...] = ()
