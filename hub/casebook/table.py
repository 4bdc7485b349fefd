"""The table paragraph, function, cases: written from `policies.rulebook` and a library, for counsel to read."""

from collections.abc import Iterable

from hub.casebook.questions import Case
from policies.rulebook import DOUBT_HEAD, ENTRIES, Entry, doubt_rows, entry_of

HEAD = """# Paragraph, function, cases

Written by `python -m hub.casebook.table`; a test keeps it true. Functions are under `policies/`. A doubt is an open
question with the side on which the engine errs. Where another answer is named, the setting `HUB_CHOICES` gives it and
the edition of each decision names it; elsewhere counsel has the function replaced in a new edition of the rules
(`policies/rules.py`), so that old decisions still explain themselves under the old one.

| paragraph | function | says | cases | doubt |
|---|---|---|---|---|
"""
OPEN = f"""

## Where the law leaves room

| {" | ".join(DOUBT_HEAD)} |
|{"---|" * len(DOUBT_HEAD)}
"""


def table(cases: Iterable[Case]) -> str:
    """The whole text of `policies/part2/TABLE.md`."""
    found = cases_by_law(cases)
    lines = [f"| {e.law} | `{e.function}` | {e.says} | {_few(found.get(e.law, []))} | {e.doubt} |" for e in ENTRIES]
    doubts = [f"| {' | '.join(row[:-2])} | `{row[-2]}` | {row[-1]} |" for row in doubt_rows()]
    return HEAD + "\n".join(lines) + OPEN + "\n".join(doubts) + "\n"


def cases_by_law(cases: Iterable[Case]) -> dict[str, list[Case]]:
    """Paragraph of the table -> the cases that cite it."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        entry: Entry | None = entry_of(case.law or "")
        if entry is not None:
            found.setdefault(entry.law, []).append(case)
    return found


def _few(cases: list[Case]) -> str:
    names = ", ".join(case.name for case in cases[:2])
    return f"{len(cases)}: {names}{', …' if len(cases) > 2 else ''}" if cases else "–"


if __name__ == "__main__":
    import sys
    from pathlib import Path

    from hub.casebook import read_library

    _library = read_library(Path(sys.argv[1] if len(sys.argv) > 1 else "tests/cases"))
    _text = table(case for cases in _library.values() for case in cases)
    Path("policies/part2/TABLE.md").write_text(_text, encoding="utf-8")
