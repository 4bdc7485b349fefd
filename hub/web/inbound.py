"""What came in by mail, fax, HL7 v2 or file and waits for a person: seen, matched to a member, or closed.

Every look is on the ledger. INVARIANT: no-existence-leak: somebody else's arrival looks like none.
"""

from typing import Any

from aiohttp import web

from hub.arrivals import ArrivedPacket
from hub.errors import Malformed, NotAvailable
from hub.inbound import belonging, paper, people
from hub.inbound.keep import Kept
from hub.inbound.paper import Sorting
from hub.inbound.people import Closing
from hub.model import Frozen
from hub.web.access import HUB, PEOPLE, Route, who_calls
from hub.web.body import json_response, read_json
from hub.web.paging import page_of

_STATES = ("taken", "submitted", "proved", "waiting", "unmatched", "closed")


class Matching(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sender: str
    """The organization that sent it."""
    member: str
    paper: Sorting | None = None
    """What a person read on pages that no machine can read."""


class Attaching(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    submission: str
    """The earlier notice or referral, one of `belongs_to`."""


class ClosingArrival(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Closing
    member: str | None = None
    """With whom it is filed."""


async def listing(request: web.Request) -> web.Response:
    """`GET /v1/inbound`: by `state`, `waiting` unless said; compliance sees every organization's and nobody's."""
    page, state = page_of(request), request.query.get("state", "waiting")
    if state not in _STATES:
        raise Malformed("Unknown state.", field="state")
    rows = await people.listed(
        request.app[HUB], organization=_organization(request), state=state, before=page.before, limit=page.limit
    )
    return json_response(page.of(rows))


async def show(request: web.Request) -> web.Response:
    """`GET /v1/inbound/{id}`: what was read in it; the look itself is on the ledger."""
    kept = await _looked(request)
    earlier = await belonging.candidates(request.app[HUB], kept)
    return json_response(await _view(kept) | {"belongs_to": [each._asdict() for each in earlier]})


async def raw(request: web.Request) -> web.Response:
    """`GET /v1/inbound/{id}/raw`: as it was received."""
    kept = await _looked(request)
    # Never shown by a browser: the bytes are a stranger's.
    headers = {"Content-Disposition": "attachment"}
    return web.Response(body=kept.arrival.raw, content_type="application/octet-stream", headers=headers)


async def page(request: web.Request) -> web.Response:
    """`GET /v1/inbound/{id}/pages/{number}`: a page of paper as a picture; the look is on the ledger."""
    number = request.match_info["number"]
    if not number.isascii() or not number.isdecimal() or len(number) > 4:
        raise NotAvailable
    kept = await _looked(request)
    return web.Response(body=await paper.picture(kept.arrival, int(number)), content_type="image/png")


async def match(request: web.Request) -> web.Response:
    """`POST /v1/inbound/{id}/match`: whose it is; it becomes the sender's submission."""
    given, who = await read_json(request, Matching), who_calls(request)
    submission = await people.match(
        request.app[HUB], request.match_info["id"], given.sender, given.member,
        organization=_organization(request), by=who.by, sorting=given.paper,
    )  # fmt: skip
    return json_response({"id": submission, "status": f"/v1/submissions/{submission}"}, 202)


async def attach(request: web.Request) -> web.Response:
    """`POST /v1/inbound/{id}/attach`: which earlier notice or referral it belongs to; it goes to those who know it."""
    given, who = await read_json(request, Attaching), who_calls(request)
    submission = await belonging.attach(
        request.app[HUB], request.match_info["id"], given.submission, organization=_organization(request), by=who.by
    )
    return json_response({"id": submission, "status": f"/v1/submissions/{submission}"} if submission else {}, 202)


async def close(request: web.Request) -> web.Response:
    """`POST /v1/inbound/{id}/close`: it goes no further."""
    given = await read_json(request, ClosingArrival)
    await people.close(
        request.app[HUB], request.match_info["id"], given.reason,
        organization=_organization(request), by=who_calls(request).by, member=given.member,
    )  # fmt: skip
    return web.Response(status=204)


ROUTES = (
    Route("GET", "/v1/inbound", listing, PEOPLE),
    Route("GET", "/v1/inbound/{id}", show, PEOPLE),
    Route("GET", "/v1/inbound/{id}/raw", raw, PEOPLE),
    Route("GET", "/v1/inbound/{id}/pages/{number}", page, PEOPLE),
    Route("POST", "/v1/inbound/{id}/match", match, PEOPLE),
    Route("POST", "/v1/inbound/{id}/attach", attach, PEOPLE),
    Route("POST", "/v1/inbound/{id}/close", close, PEOPLE),
)


def _organization(request: web.Request) -> str | None:
    who = who_calls(request)
    return None if who.sees_all else who.organization


async def _looked(request: web.Request) -> Kept:
    return await people.look(
        request.app[HUB], request.match_info["id"], organization=_organization(request), by=who_calls(request).by
    )


async def _view(kept: Kept) -> dict[str, Any]:
    arrival, packet = kept.arrival, kept.arrival.content
    seen: dict[str, Any] = {
        "id": kept.id,
        "channel": arrival.channel,
        "organization": kept.organization,
        "address": arrival.address,
        "state": kept.state,
        "code": kept.code,
        "reference": kept.reference,
        "received_at": kept.received_at,
        "media_type": arrival.media_type,
        "size": len(arrival.raw),
        "claimed": arrival.claimed,
        "pages": await paper.pages_in(arrival),
    }
    if isinstance(packet, ArrivedPacket):
        person = packet.person
        seen |= {
            "kind": packet.kind,
            "purpose": packet.purpose,
            "person": {"given": person.given, "family": person.family, "born": person.born, "cin": person.cin},
            "documents": [
                {"id": d.id, "title": d.title, "media_type": d.media_type, "size": len(d.content)}
                for d in packet.documents
            ],
            "recipients": packet.recipients,
        }
    return seen
