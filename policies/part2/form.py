"""A consent, read once: what its form says by itself, whoever asks and whenever (§2.31).

Everything here depends on the consent and the parties alone; it is kept on the consent, because the same consent is
tested for every packet.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from policies.days import FOREVER, day_of, end_of, start_of
from policies.model import AsWritten, Consent, Event, PersonAt
from policies.part2.elements import combined, missing, unmodelled
from policies.permit import Permit
from policies.vocabulary import (
    ANY_AND_ALL,
    AT_PATIENT_REQUEST,
    BASE_PURPOSES,
    CLASSES,
    COMPLETE_RECORD,
    CONSENT_PURPOSES,
    COUNSELING_NOTES,
    PROCEEDINGS,
    PSYCHOTHERAPY_NOTES,
    RECIPIENT_CLASSES,
    TREATING_PROGRAMS,
    WITHOUT_NOTES,
)
from policies.world import World

NOTICE_AND_COPY: Final = frozenset({"notice", "consent_copy"})
LAWS: Final = {
    "tpo": ("2.33(a)(2)", "2.31"),
    "intermediary": ("2.33(a)(1)", "2.31(a)(4)(ii)"),
    "counseling_notes": ("2.33(a)(1)", "2.31(b)"),
    "proceeding": ("2.33(a)(1)", "2.31(d)"),
    "criminal_justice": ("2.33(a)(1)", "2.35"),
    "registry": ("2.33(a)(1)", "2.34"),
}
ORDINARY: Final = ("2.33(a)(1)", "2.31")
CAREFUL: Final = frozenset({COUNSELING_NOTES, PSYCHOTHERAPY_NOTES})
"""Classes for which it is not enough that a form lists them (§2.31(b), 164.508)."""
ON_REQUEST: Final = CONSENT_PURPOSES - PROCEEDINGS - {"supervision", "dual_enrollment"}


class Form:
    """A consent in the shape in which it is compared. Sets of parties, classes and base purposes.

    `steady`: in force from `since` until before `until`, whatever else happens. `everyday`: of no kind that asks for
    more. `carried`: the classes for which it is enough that they are listed.
    """

    __slots__ = (
        "ambiguous",
        "authorization",
        "beside",
        "carried",
        "classes",
        "consent",
        "discloser_class",
        "disclosers",
        "dubious",
        "end",
        "event",
        "everyday",
        "face",
        "kind",
        "listed",
        "only_notes",
        "oral",
        "parties",
        "patient",
        "people",
        "permit",
        "purposes",
        "signed_from",
        "signed_on",
        "signers",
        "since",
        "steady",
        "until",
        "world",
    )

    def __init__(self, consent: Consent, world: World) -> None:
        self.consent = consent
        self.world = world
        self.kind = consent.kind
        self.patient = consent.patient
        self.signers = consent.signed_by or frozenset[str]()
        self.signed_on = consent.signed_on or date.min
        information = consent.information or frozenset()
        self.listed = shared(_classes(information))
        self.beside = COUNSELING_NOTES in information and len(information) > 1
        self.only_notes = information == {COUNSELING_NOTES}
        self.carried = shared(frozenset() if self.kind == "counseling_notes" else self.listed - CAREFUL)
        self.everyday = consent.kind not in {"counseling_notes", "general"} and consent.form is None and consent.written
        waits = consent.kind == "proceeding" or self.beside
        laws = LAWS.get(consent.kind, ORDINARY)
        self.permit = Permit("consent", laws, waits, consent.id, consent.kind, NOTICE_AND_COPY)
        self.authorization = Permit("consent", ("164.508",), waits, consent.id, consent.kind)
        self.purposes = shared(_purposes(consent))
        self.disclosers = shared(frozenset(consent.discloser or ()) - {TREATING_PROGRAMS})
        self.discloser_class = TREATING_PROGRAMS in (consent.discloser or ())
        self._recipients(consent.recipients or ())
        self.oral = any(revocation.how == "oral" for revocation in consent.revoked)
        self._times(consent, world)
        self.face = (*unmodelled(consent), *missing(consent, world), *combined(consent))

    def _recipients(self, recipients: Iterable[str | AsWritten | PersonAt]) -> None:
        """§2.31(a)(4): parties and classes by name; a name in writing counts if exactly one party has it."""
        parties: set[str] = set()
        ambiguous: set[str] = set()
        people: list[PersonAt] = []
        for entry in recipients:
            if isinstance(entry, AsWritten):
                namesakes = self.world.by_name.get(entry.name, ())
                (parties if len(namesakes) == 1 else ambiguous).update(namesakes)
            elif isinstance(entry, PersonAt):
                people.append(entry)
            else:
                parties.add(entry)
        self.classes = shared(frozenset(parties & RECIPIENT_CLASSES))
        self.parties = shared(frozenset(parties - RECIPIENT_CLASSES))
        self.ambiguous = shared(frozenset(ambiguous))
        self.people = tuple(people)

    def _times(self, consent: Consent, world: World) -> None:
        """§2.31(a)(7), (9): the instant it ends, the instant its day of signing begins, and what cannot be so."""
        ends = consent.expires
        self.event = ends.name if isinstance(ends, Event) else None
        self.end: datetime | None = None
        if isinstance(ends, datetime):
            self.end = ends
        elif isinstance(ends, date):
            self.end = end_of(ends, world.zone)
        signed_on, signed_at = consent.signed_on, consent.signed_at
        self.signed_from = None if signed_on is None else start_of(signed_on, world.zone)
        other_day = signed_on and signed_at and day_of(signed_at, world.zone) != signed_on
        self.dubious = consent.signature == "doubtful" or bool(other_day)
        self.steady = not self.dubious and self.event is None and not consent.revoked
        self.since = signed_at or self.signed_from or FOREVER
        self.until = self.end or FOREVER


@lru_cache(maxsize=4096)
def shared(words: frozenset[str]) -> frozenset[str]:
    """The one set of these words for all forms: a county's consents say the same few things."""
    return words


def form_of(consent: Consent, world: World) -> Form:
    """The consent as read in this world, kept on the consent for the next decision."""
    form = Form(consent, world)
    object.__setattr__(consent, "compiled", form)
    return form


def _classes(information: frozenset[str]) -> frozenset[str]:
    """§2.31(a)(3): the complete record never means the notes that need a consent of their own."""
    listed = information & CLASSES
    if ANY_AND_ALL in information:
        listed = CLASSES
    elif COMPLETE_RECORD in information:
        listed |= WITHOUT_NOTES
    return listed


def _purposes(consent: Consent) -> frozenset[str]:
    """§2.31(a)(5). A TPO consent may not authorize another purpose, whatever it lists (§2.33(a)(2))."""
    listed = consent.purposes or frozenset()
    if AT_PATIENT_REQUEST in listed:
        listed = ON_REQUEST
    return listed & BASE_PURPOSES if consent.kind == "tpo" else listed
