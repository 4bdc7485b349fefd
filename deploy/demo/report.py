"""What a day's steps came to: each fact the story expects beside the fact that was found.

Rules kept: `expected` and `got` are written by the same words from the same list of facts, so a step is good only if
they are the same text; nothing here decides what was found.
"""

import json
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


class Fact(NamedTuple):
    """One thing the story says, and what was measured."""

    name: str
    expected: Any
    got: Any

    @property
    def wanted(self) -> str:
        return _said(self.expected)

    @property
    def found(self) -> str:
        return _said(self.got)

    @property
    def ok(self) -> bool:
        return self.wanted == self.found


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the day."""

    story: str
    step: str
    who: str
    what: str
    decision: str
    facts: tuple[Fact, ...]
    law: str = ""
    channel: str = ""
    receipt: str = ""
    seconds: float = 0.0

    @property
    def expected(self) -> str:
        return "; ".join(f"{fact.name}: {fact.wanted}" for fact in self.facts)

    @property
    def got(self) -> str:
        return "; ".join(f"{fact.name}: {fact.found}" for fact in self.facts)

    @property
    def ok(self) -> bool:
        return bool(self.facts) and all(fact.ok for fact in self.facts)

    def as_json(self) -> dict[str, Any]:
        fields = ("story", "step", "expected", "got", "decision", "law", "channel", "receipt", "ok")
        return {name: getattr(self, name) for name in fields}


def write(steps: Sequence[Step], place: Path) -> None:
    """One JSON object for each step."""
    text = json.dumps([step.as_json() for step in steps], indent=2, ensure_ascii=False)
    place.write_text(text + "\n", encoding="utf-8")


HEADS = ("", "who", "what", "decision", "paragraph", "channel", "receipt", "sec")
_WIDTHS = (3, 18, 22, 10, 12, 7, 16, 5)
"""As they share 100 columns; a wider terminal gives the rest to the receipt."""
_LONG = 16
"""References beyond this are cut in the table; the report has them whole."""


def table(steps: Sequence[Step], columns: int | None = None) -> str:
    """The day as a person reads it, cells wrapped."""
    wide = min(columns or shutil.get_terminal_size((100, 24)).columns, 140)
    spare = max(wide - 100, 0)
    widths = [*_WIDTHS[:6], _WIDTHS[6] + spare, _WIDTHS[7]]
    rule = "─" * (sum(widths) + len(widths) - 1)
    lines = [_line(HEADS, widths), rule]
    for step in steps:
        lines += _row(step, widths)
    return "\n".join([*lines, rule])


def _row(step: Step, widths: Sequence[int]) -> list[str]:
    mark = step.story if step.ok else f"{step.story} ✗"
    seconds = f"{step.seconds:.2f}" if step.seconds else ""
    receipt = " ".join(word if len(word) <= _LONG else f"{word[: _LONG - 1]}…" for word in step.receipt.split())
    cells = (mark, step.who, step.what, step.decision, step.law, step.channel, receipt, seconds.rjust(widths[-1]))
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)]
    high = max(map(len, wrapped))
    return [_line([cell[n] if n < len(cell) else "" for cell in wrapped], widths) for n in range(high)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, value)) or "none"
    return str(value)
