"""What came in, on the pages: the list, one arrival with its pages or documents, and why it waits.

Rules kept here: whatever a stranger sent is shown as text or as pictures made here, or downloaded, never opened by
the browser; file names say nothing. Every look is on the ledger.
INVARIANT: no-existence-leak. Outside of the scope an arrival looks like none.
"""

from typing import Any

from aiohttp import web

from hub.arrivals import ArrivedPacket, ArrivedUpdate
from hub.compliance import viewing
from hub.desk import arrivals, log, projection
from hub.desk.arrivals import CHANNELS, STATES, Listed
from hub.errors import NotAvailable
from hub.inbound import belonging, keep, paper
from hub.inbound.keep import Kept
from hub.model import MessageKind, is_id
from hub.waiting.items import CLOSING
from hub.web.desk import narrowed
from hub.web.desk.named import names
from hub.web.pages import arrived
from hub.web.pages.door import ACT, READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit
from policies.vocabulary import CLASSES, PURPOSES


async def listing(visit: Visit) -> web.Response:
    """`GET /desk/inbound`: by `state` (waiting unless said) and `channel`; `after` an id is the next page."""
    chosen = narrowed.read(visit, "/desk/inbound", {"state": STATES, "channel": CHANNELS})
    state, channel, after = chosen.text("state") or STATES[0], chosen.text("channel"), visit.asked("after")
    if after and not is_id(after):
        raise NotAvailable
    found = await arrivals.listing(visit.hub, Listed(state, channel, after), visit.who.scope)
    shown = found[: arrivals.LIMIT]
    await viewing.listed(visit.hub, visit.who.by, "inbound", (), [each["id"] for each in shown])
    return page(
        "inbound_results.html" if "HX-Request" in visit.request.headers else "inbound.html",
        visit, arrivals=shown, chosen=chosen, state=state, channel=channel, states=STATES, channels=CHANNELS,
        names=await names(visit), why=lambda code: arrived.why(visit.language, code), later=bool(after),
        following=chosen.address(after=shown[-1]["id"]) if len(found) > arrivals.LIMIT else "",
    )  # fmt: skip


async def show(visit: Visit) -> web.Response:
    """`GET /desk/inbound/{id}`: what was read in it, why it waits, what may be done."""
    return await shown(visit, await looked(visit))


async def picture(visit: Visit) -> web.Response:
    """`GET /desk/inbound/{id}/pages/{number}`: a page of paper, drawn here."""
    kept, number = await looked(visit), visit.request.match_info["number"]
    return web.Response(body=await paper.picture(kept.arrival, int(number[:5])), content_type="image/png")


async def document(visit: Visit) -> web.Response:
    """`GET /desk/inbound/{id}/documents/{number}`: the document, counted from 1, to keep and not to open here."""
    kept, number = await looked(visit), int(visit.request.match_info["number"][:5])
    packet = kept.arrival.content
    if not isinstance(packet, ArrivedPacket) or not 1 <= number <= len(packet.documents):
        raise NotAvailable
    return _download(packet.documents[number - 1].content, f"document-{number}")


async def raw(visit: Visit) -> web.Response:
    """`GET /desk/inbound/{id}/raw`: as it was received."""
    return _download((await looked(visit)).arrival.raw, "arrival")


async def theirs(visit: Visit) -> Kept:
    """The arrival, if it is within the scope. Raises `NotAvailable`."""
    kept = await keep.standing(visit.hub, visit.request.match_info["id"])
    if not visit.who.may_see(kept.organization or ""):
        raise NotAvailable
    return kept


async def looked(visit: Visit) -> Kept:
    """The same; the look is on the ledger."""
    kept = await theirs(visit)
    await viewing.note(visit.hub, visit.who.by, "arrival", None, kept.id)
    return kept


async def shown(visit: Visit, kept: Kept, *, problem: str = "", status: int = 200) -> web.Response:
    """The page of one arrival, with what was typed so far."""
    arrival, packet = kept.arrival, kept.arrival.content
    known = await names(visit)
    own = {kept.organization: known.organization(kept.organization)} if kept.organization else known.organizations
    return page(
        "arrival.html",
        visit,
        status=status,
        kept=kept,
        packet=packet if isinstance(packet, ArrivedPacket) else None,
        update=packet if isinstance(packet, ArrivedUpdate) else None,
        paper=packet is None and arrival.media_type in paper.PAPER,
        pages=await paper.pages_in(arrival),
        why=arrived.why(visit.language, kept.code),
        what_to_do=arrived.what_to_do(visit.language, kept.code),
        problem=problem,
        given={name: many[0] for name, many in visit.form.items()},
        chosen=visit.form.get("recipients", []),
        own=own,
        names=known,
        kinds=[str(each) for each in MessageKind],
        purposes=sorted(PURPOSES),
        informations=sorted(CLASSES),
        closes=CLOSING,
        belongs=belonging.looks_for_one(kept),
        earlier=await belonging.candidates(visit.hub, kept),
        acts=bool(set(ACT) & set(visit.who.roles)) and kept.state == "waiting",
        position=await _position(visit, kept),
    )


async def _position(visit: Visit, kept: Kept) -> Any:
    """Where the log has what it became."""
    if kept.state != "submitted" or not kept.reference:
        return None
    await projection.catch_up(visit.hub)
    found = await log.rows_of(visit.hub, kept.reference, visit.who.scope)
    return found[0]["position"] if found else None


def _download(content: bytes, name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": "sandbox"}
    return web.Response(body=content, content_type="application/octet-stream", headers=headers)


PAGES = (
    Page("GET", "/desk/inbound", listing, READ),
    Page("GET", "/desk/inbound/{id}", show, READ),
    Page("GET", r"/desk/inbound/{id}/pages/{number:\d+}", picture, READ),
    Page("GET", r"/desk/inbound/{id}/documents/{number:\d+}", document, READ),
    Page("GET", "/desk/inbound/{id}/raw", raw, READ),
)
