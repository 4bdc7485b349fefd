"""Exports over HTTP: a file of the log, an accounting or a register, and the signed note that vouches for it."""

import asyncio
import tempfile
from collections.abc import Coroutine
from typing import IO, Any

from aiohttp import web

from hub.compliance.exports import make
from hub.compliance.exports.forms import TYPES
from hub.compliance.exports.make import Made
from hub.compliance.exports.streams import Ask
from hub.compliance.exports.tables import LOOKS, TABLES
from hub.compliance.matters import REGISTERS
from hub.errors import Forbidden, Malformed, NotAvailable
from hub.web.access import HUB, PEOPLE, Route, own, who_calls
from hub.web.log import wanted_of

_CHUNK = 1 << 16
_LOOK_S = 0.5
"""How often it is looked whether anybody still waits."""
_SPOOL = 1 << 20
"""Bytes that stay in memory; what is larger goes through an unlinked file."""


async def export(request: web.Request) -> web.StreamResponse:
    """`GET /v1/exports/{kind}.{form}`: with the filters of the log, and `register` and `state` for matters."""
    hub, who = request.app[HUB], who_calls(request)
    kind, form = request.match_info["kind"], request.match_info["form"]
    if kind not in TABLES or form not in TYPES:
        raise NotAvailable
    if kind in ("views", LOOKS) and not who.sees_all:
        raise Forbidden("Who looked at what is for compliance.")
    ask = _asked(request)
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as out:
        making = make.make(hub, kind, form, ask, out, by=who.by)  # type: ignore[arg-type]
        made = await while_connected(request, making)
        return await sent(request, out, made, f"{kind}.{form}", f"/v1/exports/{made.id}/note")


async def while_connected(request: web.Request, making: Coroutine[Any, Any, Made]) -> Made:
    """What is made for somebody who still waits for it. Who went away ends the making; nothing of it is left."""
    task = asyncio.ensure_future(making)
    try:
        while not (await asyncio.wait({task}, timeout=_LOOK_S))[0]:
            if request.transport is None or request.transport.is_closing():
                raise NotAvailable
        return task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})


async def sent(request: web.Request, out: IO[bytes], made: Made, name: str, note: str) -> web.StreamResponse:
    """The file as an attachment, with the address of the note that vouches for it."""
    size = out.seek(0, 2)
    out.seek(0)
    headers = {
        "Content-Type": TYPES[name.rpartition(".")[2]],
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(size),
        "Cache-Control": "no-store",
        "Digest-SHA-256": made.digest,
        "Link": f'<{note}>; rel="describedby"',
        "X-Content-Type-Options": "nosniff",
    }
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    while chunk := out.read(_CHUNK):
        await response.write(chunk)
    await response.write_eof()
    return response


async def note(request: web.Request) -> web.Response:
    """`GET /v1/exports/{id}/note`: the signed note of an export."""
    text = await make.note_of(request.app[HUB], request.match_info["id"], own(request))
    return web.Response(text=text, content_type="text/plain", charset="utf-8")


def _asked(request: web.Request) -> Ask:
    register, state = request.query.get("register"), request.query.get("of")
    if register is not None and register not in REGISTERS:
        raise Malformed("No register has this name.", field="register")
    if state not in (None, "open", "closed"):
        raise Malformed("A matter is open or closed.", field="of")
    return Ask(wanted_of(request, frozenset({"register", "of"})), state, register)


ROUTES = (
    Route("GET", "/v1/exports/{kind}.{form}", export, PEOPLE),
    Route("GET", "/v1/exports/{id}/note", note, PEOPLE),
)
