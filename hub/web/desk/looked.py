"""Who looked at a person's data: an auditor's first question, answered from the ledger; the answer is recorded, too."""

import re

from aiohttp import web

from hub.compliance import looked, viewing
from hub.desk import log, projection
from hub.desk.log import Wanted
from hub.errors import NotAvailable
from hub.web.desk.named import names
from hub.web.pages.door import READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit

PAGE = 100
_NUMBER = re.compile(r"[0-9]{1,18}")


async def show(visit: Visit) -> web.Response:
    """`GET /desk/looked/{member}`: newest first, those before the entry `before`; within a scope, its own people's
    looks at whom it has in its log.
    """
    member, scope = visit.request.match_info["member"], visit.who.scope
    await projection.catch_up(visit.hub)
    # INVARIANT: no-existence-leak. A person whom the scope has nothing about is nobody.
    if not (await log.page(visit.hub, Wanted(member=member, limit=1), scope)).rows:
        raise NotAvailable
    before = visit.asked("before")
    if before and not _NUMBER.fullmatch(before):
        raise NotAvailable
    found = await looked.views(visit.hub, member=member, before=int(before) if before else None, limit=PAGE + 1)
    # Whoever broke the glass over this person is a program's to know, wherever they work.
    shown = [each for each in found[:PAGE] if scope is None or each["glass"] or each["by"].partition("/")[0] in scope]
    await viewing.note(visit.hub, visit.who.by, "views", member, member)
    return page(
        "looked_results.html" if "HX-Request" in visit.request.headers else "looked.html",
        visit, views=shown, member=member, names=await names(visit), later=bool(before),
        following=f"/desk/looked/{member}?before={found[PAGE - 1]['id']}" if len(found) > PAGE else "",
    )  # fmt: skip


PAGES = (Page("GET", "/desk/looked/{member}", show, READ),)
