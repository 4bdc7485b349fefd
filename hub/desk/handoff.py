"""What a warm handoff asks a packet to hold, and what of it a packet has: a list beside it, never a decision.

Rules kept here:
- california.md, SON-07a to f: member information, the Transition of Care Tool where it applies, assessments, diagnosis,
  risk assessment, recent service notes. Each is told by its kind and its name, and a person looks.
- What the rules keep back is there and stays: it is not missing.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

from hub.desk.drafts import Paper
from hub.storage.directory import Organization
from policies.vocabulary import COUNSELING_NOTES

Part = Literal["member", "tool", "assessments", "diagnosis", "risk", "notes"]
PARTS: tuple[Part, ...] = ("member", "tool", "assessments", "diagnosis", "risk", "notes")
PURPOSES = frozenset({"treatment", "referral"})
"""For which a packet hands somebody over."""
ADULT_FROM, CHILD_UNTIL = 18, 21
"""ANSA is for adults, CANS for whoever is not yet 21; between them either may be right."""
_BY_NAME: tuple[tuple[Part, re.Pattern[str]], ...] = (
    ("tool", re.compile(r"\btoc\b|transition of care|transici\w*")),
    ("risk", re.compile(r"\brisk\b|riesgo")),
    ("notes", re.compile(r"\bnotes?\b|\bnotas?\b|\bprogress\b|\bprogreso\b")),
)
_BY_CLASS: dict[str, Part] = {"demographics": "member", "diagnosis": "diagnosis", "assessment": "assessments"}


class Line(NamedTuple):
    """One thing that is asked for."""

    part: Part
    papers: tuple[Paper, ...]
    needed: bool


def lines(papers: Sequence[Paper], sides: Sequence[Organization]) -> list[Line]:
    """Each part with the documents that are it. `sides`: who hands over, and to whom."""
    found: dict[Part, list[Paper]] = {part: [] for part in PARTS}
    for paper in papers:
        part = part_of(paper)
        if part:
            found[part].append(paper)
    return [Line(part, tuple(of), part != "tool" or _between_plans(sides)) for part, of in found.items()]


def part_of(paper: Paper) -> Part | None:
    """Which part a document is; none if it is something else."""
    if paper.information == COUNSELING_NOTES:
        return "notes"
    words = re.sub(r"[_\-.]+", " ", paper.title.casefold())
    named = next((part for part, known in _BY_NAME if known.search(words)), None)
    return named or _BY_CLASS.get(paper.information)


def wrong_tool(papers: Sequence[Paper], born: str, today: date) -> Literal["", "ansa", "cans"]:
    """An assessment made for somebody of another age than the person's (SON-07c)."""
    birth = date.fromisoformat(born)
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    titles = " ".join(re.sub(r"[_\-.]+", " ", paper.title.casefold()) for paper in papers)
    if age < ADULT_FROM and re.search(r"\bansa\b", titles):
        return "ansa"
    return "cans" if age >= CHILD_UNTIL and re.search(r"\bcans\b", titles) else ""


def _between_plans(sides: Sequence[Organization]) -> bool:
    """The tool is for moves between the county's mental health plan and a health plan (SON-07b)."""
    mental = [each for each in sides if each.kind == "mhp"]
    health = [each for each in sides if each.kind != "mhp" and "health_plan" in each.roles]
    return bool(mental and health)
