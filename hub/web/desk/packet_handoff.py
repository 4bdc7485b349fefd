"""The list of a warm handoff beside the preview of a packet: what is there, what is missing, what stays and why."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hub.desk import handoff
from hub.desk.drafts import Draft
from hub.desk.handoff import Line
from hub.storage.facts import instant
from hub.web.pages import terms
from hub.web.pages.visit import Visit

Answer = tuple[str, str, dict[str, Any]]
"""Recipient, the way it would take, and what the rules say (`hub.explanations.foreseen`)."""


class Shown(NamedTuple):
    """One part, with a word of `handoff_state`."""

    part: str
    word: str
    titles: list[str]
    stays: list[tuple[str, str]]
    """For whom something of it stays, and why."""


class Handoff(NamedTuple):
    parts: list[Shown]
    wrong_tool: str


async def of(visit: Visit, draft: Draft, answers: Sequence[Answer], born: str) -> Handoff | None:
    """None where nobody is handed over, or it is not known yet what the documents are."""
    if draft.purpose not in handoff.PURPOSES or not answers:
        return None
    known = (await visit.hub.directory.current()).organizations
    sides = [known[each] for each in (visit.who.home, *draft.recipients) if each in known]
    numbers = {paper.number: at for at, paper in enumerate(draft.papers)}
    parts = []
    for line in handoff.lines(draft.papers, sides):
        stays = _stays(visit, line, answers, numbers)
        word, titles = _word(line, len(stays), answers), [each.title for each in line.papers]
        parts.append(Shown(line.part, word, titles, list(dict.fromkeys(stays))))
    today = instant(visit.hub.clock.now()).astimezone(visit.hub.zone).date()
    return Handoff(parts, handoff.wrong_tool(draft.papers, born, today))


def _word(line: Line, stays: int, answers: Sequence[Answer]) -> str:
    if line.papers:
        if not stays:
            return "there"
        return "stays" if stays == len(line.papers) * len(answers) else "partly"
    if line.part == "member":
        return "by_itself"
    return "missing" if line.needed else "not_needed"


def _stays(visit: Visit, line: Line, answers: Sequence[Answer], numbers: dict[int, int]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for recipient, _, answer in answers:
        said = {each["item"]: each["text"] for each in answer["explanation"]}
        for paper in line.papers:
            item = answer["items"][numbers[paper.number]]
            if not item["permitted"]:
                text = said.get(item["item"], "").replace(
                    item["item"], terms.classes(visit.language, paper.information)
                )
                found.append((recipient, text))
    return found
