"""Notices that the caller's own organization was told of, over HTTP, and the calls that they ask for.

A plan's own system reads which discharges still ask for a call, and says how each ended. Who it is about, it has from
the notice itself: nothing here names anybody.
"""

from aiohttp import web

from hub.bases.checks import instant_of
from hub.desk import calls, notices
from hub.desk.calls import Outcome, Told
from hub.desk.notices import CALLS, Notice
from hub.errors import Malformed, NotAvailable
from hub.model import Frozen
from hub.web.access import HUB, Route, who_calls
from hub.web.body import check_key, json_response, read_json
from hub.web.paging import page_of

PATH = "/v1/notices"


class Calling(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a call ended, never what was said."""

    outcome: Outcome
    at: str | None = None
    """When, RFC 3339 with its offset; none: just now."""


async def listing(request: web.Request) -> web.Response:
    """`GET /v1/notices?call=`: newest first; `open`: a call is still owed, `tried`, `done`."""
    page, call = page_of(request), request.query.get("call", "")
    if call and call not in CALLS:
        raise Malformed("A call is open, tried or done.", field="call")
    organization = who_calls(request).organization
    found = await notices.received(request.app[HUB], organization, call=call, before=page.before, limit=page.limit)
    return json_response(page.of([notices.view(each) for each in found]))


async def show(request: web.Request) -> web.Response:
    """`GET /v1/notices/{id}`: one notice with its clock and its calls."""
    return json_response(notices.view(await _theirs(request)))


async def call(request: web.Request) -> web.Response:
    """`POST /v1/notices/{id}/calls`: how a call ended; 201 once it is durable."""
    hub, notice, by = request.app[HUB], await _theirs(request), who_calls(request).by
    key, given = check_key(request.headers.get("Idempotency-Key", "")), await read_json(request, Calling)
    at = None
    if given.at is not None:
        at = calls.checked(hub, int(instant_of("at", given.at).timestamp() * 1_000_000), notice.at)
    made = await notices.called(hub, notice, Told(key, given.outcome, at), by=by)
    response = json_response(notices.call_view(made), 201)
    response.headers["Location"] = f"{PATH}/{notice.id}"
    return response


async def mistake(request: web.Request) -> web.Response:
    """`POST /v1/notices/{id}/calls/{call}/mistake`: it was entered by mistake; it stays, and does not count."""
    notice, made = await _theirs(request), request.match_info["call"]
    await calls.mistake(request.app[HUB], notice.id, notice.member, made, by=who_calls(request).by)
    return web.Response(status=204)


async def _theirs(request: web.Request) -> Notice:
    # INVARIANT: no-existence-leak. What was not disclosed to the own organization looks like none.
    found = await notices.one(request.app[HUB], who_calls(request).organization, request.match_info["id"])
    if found is None:
        raise NotAvailable
    return found


ROUTES = (
    Route("GET", PATH, listing),
    Route("GET", f"{PATH}/{{id}}", show),
    Route("POST", f"{PATH}/{{id}}/calls", call),
    Route("POST", f"{PATH}/{{id}}/calls/{{call}}/mistake", mistake),
)
