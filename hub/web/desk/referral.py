"""One referral on its page: what it waits for, what whoever asked would be told and why, the answers, their receipts.

One click is an answer: what it tells, and whether it may be told, stands beside it before it is given.
"""

from aiohttp import web

from hub.compliance import viewing
from hub.desk import answers, referrals, reports
from hub.desk.answers import ACTS, REASONS, Answer
from hub.desk.referrals import Standing
from hub.errors import Conflict, HubError, Malformed, NotAvailable, Outdated
from hub.web.desk.dated import dated
from hub.web.desk.named import names
from hub.web.pages import times
from hub.web.pages.door import ACT, STAFF, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

_VERSIONS = 9
"""Digits of a version."""


async def show(visit: Visit) -> web.Response:
    """`GET /desk/referrals/{id}`."""
    return await _page(visit, await _theirs(visit))


async def answer(visit: Visit) -> web.Response:
    """`POST /desk/referrals/{id}`: an answer (`act`), of the `version` that was seen."""
    found = await _theirs(visit)
    try:
        await answers.give(visit.hub, found.share, _answer(visit), by=visit.who.by)
    except (Conflict, Malformed, Outdated) as error:
        return await _page(visit, await _theirs(visit), problem=error)
    return see_other(f"/desk/referrals/{found.share.id}?answered=yes")


def _answer(visit: Visit) -> Answer:
    act = next((each for each in ACTS if each == visit.field("act")), None)
    version = visit.field("version", _VERSIONS)
    if act is None or not (version.isascii() and version.isdecimal()):
        raise Malformed("An answer of the page.", field="act")
    slot = answers.slot_of(visit.hub, visit.field("slot", 40)) if act == "slot" else None
    return Answer(int(version), act, visit.field("reason", 40) if act == "decline" else "", slot)


async def _theirs(visit: Visit) -> Standing:
    # INVARIANT: no-existence-leak. What was not disclosed to the own organization looks like none.
    found = await referrals.one(visit.hub, visit.who.home, visit.request.match_info["id"])
    if found is None:
        raise NotAvailable
    return found


async def _page(visit: Visit, found: Standing, problem: HubError | None = None) -> web.Response:
    hub, share = visit.hub, found.share
    person = await referrals.person(hub, share, visit.language)
    await viewing.note(hub, visit.who.by, "referral", share.member, share.id)
    return page(
        "referral.html",
        visit,
        status=problem.status if problem else 200,
        found=found,
        share=share,
        person=person,
        received=await referrals.received(hub, share),
        allowed=answers.allowed(share),
        early=share.slot is not None and hub.clock.now() < share.slot,
        foretold=await dated(visit, share.member, await answers.foretold(hub, share, visit.language)),
        told=await reports.told(hub, share),
        settles=bool(set(ACT) & set(visit.who.roles)) and visit.who.may_see(share.recipient),
        reasons=REASONS,
        names=await names(visit),
        answered=bool(visit.asked("answered")),
        wrong=problem.field if problem else "",
        said=_said(visit, problem),
        slot=visit.field("slot", 40),
        soonest=f"{times.local(hub.clock.now(), hub.zone):%Y-%m-%dT%H:%M}",
    )


def _said(visit: Visit, problem: HubError | None) -> str:
    """What is said of an answer that was not taken."""
    match problem:
        case None:
            return ""
        case Outdated():
            return visit.say("referral.outdated")
        case Malformed(field="slot"):
            return visit.say("referral.wrong_slot")
        case Malformed(field="reason"):
            return visit.say("referral.wrong_reason")
        case Conflict() if problem.detail_code == "answer-too-early":
            return visit.say("referral.too_early")
        case _:
            return visit.say("referral.out_of_order")


PAGES = (
    Page("GET", "/desk/referrals/{id}", show, STAFF),
    Page("POST", "/desk/referrals/{id}", answer, STAFF),
)
