"""Who looked at a person's data: an auditor's first question, answered from the ledger; the answer is recorded, too."""

from aiohttp import web

from hub.compliance import looked, viewing
from hub.desk import log, projection
from hub.desk.log import Wanted
from hub.errors import NotAvailable
from hub.web.desk.named import names
from hub.web.pages.door import READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit

MOST = 200


async def show(visit: Visit) -> web.Response:
    """`GET /desk/looked/{member}`: newest first; within a scope, its own people's looks at whom it has in its log."""
    member, scope = visit.request.match_info["member"], visit.who.scope
    await projection.catch_up(visit.hub)
    # INVARIANT: no-existence-leak. A person whom the scope has nothing about is nobody.
    if not (await log.page(visit.hub, Wanted(member=member, limit=1), scope)).rows:
        raise NotAvailable
    found = await looked.views(visit.hub, member=member, limit=MOST)
    # Whoever broke the glass over this person is a program's to know, wherever they work.
    shown = [each for each in found if scope is None or each["glass"] or each["by"].partition("/")[0] in scope]
    await viewing.note(visit.hub, visit.who.by, "views", member, member)
    return page("looked.html", visit, views=shown, member=member, names=await names(visit), most=MOST)


PAGES = (Page("GET", "/desk/looked/{member}", show, READ),)
