"""What a consent lacks or states weakly, element by element of §2.31, with what to do about each.

The checks are the engine's own (`policies.part2.elements`); here they are named before anything rests on the form.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from policies.codes import REASONS
from policies.days import birthday
from policies.effect import ADULT_AT, Effect, Span, effect_of
from policies.explain import cite
from policies.model import AsWritten, Consent, Patient
from policies.readback import SPOKEN
from policies.texts import LANGUAGES
from policies.vocabulary import COUNSELING_NOTES
from policies.world import World

NO_EVENTS: Mapping[str, datetime | str] = {}


class Shortcoming(NamedTuple):
    """`strength`: `missing` (the form is silent) or `weak` (it speaks, and that is not good enough)."""

    code: str
    strength: str
    law: str
    text: str
    mend: str


def shortcomings(
    consent: Consent,
    patient: Patient,
    world: World,
    *,
    at: datetime,
    events: Mapping[str, datetime | str] = NO_EVENTS,
    language: str = "en",
) -> tuple[Shortcoming, ...]:
    """Every missing or weak element as of `at`, in the order of §2.31(a); empty for a good form."""
    effect = effect_of(consent, patient, world)
    codes = [*_named_exactly(effect, consent, patient), *_weak(effect, consent, world, at, events)]
    if effect.spans and not any(_covers(span, at) for span in effect.spans):
        # The signature was good once: the patient has died since, or a parent signed for somebody of age by now.
        codes.append("minor.turned_adult" if patient.died is None else "death.representative")
    return tuple(_shortcoming(code, language) for code in dict.fromkeys(codes))


def _shortcoming(code: str, language: str) -> Shortcoming:
    strength = "missing" if code.startswith("consent.missing.") else "weak"
    law = ", ".join(map(cite, REASONS[code].laws))
    return Shortcoming(code, strength, law, LANGUAGES[language].reasons[code], SPOKEN[language].mends[code])


def _named_exactly(effect: Effect, consent: Consent, patient: Patient) -> list[str]:
    signer = _signer(consent, patient)
    return [signer if code == "consent.signer" else code for code in effect.faults]


def _covers(span: Span, at: datetime) -> bool:
    return (span.start is None or span.start <= at) and (span.end is None or at < span.end)


def _signer(consent: Consent, patient: Patient) -> str:
    """§2.14, §2.15: who should have signed."""
    signers = consent.signed_by or frozenset()
    minor = patient.born is None or (consent.signed_on or date.max) < birthday(patient.born, ADULT_AT)
    if patient.died is not None:
        return "death.representative"
    if minor:
        return "minor.parent_consent" if patient.id in signers else "minor.consent"
    return "capacity.representative" if patient.adjudicated else "consent.signer"


def _weak(
    effect: Effect, consent: Consent, world: World, at: datetime, events: Mapping[str, datetime | str]
) -> list[str]:
    information = consent.information or frozenset()
    written = [each.name for each in consent.recipients or () if isinstance(each, AsWritten)]
    exchanges = [party for party in effect.recipients if "intermediary" in world.roles.get(party, ())]
    event = None if effect.event is None else events.get(effect.event, "unknown")
    happened = isinstance(event, datetime) and event <= at
    marks = (
        ("scope.recipient_ambiguous", any(len(world.by_name.get(name, ())) != 1 for name in written)),
        ("consent.missing.participants", bool(exchanges)),
        ("consent.combined", COUNSELING_NOTES in information and len(information) > 1),
        ("consent.expired", happened or (effect.end is not None and effect.end <= at)),
        ("consent.expiry_unknown", event == "unknown"),
        ("consent.false", effect.start is not None and effect.start > at),
        ("consent.revoked", any(each.as_to is None for each in effect.revoked)),
    )
    return [code for code, weak in marks if weak]
