"""The search box: a CIN, a name with a birth date, an id, or part of an organization's name.

Rules kept here: what is typed is posted, never in an address; people are found through keyed hashes only.
INVARIANT: no-existence-leak. Whatever is outside the scope is found as little as what does not exist.
"""

from aiohttp import web

from hub import cadence
from hub.desk import log, projection
from hub.desk.log import Wanted
from hub.storage import members
from hub.web.desk.asked import read
from hub.web.desk.meant import by_name
from hub.web.pages.door import READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

_MOST = 20


async def find(visit: Visit) -> web.Response:
    """`POST /desk/find`: straight to what was meant, where it is one thing."""
    started, what = cadence.clock(), visit.field("what", 200)
    await projection.catch_up(visit.hub)
    people = await _people(visit, what)
    address = await _thing(visit, what) if not people else _log_of(visit, people[0])
    await cadence.until_beat(started)
    if address and len(people) < 2:
        return see_other(address)
    organizations = (await visit.hub.directory.current()).organizations.values()
    meant = what.casefold()
    named = [each for each in organizations if meant and (meant in each.name.casefold() or meant == each.id)]
    status = 200 if named or people else 404
    return page("find.html", visit, organizations=named[:_MOST], people=people[:_MOST], status=status)


async def _people(visit: Visit, what: str) -> list[str]:
    """The members whom it may mean, as far as the scope has anything about them."""
    cin = await members.find_by_cin(visit.hub, what)
    meant = [cin] if cin else [what, *await by_name(visit.hub, what)]
    return [member for member in meant if await _known(visit, member)]


async def _known(visit: Visit, member: str) -> bool:
    return bool((await log.page(visit.hub, Wanted(member=member, limit=1), visit.who.scope)).rows)


def _log_of(visit: Visit, member: str) -> str:
    return read({"member": member}, visit.hub.zone).address()


async def _thing(visit: Visit, what: str) -> str:
    """A disclosure, or a submission's first row."""
    position = await log.position_of(visit.hub, what)
    if position is not None and await log.row_at(visit.hub, position, visit.who.scope) is not None:
        return f"/desk/log/{position}"
    rows = await log.rows_of(visit.hub, what, visit.who.scope)
    return f"/desk/log/{rows[0]['position']}" if rows else ""


PAGES = (Page("POST", "/desk/find", find, READ),)
