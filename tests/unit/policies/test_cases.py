"""Every public case, one test each: the library that counsel reviews decides whether the engine is right."""

from pathlib import Path

import pytest

from hub.casebook import read_library
from hub.casebook.verdict import differences
from policies.kernel import decide

LIBRARY = Path(__file__).parents[2] / "cases"
CASES = [case for cases in read_library(LIBRARY).values() for case in cases]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_engine_answers_as_counsel_expects(case):
    assert differences(case, decide(case.request)) == []


def test_the_library_is_not_empty():
    assert len(CASES) > 300
