"""FORMAT.md read a second time, by another hand, agrees with the engine on the library and on cases changed at random.

Where the reading gives a reason the engine gives it too; the engine may say more. Who only transports (`through`) is
left out: the format says that no basis counts, the engine lets the basis stand and stops the item; nothing goes either
way.
"""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.casebook.questions import read_case
from hub.errors import Malformed
from policies.codes import HOLDS
from policies.kernel import decide
from tests.unit.policies.meridian import LIBRARY
from tests.unit.policies.mutated import CASES, CAST, TEMPLATES, mutated
from tests.unit.policies.second_reading import Reading


def both(case):
    """The engine's decision, and what the reading says; None if it is no case."""
    question = {name: value for name, value in case.items() if name != "expect"}
    try:
        request = read_case("mutated", question, LIBRARY.cast, LIBRARY.templates).request
    except Malformed:
        return None
    return decide(request), Reading(question, CAST, TEMPLATES, HOLDS).decide()


def assert_agree(decision, reading):
    outcome, hold, stays, due = reading
    assert (decision.outcome, decision.hold) == (outcome, hold)
    withheld = {} if outcome == "not_applicable" else decision.withheld
    assert withheld.keys() == stays.keys()
    for name, reasons in stays.items():
        assert reasons <= set(withheld[name])
    assert decision.obligations == due


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_both_answer_the_library_alike(case):
    decision, reading = both(case)
    if "through" in case:
        assert decision.outcome == reading[0]
    else:
        assert_agree(decision, reading)


@settings(max_examples=1500)
@given(st.integers(0, 2**32))
def test_both_answer_alike_what_nobody_wrote(seed):
    case = mutated(seed)
    found = both(case)
    assume(found is not None and "through" not in case)
    assert_agree(*found)


def test_the_changed_cases_are_of_every_outcome():
    outcomes = [found[0].outcome for seed in range(1500) if (found := both(mutated(seed))) is not None]
    assert len(outcomes) > 1000
    assert all(outcomes.count(outcome) > 15 for outcome in ("permit", "partial", "deny", "not_applicable"))
