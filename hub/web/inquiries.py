"""Asking a discloser about a person: 202 and its people will answer, or the neutral refusal."""

from aiohttp import web

from hub.errors import TooOften
from hub.inquiries import Asking, inquire
from hub.web.access import HUB, Route, who_calls
from hub.web.body import json_response, read_json

_A_MINUTE = 60
"""Questions a minute for each token: enough for people, too few to try all client index numbers."""


async def ask(request: web.Request) -> web.Response:
    """`POST /v1/inquiries`."""
    hub, who = request.app[HUB], who_calls(request)
    asking = await read_json(request, Asking)
    if not await hub.signals.allow(f"inquiry:{who.id}", _A_MINUTE, 60):
        raise TooOften("Too many questions in this minute.")
    return json_response({"id": await inquire(hub, who.organization, asking)}, 202)


ROUTES = (Route("POST", "/v1/inquiries", ask, ("sender", "staff")),)
