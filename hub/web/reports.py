"""Where providers report: no token, because a report proves itself; the answer tells nothing."""

from aiohttp import web

from hub import reports
from hub.web.access import HUB, PUBLIC, Route
from hub.web.body import read_body


async def take(request: web.Request) -> web.Response:
    """`POST /v1/reports/{provider}`: an authentic report, new or repeated, about something known or not."""
    body = await read_body(request, reports.MAX_BYTES)
    await reports.take(request.app[HUB], request.match_info["provider"], request.headers, body)
    return web.Response(status=204)


ROUTES = (Route("POST", "/v1/reports/{provider}", take, PUBLIC),)
