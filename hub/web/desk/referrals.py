"""The referrals that wait for an answer of one's own organization, in the order they are due, a page at a time."""

import re
from operator import itemgetter

from aiohttp import web

from hub.compliance import viewing
from hub.desk import referrals
from hub.desk.referrals import WAITS, Place, Standing
from hub.errors import NotAvailable
from hub.web.desk import narrowed
from hub.web.desk.named import names
from hub.web.desk.narrowed import Narrowed
from hub.web.pages.door import STAFF, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit

PAGE = 25
_PLACE = re.compile(r"([01])\.(-?[0-9]{1,39})\.([0-9a-f]{0,32})")
_CHOICES = {
    "waits": (*WAITS, "closed"), "from": None, "priority": ("urgent", "routine"), "overdue": ("yes",),
}  # fmt: skip


async def show(visit: Visit) -> web.Response:
    """`GET /desk/referrals`: what the address chooses, from behind the place `after` on."""
    chosen = narrowed.read(visit, "/desk/referrals", _CHOICES)
    closed = chosen.text("waits") == "closed"
    found = await (referrals.answered if closed else referrals.waiting)(visit.hub, visit.who.home)
    senders = {each.share.sender for each in found}
    kept = [each for each in found if _fits(each, chosen, visit.hub.clock.now())]
    after = _place(visit.asked("after"))
    # By its place, not by its number: the last of the page before may have been answered meanwhile.
    left = [each for each in kept if after is None or each.place > after]
    rows = left[:PAGE]
    people = {each.share.id: await referrals.person(visit.hub, each.share, visit.language) for each in rows}
    seen = [each.share.member for each in rows if people[each.share.id] is not None]
    await viewing.listed(visit.hub, visit.who.by, "referral", seen, [each.share.id for each in rows])
    known = await names(visit)
    return page(
        "referrals_results.html" if "HX-Request" in visit.request.headers else "referrals.html",
        visit,
        chosen=chosen,
        rows=rows,
        people=people,
        total=len(kept),
        later=after is not None,
        following=chosen.address(after=".".join(map(str, rows[-1].place))) if len(left) > PAGE else "",
        names=known,
        senders=sorted(((each, known.organization(each)) for each in senders), key=itemgetter(1)),
    )


def _place(text: str) -> Place | None:
    parts = _PLACE.fullmatch(text)
    if text and not parts:
        raise NotAvailable
    return Place(int(parts[1]), int(parts[2]), parts[3]) if parts else None


def _fits(each: Standing, chosen: Narrowed, now: int) -> bool:
    waits, sender, priority = chosen.text("waits"), chosen.text("from"), chosen.text("priority")
    return (
        waits in ("", "closed", each.waits)
        and sender in ("", each.share.sender)
        and priority in ("", each.share.priority)
        and (not chosen.text("overdue") or (each.due is not None and each.due.at <= now))
    )


PAGES = (Page("GET", "/desk/referrals", show, STAFF),)
