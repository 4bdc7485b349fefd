"""The work queues on the pages: what waits, in the order it is due, a page at a time."""

import re
from operator import itemgetter
from typing import Any

from aiohttp import web

from hub.compliance import viewing
from hub.desk import queues
from hub.desk.queues import OTHERS, QUEUES, Listed
from hub.errors import NotAvailable
from hub.waiting.listing import NO_DUE, Place
from hub.web.desk import narrowed
from hub.web.desk.named import names
from hub.web.desk.narrowed import AGES
from hub.web.pages.door import ACT, READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit
from hub.web.pages.words import named

_CHOICES = {
    "queue": (*QUEUES, OTHERS), "kind": None, "state": ("open", "closed"), "mine": ("yes",), "overdue": ("yes",),
    "age": AGES,
}  # fmt: skip
_PLACE = re.compile(r"([0-9]{1,19})\.([0-9a-f]{32})")


async def show(visit: Visit) -> web.Response:
    """`GET /desk/work`: every queue, and a page of what the address chooses (`after`: the next one)."""
    chosen = narrowed.read(visit, "/desk/work", _CHOICES)
    wanted = Listed(
        chosen.text("queue"),
        chosen.text("kind"),
        chosen.text("state") or "open",
        mine=visit.who.by if chosen.text("mine") else "",
        overdue=bool(chosen.text("overdue")),
        until=narrowed.since(visit, chosen.text("age")),
        after=_place(visit.asked("after")),
    )
    found = await queues.page(visit.hub, wanted, visit.who.scope)
    await viewing.listed(visit.hub, visit.who.by, "work", (), [each["id"] for each in found.items])
    following = found.next and chosen.address(after=f"{found.next.at}.{found.next.id}")
    values: dict[str, Any] = {
        "chosen": chosen, "found": found, "following": following, "later": wanted.after,
        "acts": bool(set(ACT) & set(visit.who.roles)),
    }  # fmt: skip
    if "HX-Request" in visit.request.headers:
        return page("work_results.html", visit, names=await names(visit), **values)
    loads = await queues.loads(visit.hub, visit.who.scope)
    kinds = {*await queues.open_kinds(visit.hub), chosen.text("kind")} - {""}
    return page(
        "work.html", visit, names=await names(visit), loads=loads, **values,
        queues_named=[(name, visit.say(f"queue.{name}")) for name in (*QUEUES, OTHERS)],
        kinds_named=sorted(((each, named(visit.language, "work_kind", each)) for each in kinds), key=itemgetter(1)),
        ages_named=narrowed.ages_named(visit),
    )  # fmt: skip


def _place(text: str) -> Place | None:
    if not text:
        return None
    parts = _PLACE.fullmatch(text)
    if not parts or int(parts[1]) > NO_DUE:
        raise NotAvailable
    return Place(int(parts[1]), parts[2])


PAGES = (Page("GET", "/desk/work", show, READ),)
