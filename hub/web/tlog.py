"""The public ledger over HTTP (C2SP tlog-tiles): no token, nothing about a person; see `hub.ledger.published`.

What whom sees is in hub/crypto/LEDGER.md.
"""

from aiohttp import web

from hub.errors import Malformed
from hub.ledger import published
from hub.web.access import HUB, PUBLIC, Route
from hub.web.body import read_body

_MOST_NOTE = 64 * 1024
_IMMUTABLE = "public, max-age=31536000, immutable"


async def checkpoint(request: web.Request) -> web.Response:
    """`GET /tlog/checkpoint`: the newest published head, a signed note."""
    return web.Response(
        text=await published.head(request.app[HUB]),
        content_type="text/plain",
        charset="utf-8",
        headers={"Cache-Control": "public, max-age=5"},
    )


async def tile(request: web.Request) -> web.Response:
    """`GET /tlog/tile/{path}`: `<level>/<number>[.p/<width>]` or `entries/<number>[.p/<width>]`."""
    content = await published.tile(request.app[HUB], request.match_info["path"])
    return web.Response(
        body=content, content_type="application/octet-stream", headers={"Cache-Control": _IMMUTABLE}
    )  # fmt: skip


async def cosign(request: web.Request) -> web.Response:
    """`POST /tlog/cosignatures`: a published head with a witness's cosignature beneath it, as it is served."""
    try:
        note = (await read_body(request, _MOST_NOTE)).decode()
    except UnicodeDecodeError:
        raise Malformed("A signed note is UTF-8.") from None
    await published.cosign(request.app[HUB], note)
    return web.Response(status=204)


ROUTES = (
    Route("GET", "/tlog/checkpoint", checkpoint, PUBLIC),
    Route("GET", "/tlog/tile/{path:.+}", tile, PUBLIC),
    Route("POST", "/tlog/cosignatures", cosign, PUBLIC),
)
