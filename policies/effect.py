"""The effect of one consent by itself, laid out flat: who may be told what, for what, and while what holds.

This is what a person is read before signing. It is written apart from the rules on purpose: the rules decide one
packet, this describes all of them, and a property test holds the two to the same answer on sampled requests.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from policies.california.minors import minor_alone
from policies.days import birthday, start_of
from policies.model import Consent, Event, Patient, PersonAt, Revocation
from policies.part2.form import Form, form_of
from policies.vocabulary import (
    AFTER_FINAL_DISPOSITION,
    COUNSELING_NOTES,
    PROCEEDINGS,
    SERVICES,
    THE_DIRECTOR,
)
from policies.world import World

ADULT_AT = 18
DUAL_ENROLLMENT = frozenset({"dual_enrollment"})
REGISTRY_CLASSES = frozenset({"demographics", "medications"})


class Grant(NamedTuple):
    """Every one of these classes, for every one of these base purposes."""

    purposes: frozenset[str]
    information: frozenset[str]


class Span(NamedTuple):
    """While the signature is good: from `start` until before `end` (None: open), about care of these `services`.

    `unable`: only while the patient is medically unable to act, and only for payment by a payer (§2.15(a)(2)).
    """

    start: datetime | None = None
    end: datetime | None = None
    services: frozenset[str] = SERVICES
    unable: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What the consent lets be told once it is verified. With `faults` it lets nothing be told.

    `recipients`, `people` and `classes`: parties by id, people at their place of work, classes of §2.31(a)(4)(i).
    `exchange`: the intermediary, which then is the only recipient. `end` None and `event` None: until revoked.
    """

    consent: str
    kind: str
    disclosers: tuple[str, ...]
    treating_programs: bool
    recipients: tuple[str, ...]
    people: tuple[PersonAt, ...]
    classes: frozenset[str]
    exchange: str | None
    participants: frozenset[str] | str | None
    grants: tuple[Grant, ...]
    start: datetime | None
    end: datetime | None
    event: str | None
    revoked: tuple[Revocation, ...]
    revocable_from: date | Event | str | None
    spans: tuple[Span, ...]
    waits: bool
    verified: bool
    faults: tuple[str, ...]


def effect_of(consent: Consent, patient: Patient, world: World) -> Effect:
    """Read a consent as if a person had verified it; whether one has stands in `verified`."""
    form = form_of(replace(consent, verified=True), world)
    signed = consent.signed_at or form.signed_from
    spans = signature_spans(consent, patient, world)
    return Effect(
        consent=consent.id,
        kind=consent.kind,
        disclosers=tuple(sorted(form.disclosers)),
        treating_programs=form.discloser_class,
        recipients=() if consent.kind == "intermediary" else tuple(sorted(form.parties)),
        people=() if consent.kind == "intermediary" else form.people,
        classes=frozenset() if consent.kind == "intermediary" else form.classes,
        exchange=consent.intermediary if consent.kind == "intermediary" else None,
        participants=consent.participants if consent.kind == "intermediary" else None,
        grants=_grants(form, patient),
        start=signed,
        end=form.end,
        event=form.event,
        revoked=consent.revoked,
        revocable_from=consent.revocable_from if consent.kind == "criminal_justice" else None,
        spans=spans,
        waits=form.permit.waits,
        verified=consent.verified,
        faults=_faults(form, patient, spans),
    )


def signature_spans(consent: Consent, patient: Patient, world: World) -> tuple[Span, ...]:
    """§2.14, §2.15: when, and about which care, those who signed had the authority to sign."""
    signers = consent.signed_by or frozenset()
    found = []
    died = None if patient.died is None else start_of(patient.died, world.zone)
    living = _living(consent, patient, signers, world)
    if living is not None:
        ends = [end for end in (living.end, died) if end is not None]
        found.append(living._replace(end=min(ends, default=None)))
    if died is not None and patient.representative in signers:
        found.append(Span(start=died))
    return tuple(found)


def _living(consent: Consent, patient: Patient, signers: frozenset[str], world: World) -> Span | None:
    born, signed_on = patient.born, consent.signed_on
    if signed_on is None:
        return None
    if born is None or signed_on < birthday(born, ADULT_AT):
        if patient.id not in signers:
            return None
        if signers.isdisjoint(patient.parents):
            alone = frozenset(service for service in SERVICES if minor_alone(born, signed_on, service))
            return Span(services=alone) if alone else None
        # A parent's signature carries until the patient is of age.
        return Span(end=None if born is None else start_of(birthday(born, ADULT_AT), world.zone))
    if (patient.representative if patient.adjudicated else patient.id) in signers:
        return Span()
    return Span(unable=True) if THE_DIRECTOR in signers and not patient.adjudicated else None


def _grants(form: Form, patient: Patient) -> tuple[Grant, ...]:
    consent = form.consent
    purposes = form.purposes
    if form.kind != "proceeding":
        purposes -= PROCEEDINGS  # §2.12(d)(1), §2.31(d)
    stated = consent.states_period and consent.revocable_from not in {None, AFTER_FINAL_DISPOSITION}
    if form.kind != "criminal_justice" or not stated:
        purposes -= {"supervision"}  # §2.35
    registry = purposes & DUAL_ENROLLMENT if form.kind == "registry" else frozenset[str]()  # §2.34
    information = _information(form, patient)
    grants = (Grant(purposes - DUAL_ENROLLMENT, information), Grant(registry, information & REGISTRY_CLASSES))
    return tuple(grant for grant in grants if grant.purposes and grant.information)


def _information(form: Form, patient: Patient) -> frozenset[str]:
    if form.kind == "counseling_notes":
        return frozenset({COUNSELING_NOTES}) if form.only_notes else frozenset()  # §2.31(b)
    listed = form.listed - {COUNSELING_NOTES}
    if patient.removed and not patient.parents.isdisjoint(form.consent.signed_by or ()):
        listed -= {"mental_health"}  # Cal. Civ. 56.106
    return listed


def _faults(form: Form, patient: Patient, spans: tuple[Span, ...]) -> tuple[str, ...]:
    consent = form.consent
    found = list(form.face)
    marks = (
        ("consent.unwritten", not consent.written),
        ("consent.general", consent.kind == "general"),
        ("consent.conditioned", consent.kind == "counseling_notes" and consent.conditioned),
        ("consent.false", form.dubious),
        ("scope.patient", consent.patient not in {None, patient.id}),
        ("california.form", consent.form == "ascmi_ab133" and not patient.medi_cal),
        ("consent.signer", not spans and bool(consent.signed_by) and consent.signed_on is not None),
    )
    found += [code for code, fault in marks if fault]
    return tuple(dict.fromkeys(found))
