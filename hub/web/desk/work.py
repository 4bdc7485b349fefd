"""The work queues on the pages: what waits, in the order it is due."""

from aiohttp import web

from hub.desk import queues, reading
from hub.desk.queues import OTHERS, QUEUES, Listed
from hub.errors import NotAvailable
from hub.web.desk.named import names
from hub.web.pages.door import READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit


async def show(visit: Visit) -> web.Response:
    """`GET /desk/work`: every queue, and the items of the chosen one (`queue`, `state`, `mine`)."""
    queue, state = visit.asked("queue"), visit.asked("state") or "open"
    if queue not in (*QUEUES, OTHERS, "") or state not in ("open", "closed"):
        raise NotAvailable
    mine = visit.asked("mine") == "yes"
    wanted = Listed(queue, state, visit.who.by if mine else "")
    items = await queues.listing(visit.hub, wanted, visit.who.scope)
    await reading.listed(visit.hub, visit.who.by, "work", [each["id"] for each in items])
    template = "work_results.html" if "HX-Request" in visit.request.headers else "work.html"
    loads = await queues.loads(visit.hub, visit.who.scope)
    return page(
        template, visit, items=items, queue=queue, state=state, mine=mine, names=await names(visit), loads=loads
    )


PAGES = (Page("GET", "/desk/work", show, READ),)
