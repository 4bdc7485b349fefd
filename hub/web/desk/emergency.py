"""A medical emergency (§2.51) from the desk: first what would go, then handed in, like any other submission.

Rules kept here:
- What a system hands in is checked and decided, and so is this: the same manifest through `exchange.submit`, into the
  same register and the same review, by another person than the one who hands it in.
- Two clicks are one disclosure: the form carries its key.
"""

import asyncio
from operator import itemgetter
from typing import Any

from aiohttp import web

from hub import exchange
from hub.compliance import viewing
from hub.crypto.identifiers import hash_submission_key
from hub.decide import asked_by
from hub.deliver import usable
from hub.desk import drafts, log, projection
from hub.errors import Conflict, NotAvailable
from hub.explanations import Sides, foreseen
from hub.model import MessageKind, new_id
from hub.storage import members, submissions
from hub.web.desk import emergency_papers, emergency_said
from hub.web.desk.emergency_papers import Attached
from hub.web.desk.emergency_said import Meant, Wrong
from hub.web.desk.named import names
from hub.web.pages import terms
from hub.web.pages.door import ACT, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other
from policies.vocabulary import CLASSES

_LOOKS, _LOOK_S = 8, 0.25
"""How often, and how far apart in seconds, it is looked whether it has left."""


async def ask(visit: Visit) -> web.Response:
    """`GET /desk/emergencies/new`: the form."""
    return await _form(visit)


async def enter(visit: Visit) -> web.Response:
    """`POST /desk/emergencies/new`: what would go; with `step=disclose` it is handed in."""
    papers, step = await emergency_papers.attached(visit), visit.field("step")
    if step == "change":
        return await _form(visit, papers)
    if papers.gone and (sent := await _sent_before(visit)):
        return (
            see_other(f"/desk/emergencies/{sent}") if step == "disclose" else await _form(visit, sent=sent, status=409)
        )
    try:
        meant = await emergency_said.read(visit, papers)
    except Wrong as wrong:
        return await _form(visit, papers, wrong=wrong, status=400)
    if step != "disclose" or not papers.shown or not papers.whole:
        return await _preview(visit, meant, papers)
    try:
        submission = await exchange.submit(visit.hub, meant.handed)
    except Conflict:
        return await _form(visit, papers, sent=await _sent_before(visit), status=409)
    if papers.draft is not None:
        await drafts.drop(visit.hub, papers.draft.id)
    return see_other(f"/desk/emergencies/{submission}")


async def show(visit: Visit) -> web.Response:
    """`GET /desk/emergencies/{id}`: to its entry, as soon as there is one: what leaves has none before its intent."""
    submission = visit.request.match_info["id"]
    stored = await submissions.read(visit.hub.database, submission)
    # INVARIANT: no-existence-leak. Outside of the scope it looks like none.
    if stored is None or not visit.who.may_see(stored.sender) or stored.kind is not MessageKind.EMERGENCY_DISCLOSURE:
        raise NotAvailable
    for _ in range(_LOOKS):
        await projection.catch_up(visit.hub)
        if rows := await log.rows_of(visit.hub, submission, visit.who.scope):
            return see_other(f"/desk/log/{rows[0]['position']}")
        await asyncio.sleep(_LOOK_S)
    return page("emergency_sent.html", visit, submission=submission)


async def _preview(visit: Visit, meant: Meant, papers: Attached) -> web.Response:
    sides = Sides(meant.handed.sender, meant.recipient, meant.member)
    answer = await foreseen(visit.hub, asked_by(meant.handed.manifest), sides, visit.language)
    ways = usable(meant.recipient, await visit.hub.directory.current(), visit.hub.channels)
    await viewing.note(visit.hub, visit.who.by, "member", meant.member, meant.member)
    return page(
        "emergency_preview.html", visit, answer=answer, recipient=meant.recipient, sender=meant.handed.sender,
        way=ways[0].channel.value if ways else "",
        facts=await members.facts_of(visit.hub, meant.member), names=await names(visit),
        kept={**_typed(visit), "member": meant.member, "draft": papers.draft.id if papers.draft else ""},
        papers=papers.draft.papers if papers.draft else (), whole=papers.whole, kinds=_kinds(visit),
    )  # fmt: skip


async def _sent_before(visit: Visit) -> str:
    """What was handed in under this form's key; empty: nothing was."""
    sender = visit.field("organization", 64)
    if not visit.who.may_see(sender):
        return ""
    key = hash_submission_key(visit.hub.ring, sender, emergency_said.key_of(visit))
    found = await submissions.earlier(visit.hub.database, sender, key)
    return found[0] if found else ""


def _kinds(visit: Visit) -> list[tuple[str, str]]:
    return sorted(((each, terms.classes(visit.language, each)) for each in CLASSES), key=itemgetter(1))


async def _form(
    visit: Visit, papers: Attached | None = None, *, wrong: Wrong | None = None, sent: str = "", status: int = 200
) -> web.Response:
    """With what was typed; `sent`: what was handed in already under its key, which it then does not keep."""
    known = await names(visit)
    return page(
        "emergency_new.html",
        visit,
        status=status,
        own={each: name for each, name in known.organizations.items() if visit.who.may_see(each)},
        everybody=known.organizations,
        information_named=_kinds(visit),
        draft=papers.draft if papers else None,
        given=_typed(visit),
        key=new_id() if sent else visit.field("key", 64) or new_id(),
        sent=sent,
        wrong=wrong.field if wrong else "",
        said=(wrong.text or visit.say(wrong.said)) if wrong else "",
    )


def _typed(visit: Visit) -> dict[str, Any]:
    return {name: many[0] for name, many in visit.form.items() if name != "form_token"}


PAGES = (
    Page("GET", "/desk/emergencies/new", ask, ACT),
    Page("POST", "/desk/emergencies/new", enter, ACT, uploads=True),
    Page("GET", "/desk/emergencies/{id}", show, ACT),
)
