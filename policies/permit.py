"""A permission: what a rule finds when it lets an item go."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import final


@final
@dataclass(frozen=True, slots=True, eq=False)
class Permit:
    """A permission: the rule, its paragraphs, what it rests on, and the obligations it brings by itself.

    `consent`: id and kind of the consent it rests on. `waits`: a person must look before the item goes.
    """

    rule: str
    laws: tuple[str, ...]
    waits: bool = False
    consent: str | None = None
    consent_kind: str | None = None
    obligations: frozenset[str] = frozenset()


@lru_cache(maxsize=4096)
def cited(permit: Permit, laws: tuple[str, ...]) -> Permit:
    """The same permission by these paragraphs: one object for all items that rest on it."""
    return replace(permit, laws=laws)
