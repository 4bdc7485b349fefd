"""Breaking the glass at the desk: a neutral warning first, why, then what it opens, each look on the record.

INVARIANT: no-existence-leak. To who may not there is no such page, and nobody found looks like nothing to show.
"""

from typing import Any

from aiohttp import web

from hub import cadence
from hub.bases.emergencies import PARAGRAPHS
from hub.errors import Malformed, NotAvailable, TooOften
from hub.glass import acts, rules, sight
from hub.glass.rules import Reader
from hub.web.desk import whose
from hub.web.desk.dated import told_by_day
from hub.web.desk.log import KINDS
from hub.web.desk.named import names, parties
from hub.web.pages.door import ANYBODY_IN, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

_POSITION = 16
"""Digits of a place in the log, at most."""


async def ask(visit: Visit) -> web.Response:
    """`GET /desk/glass`: the warning, and the form."""
    return await _form(visit)


async def begin(visit: Visit) -> web.Response:
    """`POST /desk/glass`: on the record and due for review, then to what it opens."""
    reader, started = _reader(visit), cadence.clock()
    if not await rules.reasons(visit.hub, reader):
        raise NotAvailable
    if visit.field("understood") != "yes":
        return await _form(visit, wrong="understood", status=400)
    member = await whose.anybody(visit)
    try:
        act = await acts.break_glass(visit.hub, reader, member, visit.field("reason"), visit.field("words", 4_001))
    except (Malformed, TooOften) as error:
        wrong = error.field if isinstance(error, Malformed) else "often"
        return await _form(visit, wrong=wrong or "", status=error.status)
    finally:
        await cadence.until_beat(started)
    return see_other(f"/desk/glass/{act}")


async def show(visit: Visit) -> web.Response:
    """`GET /desk/glass/{act}`: the member's entries and consents, while it lasts."""
    act = await acts.running(visit.hub, visit.request.match_info["act"], _reader(visit))
    before = visit.asked("before")
    seen = await sight.of(visit.hub, act, language=visit.language, before=_place(before) if before else None)
    return page(
        "glass.html", visit, act=act, seen=seen, kinds=KINDS, names=await names(visit), fields=PARAGRAPHS,
        older=f"/desk/glass/{act.id}?before={seen.older}" if seen.older is not None else "",
    )  # fmt: skip


async def entry(visit: Visit) -> web.Response:
    """`GET /desk/glass/{act}/entries/{position}`: one of them, whole."""
    act = await acts.running(visit.hub, visit.request.match_info["act"], _reader(visit))
    place = _place(visit.request.match_info["position"])
    story = await told_by_day(visit, await sight.entry(visit.hub, act, place, language=visit.language))
    known = await parties(visit)
    return page("glass_entry.html", visit, act=act, story=story, row=story.row, kinds=KINDS, names=known)


async def end(visit: Visit) -> web.Response:
    """`POST /desk/glass/{act}/end`: nothing is opened by it any more."""
    await acts.end(visit.hub, visit.request.match_info["act"], _reader(visit))
    return see_other("/desk/")


async def _form(visit: Visit, *, wrong: str = "", status: int = 200) -> web.Response:
    allowed = await rules.reasons(visit.hub, _reader(visit))
    if not allowed:
        raise NotAvailable
    given: dict[str, Any] = {name: many[0] for name, many in visit.form.items()}
    return page(
        "glass_new.html", visit, status=status, reasons=allowed, wrong=wrong, given=given,
        minutes=visit.hub.glass.minutes,
    )  # fmt: skip


def _reader(visit: Visit) -> Reader:
    return Reader(visit.who.by, visit.who.roles, visit.who.home, office=visit.who.scope is None)


def _place(text: str) -> int:
    if len(text) >= _POSITION or not (text.isascii() and text.isdigit()):
        raise NotAvailable
    return int(text)


PAGES = (
    Page("GET", "/desk/glass", ask, ANYBODY_IN),
    Page("POST", "/desk/glass", begin, ANYBODY_IN),
    Page("GET", "/desk/glass/{act}", show, ANYBODY_IN),
    Page("GET", r"/desk/glass/{act}/entries/{position:\d+}", entry, ANYBODY_IN),
    Page("POST", "/desk/glass/{act}/end", end, ANYBODY_IN),
)
