"""The decision: an item goes if some rule permits it, no rule prohibits it, and no rule failed to run.

`decide` is pure: the same request and rules give the same answer, whoever asks and whenever. It never raises for
what a request says; what it cannot decide it denies, and names what failed.
"""

from functools import lru_cache
from typing import Any, Final

from policies.codes import HOLDS, LAWS, REASONS
from policies.facts import Facts, Kind, Matter
from policies.findings import (
    NOTHING,
    Closing,
    Permit,
    PermitJudge,
    Plan,
    ProhibitJudge,
    Reasons,
    RuleBook,
)
from policies.model import Decision, ItemDecision, LayerVerdict, Request
from policies.obligations import due, due_withheld
from policies.part2.applicability import her_own_act, veterans_care
from policies.rules import RULES
from policies.vocabulary import PURPOSES

Going = tuple[bool, bool, str | None, str | None, Reasons, tuple[str, ...]]
"""An ItemDecision but for the item."""
new = tuple.__new__  # the constructor of a named tuple without the argument handling, once for each item
REFUSAL: Final = frozenset({"generic_refusal"})
FAILED: Final = ("design.rule_failed",)
NOT_MODELLED: Final = ("design.not_modelled",)


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
    apart = bool(facts.request.restrictions)  # then what is due depends on the item, too
    kind: Kind | None = None
    last: Permit | Reasons | None = None
    going = STAYING
    for matter in facts.matters:
        if matter.kind is not kind:
            kind, last = matter.kind, None
            bench = benches.get(kind) or benches.setdefault(kind, Bench(facts, plan, kind, rules.closing, tally.failed))
        found = bench.judge(matter)
        if found is not last or apart or matter.as_qso:
            if apart or matter.as_qso or found not in bench.known:
                bench.known[found] = tally.settle(facts, matter, found)
            last, going = found, bench.known[found]
        items.append(new(ItemDecision, (matter.id,) + going))  # noqa: RUF005  # twice as fast as unpacking
    return tally.conclude(items, rules.edition)


class Bench:
    """The rules that have something to say about items of one kind in this request, ready to judge.

    `alone`: one permission speaks, and nothing stops what it permits. `known`: what was found so far, with what is
    decided about every item of which the same is found.
    """

    __slots__ = ("alone", "broken", "closing", "facts", "failed", "known", "permitting", "prohibiting")

    def __init__(self, facts: Facts, plan: Plan, kind: Kind, closing: Closing | None, failed: list[str]) -> None:
        before = len(failed)
        self.facts = facts
        self.failed = failed
        self.permitting: list[tuple[str, PermitJudge]] = _speaking(facts, plan.permitting[kind], failed)
        self.prohibiting: list[tuple[str, ProhibitJudge]] = _speaking(facts, plan.prohibiting[kind], failed)
        self.broken = FAILED if len(failed) > before else NOTHING
        self.alone = len(self.permitting) == 1 and not self.prohibiting and not self.broken
        self.closing = closing
        self.known: dict[Permit | Reasons, Going] = {}

    def judge(self, matter: Matter) -> Permit | Reasons:
        """The permission an item rests on, or why it stays. A rule that raises denies: INVARIANT deny-by-default."""
        permit: Permit | None = None
        lacking: Reasons = NOTHING
        stops: Reasons = self.broken
        rule = ""
        try:
            for rule, asks in self.permitting:  # noqa: B007  # named below if it raises
                found = asks(matter)
                if isinstance(found, Permit):
                    if self.alone:
                        return found
                    permit = permit or found
                elif found:
                    lacking += found
            for rule, forbids in self.prohibiting:  # noqa: B007
                stops += forbids(matter, permit)
            if permit is None and self.closing is not None:
                rule = "closing"
                lacking += self.closing(self.facts, matter)
        except Exception:  # noqa: BLE001  # INVARIANT: deny-by-default
            self.failed.append(rule)
            return FAILED
        if permit is None:
            return tuple(dict.fromkeys(stops + lacking))
        return tuple(dict.fromkeys(stops)) if stops else permit


class Tally:
    """What the items add up to: obligations, reasons, laws and consents, each once, in the order found."""

    __slots__ = ("consents", "failed", "goes", "hold", "laws", "obligations", "reasons", "stays")

    def __init__(self) -> None:
        self.obligations: set[str] = set()
        self.laws: dict[str, None] = {}
        self.consents: dict[str, None] = {}
        self.reasons: dict[str, None] = {}
        self.failed: list[str] = []
        self.goes = self.stays = self.hold = False

    def settle(self, facts: Facts, matter: Matter, found: Permit | Reasons) -> Going:
        """What is decided about every item of which this was found; it counts once."""
        if isinstance(found, Permit):
            self.goes = True
            going: Going = (True, found.waits, found.rule, found.consent, NOTHING, found.laws)
            self.obligations |= due(facts, matter, found)
            if found.consent is not None:
                self.consents[found.consent] = None
        else:
            self.stays = True
            going = _staying(found)
            self.obligations |= due_withheld(facts, matter, found)
            for reason in found:
                self.reasons[reason] = None
        self.hold = self.hold or going[1]
        for law in going[5]:
            self.laws[law] = None
        return going

    def conclude(self, items: list[ItemDecision], edition: str) -> Decision:
        """The whole answer."""
        if self.goes:
            outcome = "partial" if self.stays else "permit"
        else:
            outcome = "deny"  # an empty packet too: nothing permits what is not there
            self.obligations |= REFUSAL
        return Decision(
            outcome,
            self.hold,
            tuple(items),
            tuple(self.reasons),
            frozenset(self.obligations),
            tuple(self.laws),
            tuple(self.consents),
            tuple(dict.fromkeys(self.failed)),
            edition,
        )


def _speaking(facts: Facts, rules: tuple[Any, ...], failed: list[str]) -> list[tuple[str, Any]]:
    """Of these rules the ones that speak here, ready to judge. One that cannot be asked is never just skipped."""
    speaking = []
    for rule in rules:
        try:
            judge = rule.ask(facts)
        except Exception:  # noqa: BLE001  # INVARIANT: deny-by-default
            failed.append(rule.name)
        else:
            if judge is not None:
                speaking.append((rule.name, judge))
    return speaking


@lru_cache(maxsize=4096)
def _staying(reasons: Reasons) -> Going:
    """What is decided about every item that stays for these reasons."""
    laws = tuple(dict.fromkeys([law for code in reasons for law in LAWS[code]]))
    return (False, not HOLDS.isdisjoint(reasons), None, None, reasons, laws)


STAYING: Final = _staying(FAILED)


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
