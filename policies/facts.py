"""What follows from a request before any rule speaks: who acts for whom, what each item is, which agreements hold.

Derived once per request, so that rules only compare. FORMAT.md sections 1 and 2; §2.11, §2.12.
"""

from collections.abc import Iterable
from datetime import date
from enum import Enum
from typing import Any, Final

from policies.choices import SAFE, Choices
from policies.days import birthday, end_of, start_of
from policies.model import Item, Request
from policies.part2.form import Form, form_of
from policies.vocabulary import (
    BASE_OF,
    BASE_PURPOSES,
    CLASSES,
    COUNSELING_NOTES,
    EXEMPTIONS,
    PROCEEDINGS,
    QSO_SERVICES,
    UNKNOWN_SOURCE,
)
from policies.world import Agreement

TREATING: Final = frozenset({"treating", "accepted"})
SERVICE_AGREEMENTS: Final = frozenset({"qsoa", "baa"})
BAA: Final = frozenset({"baa"})
ADULT_AT: Final = 18
SPECIAL: Final = PROCEEDINGS | {"supervision", "dual_enrollment"}
"""Purposes for which the kind of a consent matters."""


class Kind(Enum):
    """What an item is, the first that fits (FORMAT.md section 2)."""

    UNCLASSIFIED = "unclassified"
    FREE = "free"
    RECORD = "record"
    OTHER = "other health information"

    __hash__ = object.__hash__  # looked up for every item; members are singletons


CIRCUMSTANCES: Final = (
    "emergency",
    "order",
    "restrictions",
    "through",
    "findings",
    "county_pack",
    "unverified",
    "unaccompanied",
    "notes",
    "received",
    "unneeded",
    "service",
)
"""What a request may bring along; rules that need one of these are not asked where it is absent."""
Circumstances = tuple[bool, ...]
GOOD_NOTICES: Final = frozenset({"full", "short"})

UNCLASSIFIED, FREE, RECORD, OTHER = Kind.UNCLASSIFIED, Kind.FREE, Kind.RECORD, Kind.OTHER


class Facts:
    """The request and what follows from it. Built for one decision and never changed by a rule.

    Raises KeyError if the request names a party or an agreement that the world does not have.
    """

    __slots__ = (
        "agreements",
        "at",
        "base",
        "choices",
        "everyday",
        "forms",
        "from_program",
        "matters",
        "notes",
        "of_age_on",
        "patient",
        "program",
        "received",
        "request",
        "roles",
        "tests",
        "to",
        "tpo",
        "unneeded",
        "world",
    )

    def __init__(self, request: Request, choices: Choices = SAFE) -> None:
        world = request.world
        self.request = request
        self.choices = choices
        self.world = world
        self.at = request.at
        self.patient = request.patient
        self.base = BASE_OF.get(request.purpose, request.purpose)
        self.tpo = self.base in BASE_PURPOSES
        self.to = world.lines[request.recipient]
        self.roles = world.roles[request.recipient]
        self.program = world.program_of.get(request.discloser)
        self.from_program = self.program is not None
        self.everyday = not (self.base in SPECIAL or "intermediary" in self.roles or self.patient.removed)
        self.of_age_on = self._of_age_on()
        self.agreements = tuple(self._in_force()) if request.agreements else ()
        self.tests: dict[Any, Any] = {}
        # What was read of a form or an item is kept on it, and looked up here without a call: every decision does it.
        self.forms = [
            form if (form := consent.compiled) is not None and form.world is world else form_of(consent, world)
            for consent in request.consents
        ]
        place = (world, request.discloser)
        self.matters = [
            matter if (matter := item.compiled) is not None and matter.place == place else matter_of(item, self)
            for item in request.packet
        ]
        self.notes = self.received = self.unneeded = False
        for matter in self.matters:
            if not matter.plain:
                self.notes = self.notes or matter.note
                self.received = self.received or not matter.own
                self.unneeded = self.unneeded or not matter.item.needed

    def circumstances(self) -> Circumstances:
        """Which of CIRCUMSTANCES are there, in that order."""
        request = self.request
        return (
            request.emergency is not None,
            request.order is not None,
            bool(request.restrictions),
            request.through is not None,
            bool(request.findings),
            request.county_pack is not None,
            request.identity != "verified",
            not (request.notice in GOOD_NOTICES and request.consent_copy),
            self.notes,
            self.received,
            self.unneeded,
            bool(request.agreements) or "business_associate" in self.roles,
        )

    def _of_age_on(self) -> date:
        """From this day on the patient's signature is good alone; never, if it must be asked (§2.14, §2.15)."""
        born = self.patient.born
        asked = born is None or self.patient.died is not None or self.patient.adjudicated
        return date.max if asked or born is None else birthday(born, ADULT_AT)

    @property
    def relationship(self) -> str:
        """As stated, or as the patient's treating providers say."""
        derived = "none" if self.to.isdisjoint(self.patient.treating_providers) else "treating"
        return self.request.relationship or derived

    @property
    def treating(self) -> bool:
        """§2.11: the recipient has a treating provider relationship."""
        return self.relationship in TREATING

    @property
    def discloser_line(self) -> frozenset[str]:
        """All the discloser belongs to."""
        return self.world.lines[self.request.discloser]

    @property
    def disclosing(self) -> frozenset[str]:
        """Who discloses, and the program whose staff or part that is."""
        discloser = self.request.discloser
        return frozenset({discloser, self.program or discloser})

    @property
    def holders(self) -> frozenset[str]:
        """A program is bound by its own agreements only, a party outside also by those of what it belongs to."""
        return self.disclosing if self.from_program else self.discloser_line

    @property
    def covered(self) -> bool:
        """The discloser is a covered entity or a business associate."""
        roles = self.world.roles[self.request.discloser]
        return "covered_entity" in roles or "business_associate" in roles

    def _in_force(self) -> Iterable[Agreement]:
        for name in self.request.agreements:
            agreement = self.world.agreements[name]
            if agreement.until is None or self.at < end_of(agreement.until, self.world.zone):
                yield agreement

    def agreed(self, kinds: frozenset[str], holders: frozenset[str], partners: frozenset[str]) -> list[Agreement]:
        """The agreements relied on and in force, of these kinds, between these."""
        return [
            agreement
            for agreement in self.agreements
            if agreement.kind in kinds and agreement.holder in holders and agreement.with_party in partners
        ]

    def serves(self, source: str) -> list[Agreement]:
        """The agreements by which the discloser serves the program that a record is from."""
        made_by = self.world.program_of.get(source)
        served = self.world.lines[source] if made_by is None else frozenset({source, made_by})
        return self.agreed(SERVICE_AGREEMENTS, served, self.discloser_line)

    def form(self, consent: str | None) -> Form | None:
        """The consent of that name, if the request has it."""
        return next((form for form in self.forms if form.consent.id == consent), None)

    def deceased(self) -> bool:
        """§2.15(b): died on or before the day of the disclosure."""
        died = self.patient.died
        return died is not None and start_of(died, self.world.zone) <= self.at

    def minor(self) -> bool:
        """Under 18 now. Somebody whose birth date is unknown counts as a minor: the safe side of §2.14."""
        born = self.patient.born
        return born is None or self.at < start_of(birthday(born, ADULT_AT), self.world.zone)

    def recipient_is_program(self) -> bool:
        return self.request.recipient in self.world.programs


class Matter:
    """An item as the rules see it in one `place`: a world and a discloser. `principal`: in whose name that one acts.

    `as_qso`: the discloser holds it as QSO and stands in the program's place (§2.11, §2.12(c)(4)).
    `plain`: the discloser's own, needed, and no counseling note.
    """

    __slots__ = (
        "as_qso",
        "cls",
        "held_under",
        "id",
        "item",
        "kind",
        "note",
        "own",
        "place",
        "plain",
        "principal",
        "source",
    )

    def __init__(self, facts: Facts, item: Item) -> None:
        request = facts.request
        self.item = item
        self.id = item.id
        self.held_under = item.held_under
        self.place = (facts.world, request.discloser)
        self.principal = request.discloser
        self.own = self.as_qso = self.note = False
        source = item.source
        self.source = source = request.discloser if source is None else source
        cls = item.information
        if cls == COUNSELING_NOTES and not item.kept_apart:
            cls = "summary"  # §2.11: only notes separated from the rest of the record are counseling notes
        self.cls = cls
        if source == UNKNOWN_SOURCE or cls not in CLASSES:
            self.kind = UNCLASSIFIED
        elif item.identifies == "nobody":
            self.kind = FREE
        elif (
            item.identifies == "person"
            or item.exempt in EXEMPTIONS
            or not (facts.from_program or source in facts.world.program_of)
        ):
            self.kind = OTHER
        else:
            self.kind = RECORD
            self.note = cls == COUNSELING_NOTES
            self._whose(facts)
        self.plain = self.own and item.needed and not self.note

    def _whose(self, facts: Facts) -> None:
        """Is the record the program's own, or the QSO's in its program's place (FORMAT.md section 2)?

        Whoever serves the program otherwise than by a service of §2.11 is no QSO, whatever the agreement is called.
        """
        made_by = facts.world.program_of.get(self.source)
        if facts.from_program and (made_by == facts.program or self.held_under in {"ordinary", "patient"}):
            self.own = True
        elif self.held_under == "qsoa":
            agreement = next((each for each in facts.serves(self.source) if each.service in QSO_SERVICES), None)
            if agreement is not None:
                self.own = self.as_qso = True
                self.principal = agreement.holder


def matter_of(item: Item, facts: Facts) -> Matter:
    """The item in the hands of the discloser, read and kept on the item, unless it hangs on an agreement."""
    matter = Matter(facts, item)
    if matter.held_under != "qsoa":
        object.__setattr__(item, "compiled", matter)
    return matter
