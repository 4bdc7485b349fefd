"""The decision: an item goes if some rule permits it, no rule prohibits it, and no rule failed to run.

`decide` is pure: the same request and rules give the same answer, whoever asks and whenever. It never raises for
what a request says; what it cannot decide it denies, and names what failed.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from policies.codes import HOLDS, REASONS
from policies.facts import Facts, Kind, Matter
from policies.findings import NOTHING, Permit, PermitJudge, Permitting, Prohibiting, ProhibitJudge, Reasons, RuleBook
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


def decide(request: Request, rules: RuleBook = RULES) -> Decision:
    """Decide every item of the packet for one recipient, one purpose and one instant (§2.13(a)).

    Returns a Decision; `failed` names rules that raised, or "request" if the facts contradict the world.
    """
    if request.purpose not in PURPOSES:
        return _deny(request, NOT_MODELLED, (), rules)
    try:
        facts = Facts(request)
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
            reasons for item in decision.items
            if (reasons := tuple(code for code in item.reasons if REASONS[code].layer == layer))
        ]
        outcome = "permit" if not held else "deny" if len(held) == len(decision.items) else "partial"
        found.append(LayerVerdict(layer, outcome, _merge(held)))
    return tuple(found)


def _decide_packet(facts: Facts, rules: RuleBook) -> Decision:
    plan = rules.plan(facts.base)
    benches: dict[Kind, Bench] = {}
    duties: dict[tuple[Kind, int], Permit] = {}  # whose obligations are counted; keeps the permit alive
    items: list[ItemDecision] = []
    obligations: set[str] = set()
    consents: dict[str, None] = {}
    failed: list[str] = []
    for matter in facts.matters:
        bench = benches.get(matter.kind)
        if bench is None:
            kind = matter.kind
            bench = benches[kind] = _bench(facts, plan.permitting[kind], plan.prohibiting[kind])
            failed += bench.failed
        permit, reasons = _judge(matter, bench, failed)
        if permit is not None and not reasons:
            key = (matter.kind, id(permit))
            if key not in duties or facts.request.restrictions:
                duties[key] = permit
                obligations |= due(facts, matter, permit)
            if permit.consent is not None:
                consents[permit.consent] = None
            items.append(
                ItemDecision(matter.id, True, permit.waits, permit.rule, permit.consent, NOTHING, permit.laws),
            )
        else:
            obligations |= due_withheld(facts, reasons)
            items.append(_withheld(matter, reasons))
    return _conclude(items, obligations, tuple(consents), tuple(dict.fromkeys(failed)), rules)


def _bench(facts: Facts, permitting: tuple[Permitting, ...], prohibiting: tuple[Prohibiting, ...]) -> Bench:
    """Ask every rule whether it speaks here. A rule that raises denies the whole request: INVARIANT deny-by-default."""
    bench = Bench([], [], [])
    ready: tuple[tuple[tuple[Any, ...], list[Any]], ...] = (
        (permitting, bench.permitting), (prohibiting, bench.prohibiting),
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
            if isinstance(found, Permit):
                permit = permit or found
            elif found:
                lacking += found
        for rule, forbids in bench.prohibiting:  # noqa: B007
            stop = forbids(matter, permit)
            if stop:
                stops += stop
    except Exception:  # noqa: BLE001  # INVARIANT: deny-by-default
        failed.append(rule)
        return None, FAILED
    if permit is None:
        return None, _merge((stops, lacking)) or FAILED * bool(failed)
    return permit, stops and _merge((stops,))


def _withheld(matter: Matter, reasons: Reasons) -> ItemDecision:
    laws = tuple(dict.fromkeys(law for code in reasons for law in REASONS[code].laws))
    return ItemDecision(matter.id, False, not HOLDS.isdisjoint(reasons), None, None, reasons, laws)


def _conclude(
    items: list[ItemDecision], obligations: set[str], consents: tuple[str, ...], failed: tuple[str, ...],
    rules: RuleBook,
) -> Decision:
    going = sum([item.permitted for item in items])
    if not going:
        obligations |= REFUSAL
    outcome = "deny" if not going else "permit" if going == len(items) else "partial"
    hold = any([item.hold for item in items])  # noqa: C419  # half the time of a generator
    laws: dict[str, None] = {}
    last: tuple[str, ...] = ()
    for item in items:
        if item.laws is not last:
            last = item.laws
            laws.update(dict.fromkeys(last))
    reasons = NOTHING if going == len(items) else _merge(item.reasons for item in items)
    return Decision(
        outcome, hold, tuple(items), reasons, frozenset(obligations), tuple(laws), consents, failed, rules.edition,
    )


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
