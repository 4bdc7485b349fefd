"""One entry of the log, whole: what was asked, decided and done, under which consent, with which proof."""

from typing import Any

from aiohttp import web

from hub.compliance import viewing
from hub.desk import log, projection, story, verification
from hub.desk.story import Story
from hub.errors import NotAvailable
from hub.outside import showing
from hub.storage import consent_papers, consents, members
from hub.web.desk.dated import told_by_day
from hub.web.desk.log import KINDS
from hub.web.desk.named import names as known
from hub.web.desk.named import parties
from hub.web.pages.door import ACT, READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit


async def show(visit: Visit) -> web.Response:
    """`GET /desk/log/{position}`; that it was opened is on the ledger."""
    found = await _story(visit)
    row = found.row
    await viewing.note(visit.hub, visit.who.by, "entry", row["member_id"], row["reference"])
    others = await log.rows_of(visit.hub, row["submission_id"], visit.who.scope)
    names = await parties(visit)
    beside = [each for each in others if each["position"] != row["position"]]
    return page(
        "entry.html", visit, story=found, row=row, names=names, kinds=KINDS, beside=beside,
        acts=bool(set(ACT) & set(visit.who.roles)), recorded=await _recorded(visit, found),
    )  # fmt: skip


async def verify(visit: Visit) -> web.Response:
    """`GET /desk/log/{position}/verify`: the proof, computed now."""
    found = await _story(visit)
    checked = await verification.verify(visit.hub, found.trail)
    alone = "HX-Request" not in visit.request.headers
    return page("verified_page.html" if alone else "verified.html", visit, checked=checked, row=found.row)


async def proof(visit: Visit) -> web.Response:
    """`GET /desk/log/{position}/proof/{entry}`: one entry's proof as a file."""
    found, wanted = await _story(visit), visit.request.match_info["entry"]
    if wanted not in {str(each["entry"]) for each in found.trail}:
        raise NotAvailable
    text = await verification.proof_of(visit.hub, int(wanted))
    headers = {"Content-Disposition": f'attachment; filename="entry-{wanted}.tlog-proof"'}
    return web.Response(text=text, content_type="text/plain", headers=headers)


async def person(visit: Visit) -> web.Response:
    """`POST /desk/log/{position}/person`: who it is about; asked for, and on the ledger."""
    row = await _row(visit)
    if row["member_id"] is None:
        raise NotAvailable
    facts = await members.facts_of(visit.hub, row["member_id"])
    await viewing.note(visit.hub, visit.who.by, "member", row["member_id"], row["member_id"])
    alone = "HX-Request" not in visit.request.headers
    return page("person_page.html" if alone else "person.html", visit, facts=facts, row=row)


async def told(visit: Visit) -> web.Response:
    """`POST /desk/log/{position}/told`: what was told outside of the hub, opened; asked for, and on the ledger."""
    row = await _row(visit)
    seen = await showing.whole(visit.hub, row["reference"], None, by=visit.who.by)
    alone = "HX-Request" not in visit.request.headers
    return page("told_page.html" if alone else "told.html", visit, words=seen["words"], row=row)


async def paper(visit: Visit) -> web.Response:
    """`GET /desk/log/{position}/paper/{consent}`: the signed paper, as it was kept."""
    found, wanted = await _story(visit), visit.request.match_info["consent"]
    if wanted not in {each.id for each in found.consents}:
        raise NotAvailable
    kept = await consent_papers.paper_of(visit.hub, wanted)
    await viewing.note(visit.hub, visit.who.by, "paper", await consents.member_of(visit.hub, wanted), wanted)
    # Downloaded, never shown within the pages' origin: it came from outside.
    headers = {"Content-Disposition": 'attachment; filename="consent"', "Content-Security-Policy": "sandbox"}
    return web.Response(body=kept.content, content_type=kept.media_type, headers=headers)


async def _recorded(visit: Visit, found: Story) -> dict[str, Any] | None:
    """How the record of a disclosure made outside of the hub stands, with the entries of those before and after it."""
    if found.recorded is None:
        return None
    places = {
        name: await log.position_of(visit.hub, found.recorded[name])
        for name in ("corrects", "corrected_by")
        if found.recorded[name]
    }
    return found.recorded | {"places": places, "by": (await known(visit)).person(found.recorded["recorded_by"])}


async def _story(visit: Visit) -> Story:
    return await told_by_day(visit, await story.of(visit.hub, await _row(visit), visit.language))


async def _row(visit: Visit) -> log.Row:
    await projection.catch_up(visit.hub)
    text = visit.request.match_info["position"]
    row = await log.row_at(visit.hub, int(text), visit.who.scope) if len(text) < 16 else None
    if row is None:
        raise NotAvailable
    return row


PAGES = (
    Page("GET", r"/desk/log/{position:\d+}", show, READ),
    Page("GET", r"/desk/log/{position:\d+}/verify", verify, READ),
    Page("GET", r"/desk/log/{position:\d+}/proof/{entry:\d+}", proof, READ),
    Page("POST", r"/desk/log/{position:\d+}/person", person, READ),
    Page("POST", r"/desk/log/{position:\d+}/told", told, READ),
    Page("GET", r"/desk/log/{position:\d+}/paper/{consent}", paper, READ),
)
