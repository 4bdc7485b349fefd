"""A pick-up in three steps: the link, the code, the document.

INVARIANT: no-existence-leak: whatever link opens nothing is one page, at one beat.
INVARIANT: metadata-is-content: nothing on a page, in an address or in the name of the file is about a person.
The language goes along in each page's links and forms; these pages set no cookie.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from aiohttp import web

from hub import cadence
from hub.context import Hub
from hub.errors import NotAvailable, TooOften
from hub.pickup import codes
from hub.pickup.collect import Waiting, hand_over, waiting
from hub.pickup.links import delivery_of
from hub.web.access import HUB, PUBLIC, Route
from hub.web.body import read_body
from hub.web.pages.assets import addresses
from hub.web.pages.render import HEADERS
from hub.web.pages.words import LANGUAGES, NAMES, language_of, say

if TYPE_CHECKING:
    from jinja2 import Template

FILE = "document.zip"
_MAX_BYTES = 1024
_PER_LINK = 20
"""Requests to one link in ten minutes: more is somebody who guesses."""


async def begin(request: web.Request) -> web.StreamResponse:
    """`GET /pickup/{token}`: what a mail scanner may open as well; nothing happens until somebody asks for a code."""
    started = cadence.clock()
    try:
        await _found(request)
    except NotAvailable:
        return await _nothing(request, started)
    return _page(request, "begin")


async def ask_code(request: web.Request) -> web.StreamResponse:
    """`GET /pickup/{token}/code`: where a code is typed, in another language or after a reload; none is mailed."""
    started = cadence.clock()
    try:
        await _found(request)
    except NotAvailable:
        return await _nothing(request, started)
    return _page(request, "code")


async def send_code(request: web.Request) -> web.StreamResponse:
    """`POST /pickup/{token}/code`: mails a code to the address that the notice went to."""
    started, hub = cadence.clock(), request.app[HUB]
    try:
        found = await _found(request)
    except NotAvailable:
        return await _nothing(request, started)
    if hub.pickup is not None:
        await hub.pickup.code(found.address, await codes.issue(hub, found.delivery, found.ticket.id))
    return _page(request, "code")


async def collect(request: web.Request) -> web.StreamResponse:
    """`POST /pickup/{token}`: with the right code the document, decided anew; else the page again."""
    started, hub = cadence.clock(), request.app[HUB]
    form = parse_qs((await read_body(request, _MAX_BYTES)).decode("ascii", "replace"))
    code = "".join(form.get("code", [""])[0].split())
    try:
        found = await _found(request)
        if not await codes.redeem(hub, found.delivery, found.ticket.id, code):
            return _page(request, "code", status=403, wrong=True)
        return await _handed(request, hub, found)
    except NotAvailable:
        return await _nothing(request, started)


ROUTES = (
    Route("GET", "/pickup/{token}", begin, PUBLIC),
    Route("GET", "/pickup/{token}/code", ask_code, PUBLIC),
    Route("POST", "/pickup/{token}/code", send_code, PUBLIC),
    Route("POST", "/pickup/{token}", collect, PUBLIC),
)


async def _found(request: web.Request) -> Waiting:
    hub, token = request.app[HUB], request.match_info["token"]
    # By the delivery, for the rest of a token can be spelled in two ways; a link that nobody was sent is not counted,
    # or guesses without end would fill the memory.
    delivery = delivery_of(hub.ring, token)
    if delivery is None:
        raise NotAvailable
    if not await hub.signals.allow(f"pickup:{delivery}", _PER_LINK, 600):
        raise TooOften("Too many requests for this link; try again later.")
    return await waiting(hub, token)


async def _handed(request: web.Request, hub: Hub, found: Waiting) -> web.StreamResponse:
    """The response is begun only once the intent is on the ledger (INVARIANT: no-silent-disclosure)."""
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{FILE}"'}
    response = web.StreamResponse(headers=headers)
    response.content_type = "application/zip"

    async def send(body: bytes) -> None:
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body)
        await response.write_eof()

    await hand_over(hub, found, send)
    return response


async def _nothing(request: web.Request, started: float) -> web.Response:
    await cadence.until_beat(started)
    return _page(request, "nothing", status=NotAvailable.status)


def _page(request: web.Request, step: str, *, status: int = 200, wrong: bool = False) -> web.Response:
    language = language_of(request.query.get("lang", ""), request.headers.get("Accept-Language", ""))
    text = _template().render(
        step=step,
        wrong=wrong,
        language=language,
        languages=[(each, NAMES[each]) for each in LANGUAGES],
        path=f"/pickup/{request.match_info['token']}",
        style=addresses()["desk.css"],
        say=lambda key: say(language, key),
    )
    return web.Response(status=status, text=text, content_type="text/html", headers=HEADERS)


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - with the first page

    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("pickup.html")
