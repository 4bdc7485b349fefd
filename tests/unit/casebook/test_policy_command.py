"""`part2hub policy check` and `policy test`, as counsel and a counselor run them."""

import argparse
import json
from pathlib import Path

import pytest

from hub.cli.policy import add_parser

ROOT = Path(__file__).parents[2] / "cases"
CASES = sum(path.read_text(encoding="utf-8").count("\n- case: ") for path in (ROOT / "cases").glob("*.yaml"))
KEYS = [
    "case",
    "outcome",
    "hold",
    "released",
    "withheld",
    "reasons",
    "obligations",
    "laws",
    "consents",
    "explanation",
    "remedies",
    "agrees",
]
QUESTION = """\
- case: may-i-tell-the-clinic
  at: 2026-03-02T10:00:00-08:00
  discloser: harbor
  recipient: valley-clinic
  purpose: treatment
  consents:
    release: {like: specific, signed_on: null}
"""


def run(*words):
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["policy", *map(str, words)])
    return args.run(args)


@pytest.fixture
def library(tmp_path):
    for name in ("cast.yaml", "templates.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "one.yaml").write_text(QUESTION, encoding="utf-8")
    return tmp_path


def test_the_public_library_agrees(capsys):
    assert run("test", ROOT) == 0
    assert capsys.readouterr().out == f"{CASES} cases, {CASES} agree, 0 differ\n"


def test_a_case_that_expects_nothing_is_not_counted_as_agreeing(library, capsys):
    assert run("test", library) == 0
    assert capsys.readouterr().out == "1 cases, 0 agree, 0 differ, 1 expect nothing\n"


def test_each_answer_is_one_json_object_on_one_line_and_nothing_else_is_printed(capsys):
    assert run("test", ROOT, "--json") == 0
    printed = capsys.readouterr()
    answers = [json.loads(line) for line in printed.out.splitlines()]
    assert len(answers) == CASES
    assert printed.err == ""
    assert all(list(answer) == KEYS for answer in answers)
    assert all(answer["agrees"] is True for answer in answers)


def test_a_counselor_reads_why_and_what_would_let_it_go(library, capsys):
    assert run("check", library / "cases" / "one.yaml") == 0
    assert (
        capsys.readouterr().out
        == """\
may-i-tell-the-clinic: DENY
  - "record" stays. The form is not dated. (§2.31(a)(9))
  Would let it go:
  - The consent "release" is completed and signed again: The form is not dated.
  - The patient signs a consent that names Valley Clinic, for treatment, and lists summary.
  Duties: generic_refusal

"""
    )


def test_the_same_in_spanish(library, capsys):
    assert run("check", library / "cases" / "one.yaml", "--json", "--lang", "es") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["explanation"] == ['"record" no sale. El formulario no tiene fecha. (§2.31(a)(9))']
    assert answer["agrees"] is None


def test_a_difference_is_printed_and_fails_the_run(library, capsys):
    expecting = QUESTION + "  expect: {outcome: permit}\n"
    (library / "cases" / "one.yaml").write_text(expecting, encoding="utf-8")
    assert run("test", library) == 1
    assert capsys.readouterr().out == (
        "one.yaml: may-i-tell-the-clinic\n    outcome is deny, expected permit\n1 cases, 0 agree, 1 differ\n"
    )
    assert run("check", library / "cases" / "one.yaml") == 0
    assert "Differs from what was expected: outcome is deny, expected permit" in capsys.readouterr().out


def test_what_was_expected_is_said_to_agree(library, capsys):
    expecting = QUESTION + "  expect: {outcome: deny, reason: consent.missing.date}\n"
    (library / "cases" / "one.yaml").write_text(expecting, encoding="utf-8")
    assert run("check", library / "cases" / "one.yaml") == 0
    assert "Agrees with what was expected." in capsys.readouterr().out


def test_a_question_for_another_law_withholds_nothing(library, capsys):
    veterans = QUESTION.replace("harbor", "va-clinic")
    (library / "cases" / "one.yaml").write_text(veterans, encoding="utf-8")
    assert run("check", library / "cases" / "one.yaml", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["outcome"], answer["hold"], answer["withheld"]) == ("not_applicable", True, {})


def test_a_typo_is_one_line_on_standard_error(library, capsys):
    (library / "cases" / "one.yaml").write_text(QUESTION.replace("treatment", "treatmnet"), encoding="utf-8")
    for command in (("check", library / "cases" / "one.yaml"), ("test", library)):
        assert run(*command, "--json") == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err == 'one.yaml: may-i-tell-the-clinic: purpose: unknown word "treatmnet"\n'
