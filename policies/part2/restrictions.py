"""Limits the patient asked for (§2.26, 164.522(a))."""

from policies.days import day_of
from policies.facts import Facts, Matter
from policies.findings import Permit, ProhibitJudge, Reasons
from policies.model import Restriction
from policies.part2.emergency import clinical_emergency
from policies.vocabulary import COMPLETE_RECORD


def restriction(facts: Facts) -> ProhibitJudge | None:
    """§2.26(a)(3), (6): what was agreed, or had to be; it gives way to emergency treatment only."""
    if clinical_emergency(facts):
        return None

    def judge(matter: Matter, _permit: Permit | None) -> Reasons:
        return binding(facts, matter)

    return judge


def binding(facts: Facts, matter: Matter) -> Reasons:
    """The reasons of every restriction in force that covers the item."""
    found: list[str] = []
    for limit in facts.request.restrictions:
        if covers(facts, limit, matter):
            forced = paid_to_plan(facts, limit)
            if limit.agreed and not ended(facts, limit, matter):
                found.append("restriction.agreed")
            if forced and not ended(facts, limit, matter):
                found.append("restriction.paid_in_full")
    return tuple(dict.fromkeys(found))


def covers(facts: Facts, limit: Restriction, matter: Matter) -> bool:
    against = limit.against is None or not limit.against.isdisjoint(facts.to)
    return against and (COMPLETE_RECORD in limit.information or matter.cls in limit.information)


def paid_to_plan(facts: Facts, limit: Restriction) -> bool:
    """§2.26(a)(6): a service paid for in full is kept from the health plan, for payment and operations."""
    return limit.paid_in_full and "health_plan" in facts.roles and facts.base in {"payment", "operations"}


def ended(facts: Facts, limit: Restriction, matter: Matter) -> bool:
    """§2.26(b): by the patient at once; by the program's notice for what is made later, never under (a)(6)."""
    if limit.ended is None or limit.ended > facts.at:
        return False
    if limit.ended_by == "patient":
        return True
    if limit.paid_in_full and "health_plan" in facts.roles:
        return False
    made = matter.item.made
    return made is not None and made >= day_of(limit.ended, facts.world.zone)


def gave_way(facts: Facts, matter: Matter) -> bool:
    """§2.26(a)(4): a restriction gave way to the emergency; the recipient is asked not to use it further."""
    return clinical_emergency(facts) and bool(binding(facts, matter))
