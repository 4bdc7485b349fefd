"""A question: what the engine is asked. Frozen values, no behaviour; the answer is `policies.answer`.

The vocabulary is that of `tests/cases/FORMAT.md`, sections 1, 2, 3 and 5, word for word; defaults are those
given there. Instants are timezone-aware datetimes, kept in UTC; dates are calendar days in the county's zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from policies.answer import Decision, ItemDecision, LayerVerdict
from policies.vocabulary import COMPLETE_RECORD
from policies.world import Agreement, Party, World

__all__ = [
    "Agreement",
    "AsWritten",
    "Consent",
    "CourtOrder",
    "Decision",
    "Emergency",
    "Event",
    "Item",
    "ItemDecision",
    "LayerVerdict",
    "Party",
    "Patient",
    "PersonAt",
    "Registry",
    "Request",
    "Restriction",
    "Revocation",
    "Supervision",
    "World",
]


def _utc(owner: object, *fields: str) -> None:
    """Keep the instants of a frozen value in UTC; a naive one is no instant. Raises ValueError."""
    for name in fields:
        value = getattr(owner, name)
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise ValueError(f"{name} needs an offset from UTC")
            if value.tzinfo is not UTC:
                try:
                    object.__setattr__(owner, name, value.astimezone(UTC))
                except OverflowError:
                    raise ValueError(f"{name} lies outside the calendar") from None


@dataclass(frozen=True, slots=True)
class Patient:
    id: str
    born: date | None = None
    died: date | None = None
    adjudicated: bool = False
    representative: str | None = None
    agents: frozenset[str] = frozenset()
    parents: frozenset[str] = frozenset()
    removed: bool = False
    plans: frozenset[str] = frozenset()
    payers: frozenset[str] = frozenset()
    programs: frozenset[str] = frozenset()
    treating_providers: frozenset[str] = frozenset()
    medi_cal: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One part of the packet. `source` None is the discloser; "unknown" is unknown."""

    id: str
    information: str = "summary"
    source: str | None = None
    held_under: str | None = None
    received: datetime | None = None
    identifies: str = "sud_patient"
    exempt: str | None = None
    needed: bool = True
    kept_apart: bool = True
    originator: str | None = None
    made: date | None = None
    compiled: Any = field(default=None, init=False, repr=False, compare=False)
    """What it is in the hands of one discloser, kept by the engine after the first decision."""

    def __post_init__(self) -> None:
        _utc(self, "received")


class Event(NamedTuple):
    """The end of a consent, or the start of its revocability, by an event."""

    name: str


class AsWritten(NamedTuple):
    """A recipient written by name only, to be matched."""

    name: str


class PersonAt(NamedTuple):
    """A recipient named as a person at a place of work."""

    person: str
    at: str


@dataclass(frozen=True, slots=True)
class Revocation:
    """`as_to` None: as to all."""

    at: datetime
    how: str = "written"
    as_to: frozenset[str] | None = None

    def __post_init__(self) -> None:
        _utc(self, "at")


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent on file, field by field as the form states it (§2.31). None: the form leaves it blank.

    `patient` is a patient's id, and so is the patient in `signed_by`; `expires` is a date (good to its
    end), an instant, an Event or "none".
    """

    id: str
    kind: str
    patient: str | None = None
    discloser: tuple[str, ...] | None = None
    information: frozenset[str] | None = None
    recipients: tuple[str | AsWritten | PersonAt, ...] | None = None
    intermediary: str | None = None
    participants: frozenset[str] | str | None = None
    states_redisclosure_rule: bool = False
    purposes: frozenset[str] | None = None
    patient_initiated: bool = False
    states_fundraising_opt_out: bool = False
    states_right_to_revoke: bool = False
    states_how_to_revoke: bool = False
    expires: date | datetime | Event | str | None = None
    signed_by: frozenset[str] | None = None
    signature: str | None = None
    signed_on: date | None = None
    signed_at: datetime | None = None
    states_redisclosure_risk: bool = False
    states_refusal_consequences: bool = False
    written: bool = True
    verified: bool = True
    revoked: tuple[Revocation, ...] = ()
    conditioned: bool = False
    onward: frozenset[str] = frozenset()
    revocable_from: date | Event | str | None = None
    states_period: bool = False
    form: str | None = None
    language: str | None = None
    compiled: Any = field(default=None, init=False, repr=False, compare=False)
    """What depends on the form alone, kept by the engine after the first decision."""

    def __post_init__(self) -> None:
        _utc(self, "expires", "signed_at")


@dataclass(frozen=True, slots=True)
class Restriction:
    """A limit the patient asked for (§2.26). `against` None: the recipient. COMPLETE_RECORD: everything."""

    against: frozenset[str] | None = None
    information: frozenset[str] = frozenset({COMPLETE_RECORD})
    agreed: bool = True
    paid_in_full: bool = False
    ended: datetime | None = None
    ended_by: str = "patient"

    def __post_init__(self) -> None:
        _utc(self, "ended")


@dataclass(frozen=True, slots=True)
class Emergency:
    """§2.51. Who determined it and whether consent could be had are facts a person states."""

    kind: str = "medical"
    determined_by: str = "clinician"
    consent: str = "unobtainable"
    nature: str | None = None


@dataclass(frozen=True, slots=True)
class CourtOrder:
    """An order of subpart E, or "other". `holder` None: the discloser; `recipients` None: the recipient."""

    section: str
    holder: str | None = None
    recipients: frozenset[str] | None = None
    information: frozenset[str] = frozenset({COMPLETE_RECORD})
    finding: str | None = None
    expires: datetime | None = None

    def __post_init__(self) -> None:
        _utc(self, "expires")


@dataclass(frozen=True, slots=True)
class Supervision:
    """§2.35(a): participation is a condition of the disposition; the recipient has a duty to monitor it."""

    condition: bool
    monitors: bool


@dataclass(frozen=True, slots=True)
class Registry:
    """§2.34(a): what happened, and how many miles the recipient is away."""

    trigger: str
    miles: float


@dataclass(frozen=True, slots=True)
class Request:
    """May this discloser give this packet to this recipient, for this purpose, at this instant?

    `relationship` None: derived from the patient's treating providers. `agreements`: ids in the world.
    `county_pack`: id of a pack in `policies.county.packs`, if the county has stricter rules of its own.
    """

    world: World
    patient: Patient
    at: datetime
    discloser: str
    recipient: str
    purpose: str
    packet: tuple[Item, ...]
    consents: tuple[Consent, ...] = ()
    relationship: str | None = None
    agreements: tuple[str, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    events: Mapping[str, datetime | str] = field(default_factory=dict)
    by: str = "ehr"
    through: str | None = None
    identity: str = "verified"
    notice: str = "full"
    consent_copy: bool = True
    sud_duty: bool = True
    service: str = "counseling"
    calaim: bool = False
    emergency: Emergency | None = None
    demand: str | None = None
    order: CourtOrder | None = None
    against: str = "patient"
    supervision: Supervision | None = None
    registry: Registry | None = None
    findings: frozenset[str] = frozenset()
    crime: str | None = None
    county_pack: str | None = None

    def __post_init__(self) -> None:
        _utc(self, "at")
