"""What an entered consent comes to: what it lacks, and what it lets be told, in words. Nothing here is written.

For the people of an organization that records or discloses under it; the words name parties, never the patient.
"""

from typing import Any

from hub.context import Hub
from hub.errors import NotAvailable
from hub.storage import consents
from hub.storage.consent_form import ConsentForm
from hub.storage.denials import SHARE_NOTHING
from hub.storage.facts import Facts, instant
from policies.completeness import shortcomings
from policies.effect import effect_of
from policies.model import Consent, Event
from policies.readback import SPOKEN, read_back, read_denial
from policies.world import World

LANGUAGES = tuple(SPOKEN)


async def review(hub: Hub, member: str, consent: str) -> dict[str, Any]:
    """`in_force`, `lacks` (element by element) and `reads` (by language) of a consent on file, as of now.

    Raises `NotAvailable`.
    """
    view = await consents.show(hub, consent)
    world = (await hub.directory.current()).world
    if view["kind"] == SHARE_NOTHING:
        reads = {language: read_denial(view.get("recipients", ()), world, language) for language in LANGUAGES}
        return {"in_force": view["state"] != "entered_in_error", "lacks": [], "reads": reads}
    facts = await hub.facts.of(member)
    found = next((each for each in facts.consents if each.id == consent), None)
    if found is None:
        if view["state"] != "entered_in_error":
            raise NotAvailable
        return {"in_force": False, "lacks": [], "reads": {each: SPOKEN[each].frames["nothing"] for each in LANGUAGES}}
    return _reviewed(hub, found, facts, world)


async def preview(hub: Hub, member: str, form: ConsentForm) -> dict[str, Any]:
    """The same of a form that nobody has recorded. Raises `Malformed` naming the field, `NotAvailable`."""
    consent = await consents.policy_consent_of(hub, member, form)
    facts = await hub.facts.of(member)
    if isinstance(consent.expires, Event) and form.event_status == "not_yet":
        facts = facts._replace(events={**facts.events, consent.expires.name: "not_yet"})
    return _reviewed(hub, consent, facts, (await hub.directory.current()).world)


def _reviewed(hub: Hub, consent: Consent, facts: Facts, world: World) -> dict[str, Any]:
    at = instant(hub.clock.now())
    effect = effect_of(consent, facts.patient, world)
    faults = {
        language: shortcomings(consent, facts.patient, world, at=at, events=facts.events, language=language)
        for language in LANGUAGES
    }
    lacks = [
        {
            "code": each.code,
            "strength": each.strength,
            "law": each.law,
            "says": {language: faults[language][number].text for language in LANGUAGES},
            "do": {language: faults[language][number].mend for language in LANGUAGES},
        }
        for number, each in enumerate(faults["en"])
    ]
    stands = consent.verified and not effect.faults and all(each["code"] in _PARTLY for each in lacks)
    reads = {language: read_back(effect, world, language) for language in LANGUAGES}
    return {"in_force": stands, "lacks": lacks, "reads": reads}


_PARTLY = frozenset({"scope.recipient_ambiguous", "consent.missing.participants", "consent.combined"})
"""Weak as to one recipient or class; the rest of the form stands."""
