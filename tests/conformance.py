"""The conformance page: which requirement of which standard was shown by which test of this run, and how it ended.

`tests/conformance.yaml` names standards with their versions, requirements, and the tests that show each. A requirement
whose test did not run is said to be not shown, never to be met; a name that fits no test fails `tests/architecture`.
With `--conformance FILE` a run writes the page; `make test` does.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import jinja2
import pytest
import yaml

LIST = Path(__file__).with_name("conformance.yaml")
PAGE = Path(__file__).with_name("conformance.html")
OPTION = "--conformance"


class Requirement(NamedTuple):
    """One line of the page; `tests` are patterns of test names, `file::name` with `*`."""

    standard: str
    version: str
    says: str
    tests: tuple[str, ...]


def requirements() -> Iterator[Requirement]:
    """All of them, in the order of the list."""
    for standard in yaml.safe_load(LIST.read_text(encoding="utf-8")):
        for says, tests in standard["requirements"].items():
            shown = (tests,) if isinstance(tests, str) else tuple(tests)
            yield Requirement(standard["standard"], str(standard["version"]), says, shown)


def fits(pattern: str, test: str) -> bool:
    """Whether the pattern names this test; what a parameter added to its name does not count."""
    return fnmatchcase(test.partition("[")[0], pattern)


class Conformance:
    """Collects how tests ended, and writes the page at the end of the run."""

    def __init__(self, page: Path) -> None:
        self._page = page
        self._ended: dict[str, str] = {}

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test is as good as the worst of its phases and parameters."""
        name, worst = report.nodeid.partition("[")[0], {"passed": 0, "skipped": 1, "failed": 2}
        if report.when == "call" or report.outcome != "passed":
            before = self._ended.get(name, "passed")
            self._ended[name] = max(before, report.outcome, key=lambda outcome: worst[outcome])

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        self._page.parent.mkdir(parents=True, exist_ok=True)
        self._page.write_text(page(self._ended, datetime.now(UTC)), encoding="utf-8")


def page(ended: Mapping[str, str], at: datetime) -> str:
    """The page as HTML: a line a requirement, under its standard."""
    lines = []
    for each in requirements():
        tests = {test: how for test, how in ended.items() if any(fits(pattern, test) for pattern in each.tests)}
        lines.append((each, _outcome(tests), [_in_words(test) for test in tests]))
    met = sum(1 for _, outcome, _ in lines if outcome == "passed")
    template = jinja2.Environment(autoescape=True).from_string(PAGE.read_text(encoding="utf-8"))
    return template.render(lines=lines, met=met, at=at)


def _outcome(tests: Mapping[str, str]) -> str:
    for outcome in ("failed", "skipped"):
        if outcome in tests.values():
            return outcome
    return "passed" if tests else "not run"


def _in_words(test: str) -> str:
    return test.rpartition("::")[2].removeprefix("test_").replace("_", " ")
