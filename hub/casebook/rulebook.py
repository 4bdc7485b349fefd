"""The rulebook: every rule by paragraph, its cases, versions and open questions, and a place to sign for counsel.

One content, laid out twice: HTML to read and search, PDF to print and sign. The same rules and cases give the same
book, byte for byte of its text; it carries no date but those of the editions.
"""

import html
from collections.abc import Iterable
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import NamedTuple

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from hub.casebook.questions import Case
from hub.casebook.table import cases_by_law
from policies.choices import SAFE, Choices
from policies.codes import REASONS
from policies.county.packs import PACKS
from policies.explain import cite
from policies.rulebook import DOUBT_HEAD, ENTRIES, doubt_rows
from policies.rules import EDITIONS, chosen

TITLE = "Part2 Hub: rulebook of the disclosure engine"
OPENING = (
    "What the engine decides, paragraph by paragraph: 42 CFR part 2 as amended by 89 FR 12472, the HIPAA permissions "
    "it leans on (45 CFR part 164), California's limits, and county packs. Not legal advice. An item goes if a rule "
    "permits it, no rule prohibits it, and no rule failed to run."
)
SIGN_OFF = ("Reviewed by (counsel, name and bar number)", "Date", "Signature", "Exceptions and conditions")
PLAIN = str.maketrans({"…": "...", "–": "-", "●": "*", "’": "'", "“": '"', "”": '"'})
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h1{font-size:1.7rem}h2{font-size:1.3rem;margin-top:2.5rem;border-bottom:2px solid #335}h3{font-size:1.05rem}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.3rem .5rem;text-align:left;
vertical-align:top}code{background:#f2f2f2}.doubt{background:#fff4d6;padding:.2rem .5rem}.sign td{height:2.6rem}
@media print{h3{break-after:avoid}}
"""


class Chapter(NamedTuple):
    """A rule as the book shows it."""

    heading: str
    says: str
    doc: str
    doubt: str
    cases: tuple[tuple[str, str], ...]


def write_rulebook(out: Path, cases: Iterable[Case], choices: Choices = SAFE) -> tuple[Path, Path]:
    """Write `rulebook.html` and `rulebook.pdf` into a directory, which is made if need be; their paths."""
    book = chapters(cases)
    out.mkdir(parents=True, exist_ok=True)
    page, paper = out / "rulebook.html", out / "rulebook.pdf"
    page.write_text(as_html(book, choices), encoding="utf-8")
    paper.write_bytes(as_pdf(book, choices))
    return page, paper


def chapters(cases: Iterable[Case]) -> list[Chapter]:
    """One chapter for each entry of the table, with what its function's own words say."""
    found = cases_by_law(cases)
    book = []
    shown: set[str] = set()
    for entry in ENTRIES:
        module, _, name = entry.function.rpartition(".")
        doc = getdoc(getattr(import_module(f"policies.{module}"), name)) or ""
        own = [] if entry.law in shown else found.get(entry.law, [])
        shown.add(entry.law)
        told = tuple((case.name, f"{expected(case)}. {case.why or ''}".strip()) for case in own)
        book.append(Chapter(f"{cite(entry.law)}  {entry.function}", entry.says, doc, entry.doubt, told))
    return book


def expected(case: Case) -> str:
    """What the author expects, in a few words."""
    expect = case.expect
    if expect is None:
        return "no expectation"
    because = expect.reason or ", ".join(f"{item}: {code}" for item, code in (expect.withhold or {}).items())
    words = (expect.outcome, f"({because})" if because else "", "and a person looks" if expect.hold else "")
    return " ".join(word for word in words if word)


def as_html(book: list[Chapter], choices: Choices = SAFE) -> str:
    """The book as one page without scripts or outside resources."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>{TITLE}</title>",
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{TITLE}</h1><p>{html.escape(OPENING)}</p>",
        "<h2>Editions</h2>",
        _table(("edition", "in force from"), edition_rows(choices)),
        "<h2>County packs</h2>",
        _table(PACK_HEAD, PACK_ROWS),
        _table(CONDITION_HEAD, CONDITION_ROWS),
        _table(QUESTION_HEAD, QUESTION_ROWS),
        "<h2>Rules by paragraph</h2>",
    ]
    for chapter in book:
        parts.append(f"<h3>{html.escape(chapter.heading)}</h3><p><strong>{html.escape(chapter.says)}.</strong></p>")
        parts.append(f"<p>{html.escape(chapter.doc)}</p>")
        if chapter.doubt:
            parts.append(f'<p class="doubt">Open question {chapter.doubt}</p>')
        if chapter.cases:
            parts.append(_table(("case", "expected"), chapter.cases))
    parts += [
        "<h2>Open questions</h2>",
        _table(OPEN_HEAD, doubt_rows(choices)),
        "<h2>Reasons</h2>",
        _table(("code", "law", "says", "a person looks"), REASON_ROWS),
        "<h2>Sign-off</h2>",
        f'<table class="sign">{"".join(f"<tr><th>{s}</th><td></td></tr>" for s in SIGN_OFF)}</table>',
        "</body></html>",
    ]
    return "\n".join(parts)


def as_pdf(book: list[Chapter], choices: Choices = SAFE) -> bytes:
    """The book on paper, numbered pages, the sign-off on a page of its own."""
    paper = Paper(format="Letter")
    paper.set_auto_page_break(auto=True, margin=18)
    paper.add_page()
    paper.line_of(TITLE, 18, bold=True)
    paper.line_of(OPENING, 11)
    paper.grid("Editions", ("edition", "in force from"), edition_rows(choices))
    paper.grid("County packs", PACK_HEAD, PACK_ROWS)
    paper.grid("What the packs ask", CONDITION_HEAD, CONDITION_ROWS, (2, 2, 6))
    paper.grid("What the packs leave open", QUESTION_HEAD, QUESTION_ROWS, (2, 2, 5, 5))
    paper.ln(4)
    paper.line_of("Rules by paragraph", 15, bold=True)
    for chapter in book:
        paper.line_of(chapter.heading, 11, bold=True)
        paper.line_of(f"{chapter.says}. {chapter.doc}".replace("\n", " "), 10)
        if chapter.doubt:
            paper.line_of(f"Open question {chapter.doubt}", 10, bold=True)
        for name, told in chapter.cases:
            paper.line_of(f"-  {name}: {told}", 9)
    paper.grid("Open questions", OPEN_HEAD, doubt_rows(choices), (1, 5, 4, 5, 5, 2))
    paper.grid("Reasons", ("code", "law", "says", "person"), REASON_ROWS, (5, 3, 7, 1))
    paper.add_page()
    paper.grid("Sign-off", ("what", "to be filled in by hand"), tuple((label, "\n\n") for label in SIGN_OFF), (2, 5))
    return bytes(paper.output())


class Paper(FPDF):
    """Lines and tables in the built-in fonts; what they lack is written plainly."""

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font("Helvetica", size=8)
        self.cell(0, 8, f"{self.page_no()}", align="C")

    def line_of(self, text: str, size: int, *, bold: bool = False) -> None:
        if bold and self.will_page_break(size * 2):
            self.add_page()  # a heading stays with what it heads
        self.set_font("Helvetica", style="B" if bold else "", size=size)
        self.multi_cell(0, size * 0.5, text.translate(PLAIN), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1.5)

    def grid(
        self,
        title: str,
        head: tuple[str, ...],
        rows: tuple[tuple[str, ...], ...],
        widths: tuple[int, ...] | None = None,
    ) -> None:
        self.ln(3)
        self.line_of(title, 15, bold=True)
        self.set_font("Helvetica", size=9)
        with self.table(col_widths=widths or len(head) * (1,), text_align="LEFT", line_height=5) as table:
            for cells in (head, *rows):
                row = table.row()
                for cell in cells:
                    row.cell(cell.translate(PLAIN))


def edition_rows(choices: Choices) -> tuple[tuple[str, ...], ...]:
    """The editions, as counsel's choices name them."""
    return tuple((chosen(choices, book).edition, book.effective.isoformat()) for book in EDITIONS)


def _table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


OPEN_HEAD = tuple(cell.replace("`", "") for cell in DOUBT_HEAD)
PACK_HEAD = ("pack", "title", "in force from")
CONDITION_HEAD = ("pack", "source", "asks")
QUESTION_HEAD = ("pack", "source", "open question", "until answered")
PACK_EDITIONS = tuple(pack for editions in PACKS.values() for pack in editions)
CONDITION_ROWS = tuple((pack.id, each.source, each.says) for pack in PACK_EDITIONS for each in pack.conditions)
QUESTION_ROWS = tuple((pack.id, *question) for pack in PACK_EDITIONS for question in pack.questions)
PACK_ROWS = tuple((pack.id, pack.title, pack.effective.isoformat()) for pack in PACK_EDITIONS)
REASON_ROWS = tuple((r.code, r.law, r.says, "yes" if r.hold else "") for r in REASONS.values())
