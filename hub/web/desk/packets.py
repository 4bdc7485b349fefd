"""The packets that one's own organization handed in: the list of late, and the receipt of each, with its taking back.

INVARIANT: no-existence-leak. Somebody else's packet looks like none.
"""

from typing import Any

from aiohttp import web

from hub import views
from hub.compliance import viewing
from hub.desk import packets
from hub.desk.heard import heard
from hub.desk.packets import STATES, in_share, item_word, stands
from hub.errors import Conflict, NotAvailable
from hub.explanations import explained
from hub.model import is_id
from hub.storage import members, submissions
from hub.storage.member_facts import MemberFacts
from hub.waiting import withdrawal
from hub.web.desk import narrowed
from hub.web.desk.dated import dated
from hub.web.desk.named import names
from hub.web.pages.door import STAFF, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

_LOOKS = 8
"""How often a page that shows something under way looks again by itself, each time later than before."""


async def listing(visit: Visit) -> web.Response:
    """`GET /desk/packets`: newest first, by `state`; `after` the last one of the page before."""
    chosen = narrowed.read(visit, "/desk/packets", {"state": STATES})
    after = visit.asked("after")
    if after and not is_id(after):
        raise NotAvailable
    found = await packets.page(visit.hub, visit.who.home, chosen.text("state"), after)
    people = {each.id: await _person(visit, each.member) for each in found.rows}
    seen = [each.member for each in found.rows]
    await viewing.listed(visit.hub, visit.who.by, "submission", seen, [each.id for each in found.rows])
    return page(
        "packets_results.html" if "HX-Request" in visit.request.headers else "packets.html",
        visit, chosen=chosen, rows=found.rows, people=people, later=bool(after), names=await names(visit),
        following=chosen.address(after=found.rows[-1].id) if found.more else "", states=STATES,
    )  # fmt: skip


async def show(visit: Visit) -> web.Response:
    """`GET /desk/packets/{id}`: where each copy is now; what is under way is looked at again by itself."""
    return await _receipt(visit)


async def withdraw(visit: Visit) -> web.Response:
    """`POST /desk/packets/{id}/withdraw`: what has not left stays here."""
    submission = visit.request.match_info["id"]
    try:
        await withdrawal.withdraw(visit.hub, submission, organization=visit.who.home, by=visit.who.by)
    except Conflict:
        return await _receipt(visit, problem=visit.say("packet.gone"), status=409)
    return see_other(f"/desk/packets/{submission}")


async def _receipt(visit: Visit, problem: str = "", status: int = 200) -> web.Response:
    hub, submission = visit.hub, visit.request.match_info["id"]
    stored = await submissions.read(hub.database, submission)
    if stored is None or stored.sender != visit.who.home or stored.kind.value in submissions.RECORDS:
        raise NotAvailable
    view = await views.submission(hub, submission, visit.who.home)
    await viewing.note(hub, visit.who.by, "submission", stored.member, submission)
    looks = visit.asked("looks")
    looked = int(looks) if looks.isascii() and looks.isdigit() and len(looks) < 3 else 0
    copies = await _copies(visit, view["recipients"])
    return page(
        "packet_copies.html" if "HX-Request" in visit.request.headers else "packet.html",
        visit, status=status, packet=view, copies=copies, problem=problem, names=await names(visit),
        person=await _person(visit, stored.member), titles={each["id"]: each["title"] for each in view["items"]},
        kinds={each["id"]: each["information"] for each in view["items"]},
        looks=looked + 1, wait_s=2**looked,
        moving=looked < _LOOKS and any(each["stands"] in ("queued", "moving") for each in copies),
        takeable=any(each["state"] in withdrawal.STANDING for each in copies),
    )  # fmt: skip


async def _copies(visit: Visit, recipients: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each copy with where it stands, what of it is in it or stays, and why, in the words of its last decision."""
    ready = {each["recipient"] for each in recipients if each["share"] == "ready"}
    found = []
    for each in recipients:
        standing = stands(each["state"], each["code"])
        items: list[dict[str, Any]] = []
        said: dict[str, Any] = {"explanation": [], "remedies": []}
        if each["decisions"]:
            decision = await views.decision(visit.hub, each["decisions"][-1]["id"], visit.who.home)
            said = await dated(visit, decision["member"], await explained(visit.hub, decision, visit.language))
            items = [
                {**item, "word": item_word(standing, item)} for item in decision["items"]
                if in_share(each["share"], item, alone=each["recipient"] not in ready)
            ]  # fmt: skip
        last = each["deliveries"][-1] if each["deliveries"] else None
        answered = await heard(visit.hub, each["outbox"], visit.who.home, visit.language) if last else []
        found.append({**each, "stands": standing, "items": items, "last": last, "said": said, "heard": answered})
    return found


async def _person(visit: Visit, member: str | None) -> MemberFacts | None:
    """Whom it is about; none if the organization has nothing to do with them any more."""
    if member is None or not await members.may_see(visit.hub, visit.who.home, member):
        return None
    return await members.facts_of(visit.hub, member)


PAGES = (
    Page("GET", "/desk/packets", listing, STAFF),
    Page("GET", "/desk/packets/{id}", show, STAFF),
    Page("POST", "/desk/packets/{id}/withdraw", withdraw, STAFF),
)
