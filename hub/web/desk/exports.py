"""Exports from the desk: what the log shows, as a file with a signed note."""

import tempfile
from typing import BinaryIO, cast

from aiohttp import web

from hub.compliance.exports import make
from hub.compliance.exports.forms import FORMS
from hub.desk import export, projection
from hub.errors import NotAvailable
from hub.web import exports
from hub.web.desk import asked as asking
from hub.web.pages.door import READ, Page
from hub.web.pages.visit import Visit

_SPOOL = 1 << 20
"""Bytes that stay in memory; what is larger goes through an unlinked file."""


async def shown(visit: Visit) -> web.StreamResponse:
    """`GET /desk/log/export.{form}`: with the filters of the log's address."""
    form = visit.request.match_info["form"]
    if form not in FORMS:
        raise NotAvailable
    asked = asking.read(visit.request.query, visit.hub.zone)
    await projection.catch_up(visit.hub)
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spooled:
        out = cast("BinaryIO", spooled)
        making = export.write(visit.hub, asked.wanted, visit.who.scope, form, out, by=visit.who.by)
        made = await exports.while_connected(visit.request, making)
        return await exports.sent(visit.request, out, made, f"disclosures.{form}", f"/desk/exports/{made.id}/note")


async def note(visit: Visit) -> web.Response:
    """`GET /desk/exports/{id}/note`: the note that vouches for an export."""
    scope = visit.who.scope
    whose = None if scope is None else " ".join(sorted(scope))
    text = await make.note_of(visit.hub, visit.request.match_info["id"], whose)
    return web.Response(text=text, content_type="text/plain", charset="utf-8")


PAGES = (
    Page("GET", "/desk/log/export.{form}", shown, READ),
    Page("GET", "/desk/exports/{id}/note", note, READ),
)
