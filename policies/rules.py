"""The rules, in the order of FORMAT.md section 6: which paragraph, what it speaks of, and its function.

A record rests on the first permission that carries it; the order of this table is that order. Prohibitions are run
whatever permits the item, and their exceptions are part of them.
"""

from dataclasses import replace
from datetime import date
from functools import lru_cache

from policies import hipaa
from policies.california.limits import mental_health, minor_record
from policies.choices import SAFE, Choices, read_choices
from policies.county.packs import county_consent
from policies.facts import Kind
from policies.findings import Layer, Permitting, Prohibiting, RuleBook
from policies.part2 import exceptions
from policies.part2.applicability import de_identified, unclassified
from policies.part2.consent import consent
from policies.part2.counseling_notes import counseling_notes
from policies.part2.emergency import emergency
from policies.part2.notice import accompaniment, identity, necessity
from policies.part2.proceedings import court_order, proceedings
from policies.part2.qso import qso, transport, within_program
from policies.part2.redisclosure import redisclosure
from policies.part2.restrictions import restriction
from policies.vocabulary import BASE_PURPOSES, PROCEEDINGS

RECORD, OTHER, FREE = Kind.RECORD, Kind.OTHER, Kind.FREE
RECORDS = frozenset({RECORD})
OTHERS = frozenset({OTHER})
IDENTIFYING = frozenset({RECORD, OTHER})


def _only(*purposes: str) -> frozenset[str]:
    return frozenset(purposes)


PERMITTING = (
    Permitting("de_identified", "2.12(a)(1)", FREE, de_identified),
    Permitting("within_program", "2.12(c)(3)", RECORD, within_program),
    Permitting("qso", "2.12(c)(4)", RECORD, qso, needs="service"),
    Permitting("consent", "2.33(a)", RECORD, consent),
    Permitting("redisclosure", "2.33(b)", RECORD, redisclosure, needs="received"),
    Permitting(
        "patient_access",
        "2.23",
        RECORD,
        exceptions.patient_access,
        _only("patient_access", "list_of_disclosures"),
    ),
    Permitting("emergency", "2.51", RECORD, emergency, needs="emergency"),
    Permitting(
        "child_abuse_report",
        "2.12(c)(6)",
        RECORD,
        exceptions.child_abuse_report,
        _only("child_abuse_report"),
    ),
    Permitting("crime_report", "2.12(c)(5)", RECORD, exceptions.crime_report, _only("crime_report")),
    Permitting("minors_safety", "2.14(c)", RECORD, exceptions.minors_safety, needs="findings"),
    Permitting("cause_of_death", "2.15(b)(1)", RECORD, exceptions.cause_of_death, _only("cause_of_death")),
    Permitting("research", "2.52", RECORD, exceptions.research, _only("research")),
    Permitting("audit", "2.53", RECORD, exceptions.audit, _only("audit")),
    Permitting("hhs_compliance", "2.2(b)", RECORD, exceptions.hhs_compliance, _only("hhs_compliance")),
    Permitting("court_order", "2.61", RECORD, court_order, needs="order"),
    Permitting("hipaa", "164.502(a)", OTHER, hipaa.other_health_information),
)

PROHIBITING = (
    Prohibiting("unclassified", "design", frozenset({Kind.UNCLASSIFIED}), unclassified),
    Prohibiting("identity", "164.514(h)", IDENTIFYING, identity, needs="unverified"),
    Prohibiting("transport", "2.12(c)(4)", IDENTIFYING, transport, needs="through"),
    Prohibiting("counseling_notes", "2.31(b)", RECORDS, counseling_notes, needs="notes"),
    Prohibiting("proceedings", "2.12(d)(1)", RECORDS, proceedings, PROCEEDINGS | _only("supervision")),
    Prohibiting("restriction", "2.26", RECORDS, restriction, BASE_PURPOSES, needs="restrictions"),
    Prohibiting("necessity", "2.13(a)", IDENTIFYING, necessity, needs="unneeded"),
    Prohibiting("accompaniment", "2.32", RECORDS, accompaniment, needs="unaccompanied"),
    Prohibiting(
        "mental_health",
        "Cal. W&I 5328(a)",
        OTHERS,
        mental_health,
        BASE_PURPOSES,
        layer=Layer.CALIFORNIA,
    ),
    Prohibiting("minor_record", "Cal. H&S 123115(a)", OTHERS, minor_record, layer=Layer.CALIFORNIA),
    Prohibiting("county_consent", "county", IDENTIFYING, county_consent, needs="county_pack", layer=Layer.COUNTY),
)

RULES = RuleBook(
    "89 FR 12472",
    date(2024, 4, 16),
    tuple(replace(rule, rank=rank) for rank, rule in enumerate(PERMITTING)),
    PROHIBITING,
    exceptions.no_other_basis,
)
EDITIONS = (RULES,)


@lru_cache(maxsize=16)
def chosen(choices: Choices, book: RuleBook = RULES) -> RuleBook:
    """The same rules under counsel's choices; the edition names those that are not the safe ones."""
    return book if choices == SAFE else replace(book, edition=f"{book.edition}; {choices}", choices=choices)


def edition_for(day: date) -> RuleBook:
    """The rules of a day: a decision of last year is explained again under last year's rules.

    A day before the first edition gets the first: what the older text permitted more widely is not modelled.
    """
    past = [book for book in EDITIONS if book.effective <= day]
    return max(past, key=lambda book: book.effective, default=EDITIONS[0])


def named(edition: str) -> RuleBook:
    """The rules that a decision names: the book, and counsel's choices of that day.

    Raises KeyError for a book that was never in force, ValueError for choices that never were.
    """
    title, _, choices = edition.partition("; ")
    return chosen(read_choices(choices), {book.edition: book for book in EDITIONS}[title])
