"""Whom a consent reaches: by name, by class, by general designation (§2.31(a)(4), §2.11, §2.24)."""

from typing import Final

from policies.facts import Facts
from policies.part2.form import Form
from policies.vocabulary import TREATING_PARTICIPANTS

MILES: Final = 200
OUT: Final = ("scope.recipient",)


def unreached(facts: Facts, form: Form) -> tuple[str, ...]:
    """Why the consent does not reach the recipient; empty if it does. It reaches whoever belongs to a party it
    names; a consent for an intermediary reaches only the intermediary.
    """
    if form.kind == "intermediary":
        return () if form.consent.intermediary in facts.to else OUT
    if not form.parties.isdisjoint(facts.to):
        return ()
    recipient = facts.request.recipient
    if form.people and any(named.person == recipient and named.at in facts.to for named in form.people):
        return ()
    return unreached_by_class(facts, form)


def unreached_by_class(facts: Facts, form: Form) -> tuple[str, ...]:
    """The classes of §2.31(a)(4)(i), and why a name in writing did not settle who was meant."""
    classes, patient = form.classes, facts.patient
    if "health_plans" in classes and not patient.plans.isdisjoint(facts.to):
        return ()
    if "third_party_payers" in classes and not patient.payers.isdisjoint(facts.to):
        return ()
    if "programs_within_200_miles" in classes and near_program(facts):
        return ()
    found = list(OUT)
    if "treating_providers" in classes:
        treating = untreating(facts)
        if not treating:
            return ()
        found.extend(treating)
    moved = any(person.person == facts.request.recipient for person in form.people)
    if moved or not form.ambiguous.isdisjoint(facts.to):
        found.append("scope.recipient_ambiguous")
    return tuple(dict.fromkeys(found))


def untreating(facts: Facts) -> tuple[str, ...]:
    """§2.11: a provider with a treating provider relationship; empty if the recipient is one."""
    if "provider" not in facts.roles:
        return OUT
    if facts.treating:
        return ()
    asked = facts.relationship == "asked"
    if asked and facts.choices.asked_is_treating:
        return ()
    return ("scope.treating_relationship_pending" if asked else "scope.no_treating_relationship",)


def near_program(facts: Facts) -> bool:
    """§2.34(a): a part 2 program not more than 200 miles away."""
    registry = facts.request.registry
    return registry is not None and registry.miles <= MILES and facts.recipient_is_program()


def unreached_participant(facts: Facts, form: Form) -> tuple[str, ...]:
    """§2.24, §2.31(a)(4)(ii): what an intermediary may reach: its own participants, by name or as treating."""
    intermediary = facts.world.parties.get(form.consent.intermediary or "")
    if intermediary is None or intermediary.participants.isdisjoint(facts.to):
        return OUT
    participants = form.consent.participants
    if participants == TREATING_PARTICIPANTS:
        treating = untreating(facts)
        return tuple(dict.fromkeys(OUT + treating)) if treating else ()
    if isinstance(participants, frozenset) and not participants.isdisjoint(facts.to):
        return ()
    return OUT
