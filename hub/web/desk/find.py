"""The search box: a CIN, an id, or part of an organization's name.

Rules kept here: what is typed is posted, never in an address; a CIN is found through its keyed hash only.
INVARIANT: no-existence-leak. Whatever is outside the scope is found as little as what does not exist.
"""

from aiohttp import web

from hub import cadence
from hub.desk import log, projection
from hub.desk.log import Wanted
from hub.storage import members
from hub.web.desk.asked import read
from hub.web.pages.door import READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

_MOST = 20


async def find(visit: Visit) -> web.Response:
    """`POST /desk/find`: straight to what was meant, where there is one."""
    started, what = cadence.clock(), visit.field("what", 200)
    await projection.catch_up(visit.hub)
    address = await _member(visit, what) or await _thing(visit, what)
    await cadence.until_beat(started)
    if address:
        return see_other(address)
    organizations = (await visit.hub.directory.current()).organizations.values()
    meant = what.casefold()
    named = [each for each in organizations if meant and (meant in each.name.casefold() or meant == each.id)]
    return page("find.html", visit, organizations=named[:_MOST], status=200 if named else 404)


async def _member(visit: Visit, what: str) -> str:
    member = await members.find_by_cin(visit.hub, what) or what
    found = await log.page(visit.hub, Wanted(member=member, limit=1), visit.who.scope)
    if not found.rows:
        return ""
    return read({"member": member}, visit.hub.zone).address()


async def _thing(visit: Visit, what: str) -> str:
    """A disclosure, or a submission's first row."""
    position = await log.position_of(visit.hub, what)
    if position is not None and await log.row_at(visit.hub, position, visit.who.scope) is not None:
        return f"/desk/log/{position}"
    rows = await log.rows_of(visit.hub, what, visit.who.scope)
    return f"/desk/log/{rows[0]['position']}" if rows else ""


PAGES = (Page("POST", "/desk/find", find, READ),)
