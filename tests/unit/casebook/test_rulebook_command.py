"""The rulebook that counsel reads and signs."""

import argparse
import re
from pathlib import Path

import pypdfium2
import pytest

from hub.casebook import read_library
from hub.casebook.rulebook import chapters, write_rulebook
from hub.cli.policy import add_parser
from policies.codes import REASONS
from policies.rulebook import DOUBTS, ENTRIES

ROOT = Path(__file__).parents[2] / "cases"
CASES = [case for cases in read_library(ROOT).values() for case in cases]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    page, paper = write_rulebook(tmp_path_factory.mktemp("book"), CASES)
    document = pypdfium2.PdfDocument(paper.read_bytes())
    printed = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    document.close()
    return page.read_text(encoding="utf-8"), printed


def test_every_case_is_shown_once_with_what_is_expected(book):
    page, _ = book
    for case in CASES:
        assert len(re.findall(rf"<td>{re.escape(case.name)}</td>", page)) == 1
    told = dict(pair for chapter in chapters(CASES) for pair in chapter.cases)
    assert told["counseling-notes-never-ride-on-a-tpo-consent"] == "deny (notes.separate_consent)."
    assert told["veterans-affairs-records-are-governed-elsewhere"] == "not_applicable and a person looks."


def test_every_paragraph_reason_and_open_question_is_in_the_book(book):
    page, _ = book
    assert all(f"  {entry.function}</h3>" in page for entry in ENTRIES)
    assert all(f"<td>{code}</td>" in page for code in REASONS)
    assert all(f"<td>{doubt.number}</td>" in page for doubt in DOUBTS)


def test_the_page_asks_nothing_of_the_outside(book):
    page, _ = book
    assert not re.search(r"<script|https?://|<link|<img", page)


def test_the_paper_ends_with_a_place_to_sign(book):
    _, printed = book
    assert "89 FR 12472" in printed[0]
    assert "Signature" in printed[-1]
    assert "counsel" in printed[-1]


def test_the_command_writes_both_and_says_where(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(required=True))
    out, none = str(tmp_path / "book"), str(tmp_path / "none")
    args = parser.parse_args(["policy", "rulebook", "--out", out, "--cases", none])
    assert args.run(args) == 0
    assert capsys.readouterr().out.split() == [f"{out}/rulebook.html", f"{out}/rulebook.pdf"]
    assert (tmp_path / "book" / "rulebook.pdf").read_bytes().startswith(b"%PDF")


def test_a_case_without_an_expectation_says_so():
    case = CASES[0]
    bare = type(case)(case.name, case.request, law=case.law)
    assert [cases for chapter in chapters([bare]) for cases in chapter.cases] == [(case.name, "no expectation.")]
