"""Records of disclosures made outside of the hub at the desk: the list, one as it stands, what was told, taken back.

INVARIANT: no-existence-leak. A record of another organization looks like none.
"""

from typing import Any, get_args

from aiohttp import web

from hub import views
from hub.compliance import viewing
from hub.errors import Conflict, NotAvailable
from hub.explanations import explained
from hub.outside import corrections, listing, showing
from hub.outside.corrections import Mistake
from hub.storage import members
from hub.storage.member_facts import MemberFacts
from hub.web.desk.dated import dated
from hub.web.desk.named import names, parties
from hub.web.desk.outside_form import HELD
from hub.web.pages.door import ACT, STAFF, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

ROLES = (*STAFF, *ACT)
AT = "/desk/disclosures"


async def records(visit: Visit) -> web.Response:
    """`GET /desk/disclosures`: those of one's own organizations, what was recorded last at the top."""
    before = visit.asked("before")
    found = await listing.page(visit.hub, visit.who.scope, before)
    await viewing.listed(visit.hub, visit.who.by, "outside_records", (row["member_id"] for row in found.rows))
    following = f"{AT}?before={found.following}" if found.following else ""
    people = {row["id"]: await person(visit, row["member_id"]) for row in found.rows}
    return page(
        "outside_list.html", visit, rows=found.rows, people=people, names=await parties(visit), following=following,
        first=AT if before else "",
    )  # fmt: skip


async def show(visit: Visit) -> web.Response:
    """`GET /desk/disclosures/{id}`: the record as it stands; what was told is opened when asked for."""
    return await _record(visit, await codes(visit, visit.request.match_info["id"]))


async def told(visit: Visit) -> web.Response:
    """`POST /desk/disclosures/{id}/told`: what was told, opened; that somebody looked is on the ledger."""
    found = await codes(visit, visit.request.match_info["id"])
    seen = await showing.whole(visit.hub, found["id"], None, by=visit.who.by)
    if "HX-Request" in visit.request.headers:
        return page("told.html", visit, words=seen["words"])
    return await _record(visit, found, words=seen["words"] or {})


async def retract(visit: Visit) -> web.Response:
    """`POST /desk/disclosures/{id}/retract`: it was no disclosure, with why."""
    found, mistake = await codes(visit, visit.request.match_info["id"]), visit.field("mistake")
    known = next((each for each in get_args(Mistake) if each == mistake), None)
    if known is None:
        return await _record(visit, found, problem=visit.say("outside.no_mistake"), status=400)
    try:
        await corrections.retract(visit.hub, found["id"], known, organization=found["discloser"], by=visit.who.by)
    except Conflict:
        return await _record(
            visit,
            await codes(visit, visit.request.match_info["id"]),
            problem=visit.say("outside.stands_no_more"),
            status=409,
        )
    return see_other(f"{AT}/{found['id']}")


async def codes(visit: Visit, disclosure: str) -> dict[str, Any]:
    """How a record stands. Raises `NotAvailable` for one of another organization."""
    found = await showing.codes(visit.hub, disclosure)
    if found is None or not visit.who.may_see(found["discloser"]):
        raise NotAvailable
    return found


async def person(visit: Visit, member: str) -> MemberFacts | None:
    """Whom it is about; none if none of one's organizations has to do with them any more, or they are forgotten."""
    links = await members.links_of(visit.hub, member)
    if not any(visit.who.may_see(organization) for organization, _ in links):
        return None
    try:
        return await members.facts_of(visit.hub, member)
    except NotAvailable:
        return None


async def _record(
    visit: Visit, found: dict[str, Any], *, words: Any = None, problem: str = "", status: int = 200
) -> web.Response:
    said = await explained(visit.hub, await views.decision(visit.hub, found["decision_id"], None), visit.language)
    await viewing.note(visit.hub, visit.who.by, "entry", found["member"], found["id"])
    return page(
        "outside_shown.html", visit, status=status, recorded=found | {"by": await _by(visit, found), "places": {}},
        decision=await dated(visit, found["member"], said), names=await parties(visit), problem=problem, words=words,
        mistakes=get_args(Mistake), held=HELD,
        item=found["items"], officer=bool(set(ACT) & set(visit.who.roles)), facts=await person(visit, found["member"]),
    )  # fmt: skip


async def _by(visit: Visit, found: dict[str, Any]) -> str:
    return (await names(visit)).person(found["recorded_by"])


PAGES = (
    Page("GET", AT, records, ROLES),
    Page("GET", f"{AT}/{{id}}", show, ROLES),
    Page("POST", f"{AT}/{{id}}/told", told, ROLES),
    Page("POST", f"{AT}/{{id}}/retract", retract, ROLES),
)
