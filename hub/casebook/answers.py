"""An answer as the command line and the API give it: the keys of the case format's JSON, in their order."""

from hub.casebook.questions import Case
from hub.casebook.verdict import differences
from policies.explain import explain
from policies.findings import RuleBook
from policies.model import Decision
from policies.remedies import remedies
from policies.rules import RULES


def answer(case: Case, decision: Decision, language: str = "en", rules: RuleBook = RULES) -> dict[str, object]:
    """The answer as one JSON object. `agrees` is null for a case without an expectation."""
    return {
        "case": case.name,
        "outcome": decision.outcome,
        "hold": decision.hold,
        "released": list(decision.released),
        "withheld": {}
        if decision.outcome == "not_applicable"
        else {item: list(reasons) for item, reasons in decision.withheld.items()},
        "reasons": list(decision.reasons),
        "obligations": sorted(decision.obligations),
        "laws": list(decision.laws),
        "consents": list(decision.consents),
        "explanation": [said.text for said in explain(case.request, decision, language, rules)],
        "remedies": [remedy.text for remedy in remedies(case.request, decision, language, rules)],
        "agrees": None if case.expect is None else not differences(case, decision),
    }
