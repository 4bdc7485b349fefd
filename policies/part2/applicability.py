"""What part 2 does not restrict, and what nobody has classified yet (§2.11, §2.12)."""

from typing import Final

from policies.facts import Facts
from policies.findings import Permit, PermitJudge, ProhibitJudge
from policies.vocabulary import THE_PATIENT

FREE: Final = Permit("de_identified", ("2.12(a)(1)", "164.514(b)"))


def her_own_act(facts: Facts) -> bool:
    """The patient hands over her own record; the bar of §2.12(d)(1) stays with whoever receives it."""
    return facts.request.discloser == THE_PATIENT


def veterans_care(facts: Facts) -> bool:
    """§2.12(c)(1): what veterans' care maintains is governed by 38 USC 7332; a person looks there."""
    veterans, matters = facts.world.veterans, facts.matters
    return bool(matters) and matters[0].source in veterans and all(matter.source in veterans for matter in matters)


def de_identified(_facts: Facts) -> PermitJudge:
    """§2.12(a)(1): what identifies nobody is not restricted, whoever receives it."""
    return lambda _: FREE


def unclassified(_facts: Facts) -> ProhibitJudge:
    """Nobody knows where it comes from; it may be a counseling note or another program's record."""
    return lambda _matter, _permit: ("unclassified",)
