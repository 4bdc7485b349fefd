"""Documents that go with an emergency's words: sniffed and limited as a packet's, kept sealed between two pages.

A document is of a kind of its own, which its name suggests and a person says: what is handed in is what was shown.
"""

from typing import NamedTuple

import msgspec

from hub.desk import drafts
from hub.desk.drafts import Draft
from hub.errors import NotAvailable
from hub.model import new_id
from hub.web.desk import packet_said
from hub.web.pages.visit import Visit
from policies.vocabulary import CLASSES


class Attached(NamedTuple):
    draft: Draft | None
    """None: there are no documents."""
    wrong: str
    """What is said beside the field; empty: nothing is wrong."""
    gone: bool = False
    """They were kept and are not any more: handed in, or too old."""
    shown: bool = True
    """Nothing of them differs from what the page before showed."""

    @property
    def whole(self) -> bool:
        """Whether it is said of each of them what it is."""
        return self.draft is None or all(each.information for each in self.draft.papers)


async def attached(visit: Visit) -> Attached:
    """What came before and with this form; new ones are kept even where the form goes back."""
    earlier = visit.field("draft", 64)
    try:
        before = await drafts.read(visit.hub, earlier, person=visit.who.id) if earlier else None
    except NotAvailable:
        return Attached(None, visit.say("emergency.files_gone"), gone=True)
    wrong: dict[str, str] = {}
    papers, contents = packet_said.papers(visit, before.papers if before else (), wrong, needed=False)
    chosen = tuple(_as_said(visit, each) for each in papers)
    if before is None and not chosen:
        return Attached(None, wrong.get("files", ""))
    if before is not None and chosen == before.papers:
        return Attached(before if chosen else None, wrong.get("files", ""))
    kept = before or Draft(
        id=new_id(), version=new_id(), member="", recipients=(), purpose="treatment", urgent=True, papers=()
    )
    draft = msgspec.structs.replace(kept, papers=chosen)
    await drafts.put(visit.hub, draft, contents, person=visit.who.id)
    shown = _kinds(kept) == _kinds(draft)
    return Attached(draft if chosen else None, wrong.get("files", ""), shown=shown)


async def contents(visit: Visit, draft: Draft | None) -> dict[str, bytes]:
    """The documents by the names that a manifest gives them."""
    if draft is None:
        return {}
    found = await drafts.contents(visit.hub, draft, person=visit.who.id)
    return {f"d{number}": content for number, content in found.items()}


def items(draft: Draft | None) -> list[dict[str, str]]:
    """As a manifest names them; of one that nobody has named yet its kind is open, and it is not handed in."""
    papers = draft.papers if draft else ()
    return [
        {"document": f"d{each.number}", "title": each.title, "information": each.information}
        for each in papers
        if each.information
    ]


def _kinds(draft: Draft) -> list[tuple[int, str]]:
    return [(each.number, each.information) for each in draft.papers]


def _as_said(visit: Visit, paper: drafts.Paper) -> drafts.Paper:
    said = visit.field(f"information-{paper.number}", 64)
    return msgspec.structs.replace(paper, information=said, guessed=False) if said in CLASSES else paper
