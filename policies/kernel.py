"""The decision: an item goes if some rule permits it, no rule prohibits it, and no rule failed to run.

`decide` is pure: the same request and rules give the same answer, whoever asks and whenever. It never raises for
what a request says; what it cannot decide it denies, and names what failed.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from policies.codes import HOLDS, LAWS, REASONS
from policies.facts import Facts, Kind, Matter
from policies.findings import (
    NOTHING,
    Closing,
    Permit,
    PermitJudge,
    Permitting,
    Prohibiting,
    ProhibitJudge,
    Reasons,
    RuleBook,
)
from policies.model import Decision, ItemDecision, LayerVerdict, Request
from policies.obligations import due, due_withheld
from policies.part2.applicability import her_own_act, veterans_care
from policies.rules import RULES
from policies.vocabulary import PURPOSES

REFUSAL = frozenset({"generic_refusal"})
FAILED = ("design.rule_failed",)
NOT_MODELLED = ("design.not_modelled",)


class Bench(NamedTuple):
    """The rules that have something to say about items of one kind in this request, ready to judge."""

    permitting: list[tuple[str, PermitJudge]]
    prohibiting: list[tuple[str, ProhibitJudge]]
    failed: list[str]
    closing: Callable[[Matter], Reasons]


def decide(request: Request, rules: RuleBook = RULES) -> Decision:
    """Decide every item of the packet for one recipient, one purpose and one instant (§2.13(a)).

    Returns a Decision; `failed` names rules that raised, or "request" if the facts contradict the world.
    """
    if request.purpose not in PURPOSES:
        return _deny(request, NOT_MODELLED, (), rules)
    try:
        facts = Facts(request, rules.choices)
    except Exception:  # noqa: BLE001  # a question about unknown parties is denied, never a crash
        return _deny(request, FAILED, ("request",), rules)
    if her_own_act(facts):
        return _not_applicable(facts, rules, "2.12(d)(1)", hold=False)
    if veterans_care(facts):
        return _not_applicable(facts, rules, "2.12(c)(1)", hold=True)
    return _decide_packet(facts, rules)


def layers(decision: Decision) -> tuple[LayerVerdict, ...]:
    """What each layer of law says by itself; the decision denies what any of them denies."""
    found = []
    for layer in ("federal", "california", "county"):
        held = [
            reasons
            for item in decision.items
            if (reasons := tuple(code for code in item.reasons if REASONS[code].layer == layer))
        ]
        outcome = "permit" if not held else "deny" if len(held) == len(decision.items) else "partial"
        found.append(LayerVerdict(layer, outcome, _merge(held)))
    return tuple(found)


def _decide_packet(facts: Facts, rules: RuleBook) -> Decision:
    plan = rules.plan(facts.base, facts.circumstances())
    benches: dict[Kind, Bench] = {}
    items: list[ItemDecision] = []
    tally = Tally()
    limited = bool(facts.request.restrictions)
    last: tuple[Permit | None, Kind | None] = (None, None)
    for matter in facts.matters:
        kind = matter.kind
        bench = benches.get(kind)
        if bench is None:
            bench = benches[kind] = _bench(facts, plan.permitting[kind], plan.prohibiting[kind], rules.closing)
            tally.failed += bench.failed
        permit, reasons = _judge(matter, bench, tally.failed)
        if permit is not None and not reasons:
            if permit is not last[0] or kind is not last[1] or limited:
                last = (permit, kind)
                tally.goes(permit, due(facts, matter, permit))
            items.append(
                ItemDecision(matter.id, True, permit.waits, permit.rule, permit.consent, NOTHING, permit.laws),
            )
        else:
            item = _withheld(matter, reasons)
            items.append(item)
            tally.stays(item, due_withheld(facts, reasons))
    return _conclude(items, tally, rules)


class Tally:
    """What the items add up to: obligations, reasons, laws and consents, each once, in the order found."""

    __slots__ = ("consents", "failed", "hold", "laws", "obligations", "reasons", "withheld")

    def __init__(self) -> None:
        self.obligations: set[str] = set()
        self.laws: dict[str, None] = {}
        self.consents: dict[str, None] = {}
        self.reasons: dict[str, None] = {}
        self.failed: list[str] = []
        self.withheld = 0
        self.hold = False

    def goes(self, permit: Permit, obligations: frozenset[str]) -> None:
        self.obligations |= obligations
        self.hold = self.hold or permit.waits
        for law in permit.laws:
            self.laws[law] = None
        if permit.consent is not None:
            self.consents[permit.consent] = None

    def stays(self, item: ItemDecision, obligations: frozenset[str]) -> None:
        self.obligations |= obligations
        self.withheld += 1
        self.hold = self.hold or item.hold
        self.reasons.update(dict.fromkeys(item.reasons))
        self.laws.update(dict.fromkeys(item.laws))


def _bench(
    facts: Facts,
    permitting: tuple[Permitting, ...],
    prohibiting: tuple[Prohibiting, ...],
    closing: Closing | None,
) -> Bench:
    """Ask every rule whether it speaks here. One that raises denies the request: INVARIANT deny-by-default."""
    bench = Bench([], [], [], closing(facts) if closing else _silent)
    ready: tuple[tuple[tuple[Any, ...], list[Any]], ...] = (
        (permitting, bench.permitting),
        (prohibiting, bench.prohibiting),
    )
    for asked, speaking in ready:
        for rule in asked:
            try:
                judge: Callable[..., Any] | None = rule.ask(facts)
            except Exception:  # noqa: BLE001  # a rule that cannot be run denies; it is never skipped
                bench.failed.append(rule.name)
            else:
                if judge is not None:
                    speaking.append((rule.name, judge))
    return bench


def _judge(matter: Matter, bench: Bench, failed: list[str]) -> tuple[Permit | None, Reasons]:
    """What the rules find for one item: the first permit, and why the item stays if it does."""
    permit: Permit | None = None
    lacking: Reasons = NOTHING
    stops: Reasons = FAILED if bench.failed else NOTHING
    rule = ""
    try:
        for rule, asks in bench.permitting:  # noqa: B007  # named below if it raises
            found = asks(matter)
            if type(found) is Permit:
                permit = permit or found
            elif found:
                lacking += found  # type: ignore[operator]  # a Permit is no tuple of codes here
        for rule, forbids in bench.prohibiting:  # noqa: B007
            stop = forbids(matter, permit)
            if stop:
                stops += stop
        if permit is None:
            rule = "closing"
            lacking += bench.closing(matter)
    except Exception:  # noqa: BLE001  # INVARIANT: deny-by-default
        failed.append(rule)
        return None, FAILED
    if permit is None:
        return None, tuple(dict.fromkeys(stops + lacking))
    return permit, stops and tuple(dict.fromkeys(stops))


def _withheld(matter: Matter, reasons: Reasons) -> ItemDecision:
    return ItemDecision(matter.id, False, not HOLDS.isdisjoint(reasons), None, None, reasons, _laws_of(reasons))


@lru_cache(maxsize=4096)
def _laws_of(reasons: Reasons) -> tuple[str, ...]:
    return tuple(dict.fromkeys([law for code in reasons for law in LAWS[code]]))


def _conclude(items: list[ItemDecision], tally: Tally, rules: RuleBook) -> Decision:
    outcome = "permit"
    if tally.withheld == len(items):
        outcome = "deny"  # an empty packet too: nothing permits what is not there
        tally.obligations |= REFUSAL
    elif tally.withheld:
        outcome = "partial"
    return Decision(
        outcome,
        tally.hold,
        tuple(items),
        tuple(tally.reasons),
        frozenset(tally.obligations),
        tuple(tally.laws),
        tuple(tally.consents),
        tuple(dict.fromkeys(tally.failed)),
        rules.edition,
    )


def _silent(_matter: Matter) -> Reasons:
    return NOTHING


def _merge(groups: Any) -> Reasons:
    """All codes of all groups, each once, in the order in which they were found."""
    return tuple(dict.fromkeys(code for group in groups for code in group))


def _not_applicable(facts: Facts, rules: RuleBook, law: str, *, hold: bool) -> Decision:
    items = tuple(ItemDecision(m.id, False, hold, None, None, NOTHING, (law,)) for m in facts.matters)
    return Decision("not_applicable", hold, items, NOTHING, frozenset(), (law,), (), (), rules.edition)


def _deny(request: Request, reasons: Reasons, failed: tuple[str, ...], rules: RuleBook) -> Decision:
    """Deny the whole packet, for a person to look at."""
    laws = REASONS[reasons[0]].laws
    items = tuple(ItemDecision(i.id, False, True, None, None, reasons, laws) for i in request.packet)
    return Decision("deny", True, items, reasons, REFUSAL, laws, (), failed, rules.edition)
