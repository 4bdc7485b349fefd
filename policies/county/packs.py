"""County packs as data: what a county asks beyond federal and state law. They only ever withhold."""

from dataclasses import dataclass
from datetime import date

from policies.days import start_of
from policies.facts import Facts, Matter
from policies.findings import NOTHING, Permit, ProhibitJudge, Reasons

PART_2_EXCEPTIONS = frozenset(
    {
        "within_program",
        "qso",
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


@dataclass(frozen=True, slots=True)
class Pack:
    """What identifies a person needs a written consent, or a rule named in `exceptions`, from `effective` on."""

    id: str
    title: str
    effective: date
    exceptions: frozenset[str]


PACKS = {
    pack.id: pack
    for pack in (
        Pack(
            "sonoma-7.1.12",
            "Sonoma County Coordination of Care Procedures 7.1.12",
            date(2025, 11, 1),
            PART_2_EXCEPTIONS,
        ),
    )
}


def county_consent(facts: Facts) -> ProhibitJudge | None:
    """The county's own condition: a written consent. Raises KeyError for a pack that does not exist."""
    pack = PACKS[facts.request.county_pack or ""]
    if facts.at < start_of(pack.effective, facts.world.zone):
        return None

    def judge(_matter: Matter, permit: Permit | None) -> Reasons:
        consented = permit is not None and (permit.consent is not None or permit.rule in pack.exceptions)
        return NOTHING if consented or permit is None else ("county.written_consent",)

    return judge
