"""Breaking the glass over HTTP, with a person's token: stated, then read while it lasts; the acts of the desk."""

from typing import Any

import msgspec
from aiohttp import web

from hub import cadence
from hub.errors import NotAvailable
from hub.glass import acts, rules, sight
from hub.glass.acts import Act
from hub.glass.rules import Reader
from hub.model import Frozen
from hub.storage import members
from hub.web.access import HUB, PEOPLE, Route, who_calls
from hub.web.body import json_response, read_json
from hub.web.letters import language_of

_DESK_ROLE = {"admin": "administrator"}
"""Of tokens, where the setting's word for the role is another."""


class Breaking(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose records, by CIN, and why: a code of `hub.glass.rules.REASONS` and words, sealed."""

    cin: str
    reason: str
    words: str


async def begin(request: web.Request) -> web.Response:
    """`POST /v1/glass`: this will be reviewed; the same answer for a person known here and for anybody else."""
    hub, reader = request.app[HUB], _reader(request)
    given, started = await read_json(request, Breaking), cadence.clock()
    try:
        if not await rules.reasons(hub, reader):
            raise NotAvailable
        member = await members.find_by_cin(hub, given.cin)
        act = await acts.break_glass(hub, reader, member, given.reason, given.words)
    finally:
        await cadence.until_beat(started)
    found = await acts.running(hub, act, reader)
    return json_response(_view(found), 201)


async def show(request: web.Request) -> web.Response:
    """`GET /v1/glass/{id}`: the member's entries and consents, in `language`, while it lasts."""
    hub, reader = request.app[HUB], _reader(request)
    act = await acts.running(hub, request.match_info["id"], reader)
    seen = await sight.of(hub, act, language=language_of(request))
    identity = None if seen.identity is None else msgspec.to_builtins(seen.identity)
    return json_response(_view(act) | {"identity": identity, "entries": seen.entries, "consents": seen.consents})


async def end(request: web.Request) -> web.Response:
    """`POST /v1/glass/{id}/end`: nothing is opened by it any more."""
    await acts.end(request.app[HUB], request.match_info["id"], _reader(request))
    return web.Response(status=204)


def _reader(request: web.Request) -> Reader:
    who = who_calls(request)
    return Reader(who.by, (_DESK_ROLE.get(who.role, who.role),), who.organization, office=who.sees_all)


def _view(act: Act) -> dict[str, Any]:
    return {"id": act.id, "reason": act.reason, "until": act.until}


ROUTES = (
    Route("POST", "/v1/glass", begin, PEOPLE),
    Route("GET", "/v1/glass/{id}", show, PEOPLE),
    Route("POST", "/v1/glass/{id}/end", end, PEOPLE),
)
