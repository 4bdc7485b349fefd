"""Admissions and discharges that one's own organization was told of, newest first; those to call are marked."""

import re

from aiohttp import web

from hub.compliance import viewing
from hub.desk import notices, referrals
from hub.errors import NotAvailable
from hub.web.desk.named import names
from hub.web.pages.door import STAFF, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit

PAGE = 50
_ID = re.compile(r"[0-9a-f]{32}")


async def show(visit: Visit) -> web.Response:
    """`GET /desk/notices`: those before the notice `before`."""
    before = visit.asked("before")
    if before and not _ID.fullmatch(before):
        raise NotAvailable
    found = await notices.received(visit.hub, visit.who.home, before=before or None, limit=PAGE + 1)
    rows = found[:PAGE]
    people = {
        each.id: await referrals.person_of(visit.hub, each.submission, visit.who.home, visit.language) for each in rows
    }
    seen = [each.member for each in rows if people[each.id] is not None]
    await viewing.listed(visit.hub, visit.who.by, "notices", seen, [each.id for each in rows])
    return page(
        "notices_results.html" if "HX-Request" in visit.request.headers else "notices.html",
        visit,
        rows=rows,
        people=people,
        later=bool(before),
        following=f"/desk/notices?before={rows[-1].id}" if len(found) > PAGE else "",
        names=await names(visit),
    )


PAGES = (Page("GET", "/desk/notices", show, STAFF),)
