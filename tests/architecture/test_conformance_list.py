"""The list behind the conformance page names tests that exist."""

import ast
from datetime import UTC, datetime

from tests.architecture.tree import ROOT
from tests.conformance import fits, page, requirements


def every_test() -> set[str]:
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        name = path.relative_to(ROOT).as_posix()
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found.add(f"{name}::{node.name}")
            if isinstance(node, ast.ClassDef):
                found.add(f"{name}::{node.name}::inherited")
                found |= {
                    f"{name}::{node.name}::{each.name}"
                    for each in node.body
                    if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
                }
    return found


def test_every_requirement_is_shown_by_a_test_that_exists() -> None:
    tests = every_test()
    assert tests
    lost = [
        f"{each.standard}: {each.says}: {pattern}"
        for each in requirements()
        for pattern in each.tests
        if not any(fits(pattern, test) for test in tests)
    ]
    assert lost == []


def test_a_requirement_whose_test_did_not_run_is_not_said_to_be_met() -> None:
    first = next(requirements())
    name = first.tests[0].replace("*", "x")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert "0 of " in page({}, at)
    assert "not run" in page({}, at)
    assert "1 of " in page({name: "passed"}, at)
    assert 'class="failed"' in page({name: "failed"}, at)
