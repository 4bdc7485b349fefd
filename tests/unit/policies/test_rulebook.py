"""The table that counsel reads says what the engine does."""

from functools import reduce
from importlib import import_module
from pathlib import Path

import pytest

from hub.casebook import read_library
from hub.casebook.table import table
from policies.choices import read_choices
from policies.kernel import decide
from policies.notices import FULL, SHORT, notice_in
from policies.rulebook import DOUBTS, ENTRIES, entry_of
from policies.rules import EDITIONS, chosen, named
from tests.unit.policies.meridian import ask

ROOT = Path(__file__).parents[3]
CASES = [case for cases in read_library(ROOT / "tests" / "cases").values() for case in cases]


def test_the_table_on_file_is_the_table_of_the_engine():
    assert (ROOT / "policies" / "part2" / "TABLE.md").read_text(encoding="utf-8") == table(CASES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.law}-{entry.function}")
def test_every_function_in_the_table_exists(entry):
    module, _, name = entry.function.rpartition(".")
    assert callable(getattr(import_module(f"policies.{module}"), name))


def test_every_rule_of_the_engine_is_in_the_table():
    listed = {entry.function for entry in ENTRIES}
    asked = [rule.ask for book in EDITIONS for rule in (*book.permitting, *book.prohibiting)]
    assert {f"{ask.__module__.removeprefix('policies.')}.{ask.__name__}" for ask in asked} <= listed


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_cites_a_paragraph_of_the_table(case):
    assert entry_of(case.law) is not None


def test_a_citation_is_not_taken_for_a_longer_number():
    assert entry_of("2.2(b)").law == "2.2"
    assert entry_of("2.23(a)").law == "2.23"
    assert entry_of("9.99") is None


def test_every_doubt_is_explained():
    numbers = {doubt.number for doubt in DOUBTS}
    assert {entry.doubt for entry in ENTRIES} - {""} <= numbers
    assert all(getattr_path(doubt.where) for doubt in DOUBTS if "." in doubt.where and "," not in doubt.where)


def getattr_path(path):
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            return reduce(getattr, parts[cut:], import_module(".".join(["policies", *parts[:cut]])))
        except ModuleNotFoundError:
            continue
    return None


def test_a_decision_names_the_rules_it_was_made_under_and_they_are_found_again_by_that_name():
    for choices in ("", "D1=permit,D10=permit"):
        book = chosen(read_choices(choices))
        found = named(decide(ask(), book).edition)
        assert (found.edition, found.choices, found.permitting) == (book.edition, book.choices, book.permitting)
    with pytest.raises(KeyError):
        named("52 FR 21796")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (FULL, "full"),
        ("Confidential.\n" + FULL.replace(" ", "\n"), "full"),
        (SHORT, "short"),
        ("42 CFR part 2 prohibits unauthorized disclosure of these records.", "obsolete"),
        ("See attached.", "none"),
    ],
)
def test_the_notice_is_recognized_by_its_words(text, found):
    assert notice_in(text) == found
