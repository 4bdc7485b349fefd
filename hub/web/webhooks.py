"""An organization's own webhooks over HTTP: added, listed, given a new secret, removed."""

from aiohttp import web

from hub.model import Frozen
from hub.web.access import HUB, PEOPLE, Route, own, who_calls
from hub.web.body import json_response, read_json
from hub.webhooks import subscriptions
from hub.webhooks.subscriptions import EVENTS


class WebhookOrder(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str
    events: tuple[str, ...] = EVENTS


async def add(request: web.Request) -> web.Response:
    """`POST /v1/webhooks`: 201 with the secret, shown this once."""
    order, who = await read_json(request, WebhookOrder), who_calls(request)
    added = await subscriptions.add(request.app[HUB], who.organization, order.url, order.events, by=who.by)
    return json_response(added, 201)


async def listing(request: web.Request) -> web.Response:
    """`GET /v1/webhooks`."""
    return json_response({"items": await subscriptions.listed(request.app[HUB], own(request))})


async def rotate(request: web.Request) -> web.Response:
    """`POST /v1/webhooks/{id}/rotate`: a new secret; the one before it signs as well until the next."""
    secret = await subscriptions.rotate(
        request.app[HUB], request.match_info["id"], organization=own(request), by=who_calls(request).by
    )
    return json_response({"secret": secret})


async def remove(request: web.Request) -> web.Response:
    """`DELETE /v1/webhooks/{id}`."""
    await subscriptions.remove(
        request.app[HUB], request.match_info["id"], organization=own(request), by=who_calls(request).by
    )
    return web.Response(status=204)


ROUTES = (
    Route("POST", "/v1/webhooks", add, PEOPLE),
    Route("GET", "/v1/webhooks", listing, PEOPLE),
    Route("POST", "/v1/webhooks/{id}/rotate", rotate, PEOPLE),
    Route("DELETE", "/v1/webhooks/{id}", remove, PEOPLE),
)
