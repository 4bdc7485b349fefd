"""Admissions and discharges that one's own organization was told of, newest first; those to call are marked."""

import contextlib

from aiohttp import web

from hub.compliance import viewing
from hub.desk import calls, notices, referrals
from hub.desk.calls import OUTCOMES, Told
from hub.desk.notices import CALLS, Notice
from hub.errors import Conflict, Malformed, NotAvailable
from hub.model import is_id, new_id
from hub.web.desk import narrowed
from hub.web.desk.named import names
from hub.web.pages import times
from hub.web.pages.door import STAFF, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

PAGE = 50
_TWO_CLICKS_US = 60_000_000
"""How far apart two clicks on one form are one call; later it is a page that was found again."""
_STATUS = {"": 200, "used": 409}


async def show(visit: Visit) -> web.Response:
    """`GET /desk/notices`: by `call`, those before the notice `before`."""
    chosen, before = narrowed.read(visit, "/desk/notices", {"call": CALLS}), visit.asked("before")
    if before and not is_id(before):
        raise NotAvailable
    found = await notices.received(
        visit.hub, visit.who.home, call=chosen.text("call"), before=before or None, limit=PAGE + 1
    )
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
        chosen=chosen,
        calls=[(each, visit.say(f"notices.calls.{each}")) for each in CALLS],
        later=bool(before),
        following=chosen.address(before=rows[-1].id) if len(found) > PAGE else "",
        names=await names(visit),
    )


async def one(visit: Visit) -> web.Response:
    """`GET /desk/notices/{id}`: what it tells, whom to call, the calls that were made."""
    return await _page(visit, await _theirs(visit))


async def call(visit: Visit) -> web.Response:
    """`POST /desk/notices/{id}`: a call and how it ended (`outcome`); `at`: when, where it was not just now."""
    notice = await _theirs(visit)
    try:
        kept = await notices.called(visit.hub, notice, _told(visit, notice), by=visit.who.by)
    except Malformed as error:
        return await _page(visit, notice, wrong=error.field or "outcome")
    except Conflict as conflict:
        if conflict.detail_code != "idempotency-key-reused":
            raise
        return await _page(visit, notice, wrong="used")
    if visit.hub.clock.now() - kept.recorded_at > _TWO_CLICKS_US:
        return await _page(visit, notice, wrong="used")
    return see_other(f"/desk/notices/{notice.id}?kept=yes")


def _told(visit: Visit, notice: Notice) -> Told:
    form = visit.field("call", 32)
    if not is_id(form):
        raise Malformed("A call of the page.", field="outcome")
    return Told(form, visit.field("outcome", 20), calls.at_of(visit.hub, visit.field("at", 40), notice.at))


async def mistake(visit: Visit) -> web.Response:
    """`POST /desk/notices/{id}/calls/{call}/mistake`: it was entered by mistake."""
    notice, made = await _theirs(visit), visit.request.match_info["call"]
    with contextlib.suppress(Conflict):  # the second of two clicks
        await calls.mistake(visit.hub, notice.id, notice.member, made, by=visit.who.by)
    return see_other(f"/desk/notices/{notice.id}")


async def _theirs(visit: Visit) -> Notice:
    # INVARIANT: no-existence-leak. What was not disclosed to the own organization looks like none.
    found = await notices.one(visit.hub, visit.who.home, visit.request.match_info["id"])
    if found is None:
        raise NotAvailable
    return found


async def _page(visit: Visit, notice: Notice, wrong: str = "") -> web.Response:
    hub = visit.hub
    person = await referrals.person_of(hub, notice.submission, visit.who.home, visit.language)
    await viewing.note(hub, visit.who.by, "notice", notice.member, notice.id)
    return page(
        "notice.html", visit, status=_STATUS.get(wrong, 400), notice=notice, person=person, outcomes=OUTCOMES,
        wrong=wrong, call=new_id(), at=visit.field("at", 40), kept=bool(visit.asked("kept")),
        earliest=f"{times.local(notice.at, hub.zone):%Y-%m-%dT%H:%M}",
        latest=f"{times.local(hub.clock.now(), hub.zone):%Y-%m-%dT%H:%M}", names=await names(visit),
    )  # fmt: skip


PAGES = (
    Page("GET", "/desk/notices", show, STAFF),
    Page("GET", "/desk/notices/{id}", one, STAFF),
    Page("POST", "/desk/notices/{id}", call, STAFF),
    Page("POST", "/desk/notices/{id}/calls/{call}/mistake", mistake, STAFF),
)
