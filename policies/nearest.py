"""Which of an item's reasons to say: those that decide, and those of the consent that comes nearest.

A decision keeps every reason of every consent (FORMAT.md section 6.5). A person is told less: what would stop the item
whatever is signed, then what the nearest consent lacks. Which reasons are whose is asked of the engine itself.
"""

from dataclasses import replace
from typing import NamedTuple

from policies.codes import HOLDS
from policies.findings import RuleBook
from policies.kernel import decide
from policies.model import Consent, Item, ItemDecision, Request
from policies.vocabulary import COUNSELING_NOTES

ELSEWHERE = frozenset({"scope.patient", "scope.discloser", "scope.recipient", "scope.purpose"})
"""A consent with one of these was meant for something else."""
_SCOPE = ("scope.discloser", "scope.recipient", "scope.purpose", "scope.information")
_TREATS = ("scope.no_treating_relationship", "scope.treating_relationship_pending", "scope.recipient_ambiguous")
SAID_BY: dict[str, tuple[str, ...]] = {
    "consent.missing.discloser": ("scope.discloser",),
    "consent.missing.recipient": ("scope.recipient",),
    "consent.missing.participants": ("scope.recipient",),
    "consent.missing.purpose": ("scope.purpose",),
    "consent.missing.information": ("scope.information",),
    "consent.missing.signature": ("consent.signer",),
    "scope.patient": ("consent.signer",),
    "notes.separate_consent": ("scope.information",),
    "notes.emergency": ("notes.separate_consent", "scope.information"),
    "hipaa.authorization": ("hipaa.relationship", "hipaa.no_contract"),
    "proceeding.barred": ("scope.purpose",),
    "proceeding.unclear": ("scope.purpose",),
    "justice.consent_kind": (*_SCOPE, *_TREATS, "justice.revocability"),
    "registry.consent_kind": (*_SCOPE, *_TREATS),
    "registry.distance": ("scope.recipient",),
    "registry.information": ("scope.information",),
} | dict.fromkeys(_TREATS, ("scope.recipient",))
"""Reason -> reasons that add nothing once it is said."""


class Said(NamedTuple):
    """`first`: reasons that no consent changes. `nearest`: id of the consent whose `lacks` are said, if any."""

    first: tuple[str, ...]
    nearest: str | None
    lacks: tuple[str, ...]


def to_be_said(request: Request, item: Item, decided: ItemDecision, rules: RuleBook) -> Said:
    """The reasons worth saying about a withheld item, in the order in which they are said.

    If the facts have changed since the decision and no longer explain it, every reason is said.
    """
    held = tuple(consent for consent in request.consents if consent.id == item.held_under)
    without = _reasons(request, item, held, rules)
    near: tuple[int, int, str, frozenset[str]] | None = None
    for consent in request.consents:
        if consent not in held and _concerns(consent, item):
            lacks = _reasons(request, item, (consent, *held), rules) - without
            nearness = len(lacks & ELSEWHERE), len(lacks), consent.id, lacks
            near = min(near or nearness, nearness, key=lambda each: each[:2])
    if near is not None and near[0] and _is_note(item):
        near = None  # notes consents for somebody else say nothing about this disclosure
    first = sorted((code for code in decided.reasons if code in without), key="consent.none".__eq__)
    lacking = [code for code in decided.reasons if near is not None and code in near[3]]
    if not first and not lacking:
        return Said(decided.reasons, None, ())
    return _brief(decided, first, lacking, near[2] if near is not None and lacking else None)


def _brief(decided: ItemDecision, first: list[str], lacking: list[str], nearest: str | None) -> Said:
    """Without what is said already; whatever makes a person look stays, wherever it comes from."""
    chosen = {*first, *lacking}
    if decided.hold and HOLDS.isdisjoint(chosen):
        first = [*first, *(code for code in decided.reasons if code in HOLDS)]
    known = {each for code in (*first, *lacking) for each in SAID_BY.get(code, ()) if each not in HOLDS}
    return Said(
        tuple(code for code in first if code not in known),
        nearest,
        tuple(code for code in lacking if code not in known),
    )


def _reasons(request: Request, item: Item, consents: tuple[Consent, ...], rules: RuleBook) -> frozenset[str]:
    return frozenset(decide(replace(request, packet=(item,), consents=consents), rules).reasons)


def _concerns(consent: Consent, item: Item) -> bool:
    """Counseling notes: only a consent that is for them, or speaks of them (§2.31(b))."""
    notes = consent.kind == "counseling_notes" or COUNSELING_NOTES in (consent.information or ())
    return notes or not _is_note(item)


def _is_note(item: Item) -> bool:
    return item.information == COUNSELING_NOTES and item.kept_apart
