"""Decisions in plain words, and what-ifs on stored facts: for a discloser's own people and for compliance.

Nothing here is written, and nothing leaves.
INVARIANT: no-existence-leak. A member whom the discloser has nothing to do with is nobody.
"""

from typing import Any, NamedTuple

from hub.context import Hub
from hub.decide import decide, nobody, question, record_of
from hub.decisions import Asked
from hub.errors import Malformed
from hub.manifest import ItemManifest
from hub.model import Frozen
from hub.storage import members, submissions
from hub.storage.facts import instant
from policies.codes import REASONS
from policies.explain import explain
from policies.findings import RuleBook
from policies.model import Decision, ItemDecision, Request
from policies.remedies import remedies
from policies.rules import named
from policies.vocabulary import CLASSES, PURPOSES, RELATIONSHIPS

LANGUAGES = ("en", "es")
SOMEBODY = {"en": "somebody outside of the directory", "es": "alguien fuera del directorio"}
"""A recipient who was told outside of the hub, and is in no directory."""


class WhatIf(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """May this discloser give these classes of information about this member to this recipient now?"""

    discloser: str
    recipient: str
    purpose: str
    member: str | None = None
    cin: str | None = None
    items: tuple[str, ...] = ("summary",)
    """Classes of information."""
    relationship: str | None = None
    language: str = "en"


async def what_if(hub: Hub, asked: WhatIf) -> dict[str, Any]:
    """Outcome, items, explanation and remedies. Raises `Malformed` naming the field."""
    _check(asked, frozenset((await hub.directory.current()).organizations))
    member = asked.member if asked.cin is None else await members.find_by_cin(hub, asked.cin)
    about = Asked(
        purpose=asked.purpose,
        items=tuple(ItemManifest(document="", title="", information=each) for each in asked.items),
        relationships={asked.recipient: asked.relationship} if asked.relationship else {},
    )
    return await foreseen(hub, about, Sides(asked.discloser, asked.recipient, member), asked.language)


class Sides(NamedTuple):
    """Who would disclose to whom about whom."""

    discloser: str
    recipient: str
    member: str | None
    told: bool = False
    """The discloser was told of the member here: whoever was has to do with them."""


async def foreseen(hub: Hub, asked: Asked, sides: Sides, language: str) -> dict[str, Any]:
    """The same for a question put together already, as of a packet that has not been handed in."""
    directory = await hub.directory.current()
    member = sides.member
    known = member is not None and (sides.told or await members.may_see(hub, sides.discloser, member))
    facts = await hub.facts.of(member if known else None)
    request = question(
        asked,
        facts,
        directory,
        discloser=sides.discloser,
        recipient=sides.recipient,
        at=hub.clock.now(),
        operator=hub.operator,
        county_pack=hub.county_pack,
    )
    rules = directory.rules_at(request.at)
    record = record_of(decide(request, rules), request, facts, directory)
    record = record if facts.member is not None else nobody(record)
    return {
        "outcome": record.outcome,
        "hold": record.hold,
        "lacks_consent": record.outcome == "deny" and not record.hold and record.lacks_only_consent,
        "items": [
            {"item": each.item, "information": given.information, "permitted": each.permitted, "hold": each.hold,
             "reasons": each.reasons, "laws": each.laws, "consent": each.consent}
            for each, given in zip(record.items, asked.items, strict=True)
        ],
        "obligations": record.obligations,
        **in_words(request, decision_of(record), language, rules),
    }  # fmt: skip


async def explained(hub: Hub, view: dict[str, Any], language: str = "en") -> dict[str, Any]:
    """A stored decision (as `hub.views.decision` gives it) in words under the rules it names, and today's remedies."""
    if language not in LANGUAGES:
        raise Malformed("Explanations are in en or es.", field="language")
    stored = await submissions.read(hub.database, view["submission"])
    assert stored is not None
    facts = await hub.facts.of(view["member"])
    directory = await hub.directory.current()
    request = question(
        stored.facts.asked,
        facts,
        directory,
        discloser=view["discloser"],
        recipient=view["recipient"],
        at=view["at"],
        by=view["by"],
        operator=hub.operator,
        county_pack=hub.county_pack,
        outsider=SOMEBODY[language],
    )
    rules = directory.rules_at(instant(hub.clock.now()))
    past = view["phase"] == "recorded"
    return view | in_words(request, decision_of(view), language, rules, made_under=named(view["edition"]), past=past)


def in_words(
    request: Request,
    decision: Decision,
    language: str,
    rules: RuleBook,
    *,
    made_under: RuleBook | None = None,
    past: bool = False,
) -> dict[str, Any]:
    """Sentences for every item, and what would let the withheld ones go. `made_under`: rules of an earlier day; `past`:
    all of it was disclosed, outside of the hub.
    """
    if any(reason not in REASONS for item in decision.items for reason in item.reasons):
        # A member nobody here has registered for this discloser: there is nothing to explain, or to mend.
        return {"explanation": [], "remedies": []}
    said = explain(request, decision, language, made_under or rules, past=past)
    return {
        "explanation": [{"item": each.item, "text": each.text} for each in said],
        "remedies": [{"text": each.text, "items": each.items} for each in remedies(request, decision, language, rules)],
    }


def decision_of(record: Any) -> Decision:
    """The policy's value again, from a `DecisionRecord` or its stored JSON."""
    items = tuple(
        ItemDecision(*(_value(item, name) for name in ItemDecision._fields)) for item in _value(record, "items")
    )
    given = {name: _value(record, name) for name in Decision._fields}
    return Decision(**given | {"items": items, "obligations": frozenset(given["obligations"])})


def _value(record: Any, name: str) -> Any:
    value = record[name] if isinstance(record, dict) else getattr(record, name)
    return tuple(value) if isinstance(value, list) else value  # JSON has no tuples


def _check(asked: WhatIf, organizations: frozenset[str]) -> None:
    for field in ("discloser", "recipient"):
        if getattr(asked, field) not in organizations:
            raise Malformed("No such organization in the directory.", field=field)
    if asked.purpose not in PURPOSES:
        raise Malformed(f"Unknown purpose; there are {', '.join(sorted(PURPOSES))}.", field="purpose")
    if not asked.items or not CLASSES.issuperset(asked.items):
        raise Malformed(f"Unknown class of information; there are {', '.join(sorted(CLASSES))}.", field="items")
    if asked.relationship is not None and asked.relationship not in RELATIONSHIPS:
        raise Malformed("A relationship is treating, accepted, asked or none.", field="relationship")
    if (asked.member is None) == (asked.cin is None):
        raise Malformed("Name the member by id or by CIN, one of them.", field="member")
    if asked.language not in LANGUAGES:
        raise Malformed("Explanations are in en or es.", field="language")
