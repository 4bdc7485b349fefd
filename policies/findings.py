"""What rules are and what they find.

A rule is one paragraph of the law. It is asked twice: once for the request ("do you speak here?", None if not),
then for each item. A permitting rule answers with a `Permit`, or abstains with the reasons why it does not permit;
a prohibiting rule is told the permit and answers with the reasons why the item stays all the same.
A missing permission never prohibits: a revoked consent must not block an emergency or a newer consent.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Final, NamedTuple

from policies.choices import SAFE, Choices
from policies.facts import CIRCUMSTANCES, Circumstances, Facts, Kind, Matter
from policies.permit import Permit

__all__ = [
    "NOTHING",
    "Closing",
    "Layer",
    "Permit",
    "PermitJudge",
    "Permitting",
    "ProhibitJudge",
    "Prohibiting",
    "Reasons",
    "RuleBook",
]

Reasons = tuple[str, ...]
NOTHING: Final[Reasons] = ()


PermitJudge = Callable[[Matter], Permit | Reasons]
ProhibitJudge = Callable[[Matter, Permit | None], Reasons]


class Layer(Enum):
    FEDERAL = "federal"
    CALIFORNIA = "california"
    COUNTY = "county"


@dataclass(frozen=True, slots=True, eq=False)
class Permitting:
    """A rule that may permit items of one kind.

    `purposes` None: whatever the base purpose. `needs`: the circumstance without which it is not even asked.
    """

    name: str
    law: str
    kind: Kind
    ask: Callable[[Facts], PermitJudge | None]
    purposes: frozenset[str] | None = None
    needs: str | None = None
    layer: Layer = Layer.FEDERAL
    rank: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Prohibiting:
    """A rule that may withhold items of the given kinds, whatever permits them."""

    name: str
    law: str
    kinds: frozenset[Kind]
    ask: Callable[[Facts], ProhibitJudge | None]
    purposes: frozenset[str] | None = None
    needs: str | None = None
    layer: Layer = Layer.FEDERAL


Closing = Callable[[Facts, Matter], Reasons]
"""Asked last, for items of any kind that nothing permitted: which basis was meant, and why there is none."""


class Plan(NamedTuple):
    """The rules that can speak for one purpose, by kind of item, permissions in the order of their rank."""

    permitting: dict[Kind, tuple[Permitting, ...]]
    prohibiting: dict[Kind, tuple[Prohibiting, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class RuleBook:
    """One edition of the rules. In force from `effective` on; a decision names the edition it was made under.

    `choices`: counsel's answers where the law leaves room; `edition` names those that are not the safe ones.
    """

    edition: str
    effective: date
    permitting: tuple[Permitting, ...] = ()
    prohibiting: tuple[Prohibiting, ...] = ()
    closing: Closing | None = None
    choices: Choices = SAFE
    _plans: dict[tuple[str, Circumstances], Plan] = field(default_factory=dict, init=False, repr=False)

    def plan(self, purpose: str, circumstances: Circumstances) -> Plan:
        """The rules that can speak for a base purpose in these circumstances; worked out once.

        The order in which rules were written is no matter.
        """
        key = (purpose, circumstances)
        plan = self._plans.get(key)
        if plan is None:
            present = {name for name, there in zip(CIRCUMSTANCES, circumstances, strict=True) if there}
            ranked = sorted(self.permitting, key=lambda rule: rule.rank)
            permitting = [rule for rule in ranked if _speaks(rule, purpose, present)]
            prohibiting = [rule for rule in self.prohibiting if _speaks(rule, purpose, present)]
            plan = self._plans[key] = Plan(
                {kind: tuple(rule for rule in permitting if rule.kind is kind) for kind in Kind},
                {kind: tuple(rule for rule in prohibiting if kind in rule.kinds) for kind in Kind},
            )
        return plan


def _speaks(rule: Permitting | Prohibiting, purpose: str, present: set[str]) -> bool:
    concerned = rule.purposes is None or purpose in rule.purposes
    return concerned and (rule.needs is None or rule.needs in present)
