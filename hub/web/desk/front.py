"""The front page of the desk, and every address below it that is none."""

from aiohttp import web

from hub.errors import NotAvailable
from hub.web.pages.door import ANYBODY_IN, Page
from hub.web.pages.locked import NOWHERE
from hub.web.pages.visit import Visit, see_other


async def front(visit: Visit) -> web.Response:
    """`GET /desk/`: where the day begins: a plan is told of people, whoever treats is asked to take them."""
    begins = {"compliance": "/desk/log", "privacy": "/desk/log", "auditor": "/desk/log", "staff": "/desk/referrals"}
    first = next((begins[role] for role in visit.who.roles if role in begins), "/desk/people")
    if first == "/desk/referrals":
        home = (await visit.hub.directory.current()).organizations.get(visit.who.home)
        first = "/desk/notices" if home and home.kind != "mhp" and "health_plan" in home.roles else first
    return see_other(f"{first}?unkept=yes" if visit.asked("unkept") else first)


async def begin(_visit: Visit) -> web.Response:
    """`GET /desk`."""
    return see_other("/desk/")


async def nothing(_visit: Visit) -> web.Response:
    """Whatever else: the same page for everybody."""
    raise NotAvailable


PAGES = (
    Page("GET", "/desk", begin, ()),
    Page("GET", "/desk/", front, ANYBODY_IN),
)
LAST = (Page("GET", f"/desk/{{{NOWHERE}:.+}}", nothing, ()),)
