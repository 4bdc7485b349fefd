"""New fax numbers that wait for their second person, for administrators.

Rules kept here: whoever confirms types the number from a source of their own, so the page shows them no more of it
than they need to see which one it is (`hub.waiting.numbers`).
"""

from aiohttp import web

from hub.errors import Conflict, Malformed
from hub.people import persons
from hub.waiting import numbers
from hub.web.desk.named import names
from hub.web.pages.door import ADMINISTER, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

_SHOWN = 5
"""How much of a number is shown to its second person: country and area, not whose line it is."""


async def show(visit: Visit) -> web.Response:
    """`GET /desk/addresses`."""
    return await _page(visit)


async def confirm(visit: Visit) -> web.Response:
    """`POST /desk/addresses/{id}/confirm`: the number, typed again by another person."""
    endpoint = visit.request.match_info["id"]
    typed = "".join(each for each in visit.field("address", 64) if each not in " ()-.")
    try:
        await numbers.confirm(visit.hub, endpoint, typed, by=visit.who.by)
    except Malformed:
        return await _page(visit, problem=visit.say("addresses.differs"), at=endpoint, status=400)
    except Conflict as error:
        return await _page(visit, problem=visit.say(f"problem.{error.detail_code}"), at=endpoint, status=409)
    return see_other("/desk/addresses")


async def refuse(visit: Visit) -> web.Response:
    """`POST /desk/addresses/{id}/refuse`: it is not used."""
    endpoint = visit.request.match_info["id"]
    try:
        await numbers.refuse(visit.hub, endpoint, by=visit.who.by)
    except Conflict as error:
        return await _page(visit, problem=visit.say(f"problem.{error.detail_code}"), at=endpoint, status=409)
    return see_other("/desk/addresses")


async def _page(visit: Visit, *, problem: str = "", at: str = "", status: int = 200) -> web.Response:
    waiting = await numbers.waiting(visit.hub)
    mine = {each.endpoint.id for each in waiting if await persons.same(visit.hub, visit.who.by, each.by)}
    return page(
        "addresses.html", visit, status=status, waiting=waiting, mine=mine, names=await names(visit), problem=problem,
        at=at, covered=_covered,
    )  # fmt: skip


def _covered(number: str) -> str:
    return number[:_SHOWN] + "•" * len(number[_SHOWN:])


PAGES = (
    Page("GET", "/desk/addresses", show, ADMINISTER),
    Page("POST", "/desk/addresses/{id}/confirm", confirm, ADMINISTER),
    Page("POST", "/desk/addresses/{id}/refuse", refuse, ADMINISTER),
)
