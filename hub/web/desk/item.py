"""One work item on its page: why it waits, what it is about, what was written, and what may be done with it.

Rules kept here: a release takes two people, a court's order two approvals; free text is sealed; reasons are fixed.
"""

from collections.abc import Mapping
from typing import Any, get_args

from aiohttp import web

from hub.bases.reviews import REVIEWS
from hub.desk import lacked, log, notes, projection, rows
from hub.errors import Malformed, NotAvailable
from hub.forms.own import LANGUAGES
from hub.inbound.settle import WORK
from hub.model import Doubt
from hub.people import persons
from hub.storage.statements import Lookup
from hub.storage.tables import Outbox
from hub.waiting import another_way, approvals, items, lacking, proposals
from hub.waiting.doubts import QUALITY, STATION
from hub.waiting.items import CLOSING
from hub.waiting.proposals import Reason
from hub.waiting.settling import read_item
from hub.web.desk import stated
from hub.web.desk.named import colleagues, names
from hub.web.letters import pdf_response
from hub.web.pages.door import ACT, READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other

_ROW = Lookup(Outbox, ("submission_id", "recipient"), "id")
RELEASES: Mapping[str, tuple[str, ...]] = {
    "hold": ("reviewed", "corrected", "patient_request"),
    "unknown_outcome": ("confirmed_not_delivered",),
    "dead_letter": ("corrected",),
}
"""With which reasons an item of a kind goes back into the queue."""
CLOSES: Mapping[str, tuple[str, ...]] = {
    "hold": ("reviewed", "duplicate", "patient_request"),
    "legal": ("reviewed", "duplicate", "answered"),
    "unknown_outcome": ("confirmed_delivered", "confirmed_not_delivered"),
    "dead_letter": ("answered", "duplicate", "corrected"),
    WORK: CLOSING,
    lacking.KIND: (lacking.LET_BE,),
}
_ASTRAY = (STATION, QUALITY)
"""Kinds of items about pages that somebody else may hold."""
_REVIEWED, _ELSE = ("reviewed", "incident"), ("answered", "reviewed", "duplicate")


async def show(visit: Visit) -> web.Response:
    """`GET /desk/work/{id}`: with its evidence; that it was looked at is on the ledger."""
    return await _page(visit, await _item(visit))


async def take(visit: Visit) -> web.Response:
    """`POST /desk/work/{id}/take`: by oneself, or given to a colleague (`to`)."""
    item = await _item(visit)
    to = visit.field("to") or None
    await items.assign(visit.hub, item["id"], to, organization=item["organization_id"], by=visit.who.by)
    return _back(item)


async def note(visit: Visit) -> web.Response:
    """`POST /desk/work/{id}/note`."""
    item = await _item(visit)
    try:
        await notes.add(visit.hub, item["id"], visit.field("note", notes.MOST + 1), by=visit.who.by)
    except Malformed:
        return await _page(visit, item, problem=visit.say("work.note_empty"), status=400)
    return _back(item)


async def propose(visit: Visit) -> web.Response:
    """`POST /desk/work/{id}/propose`: a release, for another person to confirm."""
    item = await _item(visit)
    reason = _reason(visit, RELEASES.get(item["kind"], ()))
    await proposals.propose(visit.hub, item["id"], reason, organization=item["organization_id"], by=visit.who.by)
    await _kept(visit, item)
    return _back(item)


async def confirm(visit: Visit) -> web.Response:
    """`POST /desk/work/{id}/confirm`: the second person's word; decided again before anything leaves."""
    item = await _item(visit)
    await proposals.confirm(visit.hub, item["id"], organization=item["organization_id"], by=visit.who.by)
    return _back(item)


async def unpropose(visit: Visit) -> web.Response:
    """`POST /desk/work/{id}/unpropose`."""
    item = await _item(visit)
    await proposals.withdraw(visit.hub, item["id"], organization=item["organization_id"], by=visit.who.by)
    return _back(item)


async def approve(visit: Visit) -> web.Response:
    """`POST /desk/work/{id}/approve`: one of the approvals that a court's order needs."""
    item = await _item(visit)
    await approvals.approve(visit.hub, item["id"], organization=item["organization_id"], by=visit.who.by)
    await _kept(visit, item)
    return _back(item)


async def reroute(visit: Visit) -> web.Response:
    """`POST /desk/work/{id}/another-way`: to another of the recipient's verified addresses (`endpoint`)."""
    item = await _item(visit)
    way = visit.field("endpoint", 64) or None
    await another_way.choose(visit.hub, item["id"], way, organization=item["organization_id"], by=visit.who.by)
    return _back(item)


async def close(visit: Visit) -> web.Response:
    """`POST /desk/work/{id}/close`: settled, with a reason and what there is to say about it."""
    item = await _item(visit)
    reason = _reason(visit, closes(item["kind"]))
    await items.close(visit.hub, item["id"], reason, organization=item["organization_id"], by=visit.who.by)
    await _kept(visit, item)
    return _back(item)


async def recall(visit: Visit) -> web.Response:
    """`GET /desk/work/{id}/recall`: the letter that asks for a misdirected fax back, `in` a language."""
    item = await _item(visit)
    from hub.compliance.letters import recall  # noqa: PLC0415 - fpdf2: 20 MiB, and a third of the start

    language = next((each for each in LANGUAGES if each == visit.asked("in")), LANGUAGES[0])
    made = await recall.recall(visit.hub, item["id"], language, organization=item["organization_id"], by=visit.who.by)
    return pdf_response(made.pdf, made.digest)


def closes(kind: str) -> tuple[str, ...]:
    """With which reasons an item of a kind is settled."""
    return CLOSES.get(kind, _REVIEWED if kind in REVIEWS else _ELSE)


async def _page(visit: Visit, item: dict[str, Any], problem: str = "", status: int = 200) -> web.Response:
    hub, organization = visit.hub, item["organization_id"]
    seen = await items.show(hub, item["id"], organization=organization, by=visit.who.by)
    proposed, known = seen["proposal"], await names(visit)
    needed = await approvals.needed(hub, item["reference"])
    return page(
        "item.html",
        visit,
        status=status,
        item=seen,
        problem=problem,
        names=known,
        stated=stated.parts(visit, seen["evidence"], known),
        colleagues=await colleagues(visit, organization),
        notes=await notes.of(hub, item["id"]),
        mine=bool(proposed) and await persons.same(hub, visit.who.by, proposed["by"]),
        needed=needed,
        entry=await _entry(visit, item["reference"]),
        lacks=await lacked.of(hub, item["reference"], visit.language) if item["kind"] == lacking.KIND else None,
        releases=RELEASES.get(item["kind"], ()) if needed < 2 else (),
        closes=closes(item["kind"]),
        acts=bool(set(ACT) & set(visit.who.roles)),
        astray=item["kind"] in _ASTRAY or Doubt.OTHER_STATION in item["code"].split(),
    )


async def _item(visit: Visit) -> dict[str, Any]:
    # INVARIANT: no-existence-leak. Outside of the scope it looks like none.
    item = await read_item(visit.hub, visit.request.match_info["id"], None)
    if not visit.who.may_see(item["organization_id"]):
        raise NotAvailable
    return item


async def _entry(visit: Visit, reference: str) -> log.Row | None:
    """The row of the log that an item is about, if it is about one."""
    await projection.catch_up(visit.hub)
    position = await log.position_of(visit.hub, reference)
    if position is None and (found := await visit.hub.database.lookup(_ROW, reference)):
        position = await log.position_of(visit.hub, rows.refusal_of(*found[0]))
    return None if position is None else await log.row_at(visit.hub, position, visit.who.scope)


async def _kept(visit: Visit, item: dict[str, Any]) -> None:
    """What was written beside the reason."""
    if visit.field("note", notes.MOST):
        await notes.add(visit.hub, item["id"], visit.field("note", notes.MOST), by=visit.who.by)


def _reason(visit: Visit, allowed: tuple[str, ...]) -> Reason:
    given = visit.field("reason")
    if given not in allowed or given not in get_args(Reason):
        raise Malformed("This reason does not fit.", field="reason")
    return given  # type: ignore[return-value]


def _back(item: dict[str, Any]) -> web.Response:
    return see_other(f"/desk/work/{item['id']}")


PAGES = (
    Page("GET", "/desk/work/{id}", show, READ),
    Page("GET", "/desk/work/{id}/recall", recall, ACT),
    Page("POST", "/desk/work/{id}/take", take, ACT),
    Page("POST", "/desk/work/{id}/note", note, ACT),
    Page("POST", "/desk/work/{id}/propose", propose, ACT),
    Page("POST", "/desk/work/{id}/confirm", confirm, ACT),
    Page("POST", "/desk/work/{id}/unpropose", unpropose, ACT),
    Page("POST", "/desk/work/{id}/approve", approve, ACT),
    Page("POST", "/desk/work/{id}/another-way", reroute, ACT),
    Page("POST", "/desk/work/{id}/close", close, ACT),
)
