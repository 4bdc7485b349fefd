"""Decisions with their explanation, and disclosures made and received."""

from aiohttp import web

from hub import views
from hub.bases import emergencies
from hub.explanations import explained
from hub.storage.members import links_of
from hub.web.access import HUB, PEOPLE, Route, note_view, who_calls
from hub.web.body import json_response
from hub.web.paging import page_of


async def show(request: web.Request) -> web.Response:
    """`GET /v1/decisions/{id}`: for the discloser's people and compliance; `language` en or es."""
    hub, who, decision = request.app[HUB], who_calls(request), request.match_info["id"]
    view = await views.decision(hub, decision, None if who.sees_all else who.organization)
    if view["member"] is not None:
        await note_view(hub, who, "decision", view["member"], decision)
    return json_response(await explained(hub, view, request.query.get("language", "en")))


async def disclosures(request: web.Request) -> web.Response:
    """`GET /v1/disclosures`: those the caller's organization made or received; compliance sees all."""
    hub, who, page = request.app[HUB], who_calls(request), page_of(request)
    member = request.query.get("member")
    rows = await views.disclosures(
        hub,
        viewer=None if who.sees_all else who.organization,
        member=member,
        before=page.before,
        limit=page.limit,
    )
    # Only for somebody there is, or of whom something was shown: an entry about nobody would say nothing.
    if member is not None and (rows or (who.sees_all and await links_of(hub, member))):
        await note_view(hub, who, "disclosures", member, member)
    return json_response(page.of(rows))


async def emergency(request: web.Request) -> web.Response:
    """`GET /v1/disclosures/{id}/emergency`: the record of §2.51(c), for the discloser's people and compliance."""
    hub, who = request.app[HUB], who_calls(request)
    organization = None if who.sees_all else who.organization
    found = await emergencies.record(hub, request.match_info["id"], organization=organization, by=who.by)
    return json_response(found)


ROUTES = (
    Route("GET", "/v1/decisions/{id}", show, PEOPLE),
    Route("GET", "/v1/disclosures", disclosures),
    Route("GET", "/v1/disclosures/{id}/emergency", emergency, PEOPLE),
)
