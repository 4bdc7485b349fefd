"""Work items over HTTP: what waits for a person, released or closed with a reason from a fixed list."""

from aiohttp import web

from hub.errors import Malformed
from hub.model import Frozen
from hub.release import Filter, Reason, close, list_work, release
from hub.web.access import HUB, PEOPLE, Route, who_calls
from hub.web.body import json_response, read_json
from hub.web.paging import page_of


class Settling(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


async def listing(request: web.Request) -> web.Response:
    """`GET /v1/work`: `state` open or closed, `kind`; compliance sees every organization's."""
    who, page = who_calls(request), page_of(request)
    state = request.query.get("state", "open")
    if state not in ("open", "closed"):
        raise Malformed("A work item is open or closed.", field="state")
    organization = None if who.sees_all else who.organization
    wanted = Filter(organization, state, request.query.get("kind"), page.before, page.limit)
    return json_response(page.of(await list_work(request.app[HUB], wanted)))


async def let_go(request: web.Request) -> web.Response:
    """`POST /v1/work/{id}/release`: back into the queue, approved; decided again before anything leaves."""
    who = who_calls(request)
    given = await read_json(request, Settling)
    organization = None if who.sees_all else who.organization
    await release(request.app[HUB], request.match_info["id"], given.reason, organization=organization, by=who.by)
    return web.Response(status=204)


async def settle(request: web.Request) -> web.Response:
    """`POST /v1/work/{id}/close`."""
    who = who_calls(request)
    given = await read_json(request, Settling)
    organization = None if who.sees_all else who.organization
    await close(request.app[HUB], request.match_info["id"], given.reason, organization=organization, by=who.by)
    return web.Response(status=204)


ROUTES = (
    Route("GET", "/v1/work", listing, PEOPLE),
    Route("POST", "/v1/work/{id}/release", let_go, PEOPLE),
    Route("POST", "/v1/work/{id}/close", settle, PEOPLE),
)
