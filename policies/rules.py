"""The rules, in the order of FORMAT.md section 6: which paragraph, what it speaks of, and its function.

A record rests on the first permission that carries it; the order of this table is that order. Prohibitions are run
whatever permits the item, and their exceptions are part of them.

When the law changes, a later edition joins EDITIONS: `amended` takes the edition before it, a name of its own, the day
from which it is in force, and rules with new functions in place of those of the same name. Nothing else changes: what
is decided from that day on (in the county's zone) is decided under it, every decision names its edition, and what was
decided before is explained under the edition it names. Functions of an edition in force once are changed only to mend
them; names of rules (`texts`) and reason codes (`codes`) are only added, each with its sentence in every language. What
a form states is read once, alike for all editions (`part2.form`): an edition that asks more of a form asks it in its
own rule. County packs have editions of their own (`county.packs`).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from policies import hipaa
from policies.california.limits import mental_health, minor_record
from policies.choices import SAFE, Choices, read_choices
from policies.county.packs import county_consent
from policies.days import start_of
from policies.facts import Kind
from policies.findings import Closing, Layer, Permitting, Prohibiting, RuleBook
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

FIRST = RuleBook(
    "89 FR 12472",
    date(2024, 4, 16),
    tuple(replace(rule, rank=rank) for rank, rule in enumerate(PERMITTING)),
    PROHIBITING,
    exceptions.no_other_basis,
)


def amended(
    book: RuleBook,
    edition: str,
    effective: date,
    rules: Iterable[Permitting | Prohibiting] = (),
    *,
    without: frozenset[str] = frozenset(),
    closing: Closing | None = None,
) -> RuleBook:
    """The edition that follows: these rules in place of those of the same name, or after all others if there is none.

    `without`: names of rules that are repealed. `closing` None: the one there was. Raises ValueError for a name with a
    semicolon, which sets off the choices, and for a day that is not later than the one before.
    """
    if ";" in edition or effective <= book.effective:
        raise ValueError(f"{edition} should have a plain name and follow {book.edition}")
    permitting = {rule.name: rule for rule in book.permitting if rule.name not in without}
    prohibiting = {rule.name: rule for rule in book.prohibiting if rule.name not in without}
    for rule in rules:
        if isinstance(rule, Permitting):
            before = permitting.get(rule.name)
            permitting[rule.name] = replace(
                rule, rank=before.rank if before else len(book.permitting) + len(permitting)
            )
        else:
            prohibiting[rule.name] = rule
    return RuleBook(
        edition,
        effective,
        tuple(permitting.values()),
        tuple(prohibiting.values()),
        closing or book.closing,
        book.choices,
    )


EDITIONS: tuple[RuleBook, ...] = (FIRST,)
"""Every edition there was, the oldest first."""
RULES = EDITIONS[-1]


@lru_cache(maxsize=16)
def chosen(choices: Choices, book: RuleBook = RULES) -> RuleBook:
    """The same rules under counsel's choices; the edition names those that are not the safe ones."""
    return book if choices == SAFE else replace(book, edition=f"{book.edition}; {choices}", choices=choices)


def in_force(at: datetime, zone: ZoneInfo, choices: Choices = SAFE) -> RuleBook:
    """The rules of an instant, under counsel's choices; an edition begins with its day in the county's zone.

    Before the first edition the first holds: what the older text permitted more widely is not modelled.
    """
    for begins, book in _begun(EDITIONS, zone):
        if at >= begins:
            return chosen(choices, book)
    return chosen(choices, EDITIONS[0])


@lru_cache(maxsize=16)
def _begun(editions: tuple[RuleBook, ...], zone: ZoneInfo) -> tuple[tuple[datetime, RuleBook], ...]:
    """When each edition begins, the newest first."""
    return tuple((start_of(book.effective, zone), book) for book in reversed(editions))


def named(edition: str) -> RuleBook:
    """The rules that a decision names: the book, and counsel's choices of that day.

    Raises KeyError for a book that was never in force, ValueError for choices that never were.
    """
    title, _, choices = edition.partition("; ")
    return chosen(read_choices(choices), {book.edition: book for book in EDITIONS}[title])
