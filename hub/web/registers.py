"""The registers over HTTP: matters opened, seen, brought on; the letters they end in.

An organization's people keep its own registers, compliance all of them. Every look at a matter is on the ledger.
"""

from aiohttp import web

from hub.compliance import deeds, matters, on_registers, viewing
from hub.compliance.matters import REGISTERS
from hub.compliance.on_registers import Listed
from hub.errors import Malformed, NotAvailable
from hub.web.access import HUB, PEOPLE, Route, own, scope_of, who_calls
from hub.web.body import MAX_JSON, json_response, read_body, read_json
from hub.web.letters import language_of, pdf_response
from hub.web.log import moment_of
from hub.web.paging import page_of


async def listing(request: web.Request) -> web.Response:
    """`GET /v1/matters?kind=&state=&member=&overdue=true&until=`: with their clocks, without what was written;
    `total`: how many these filters leave.
    """
    hub, page, kind = request.app[HUB], page_of(request), request.query.get("kind")
    state = request.query.get("state", "open")
    if state not in ("open", "closed", "any"):
        raise Malformed("A matter is open or closed; any: both.", field="state")
    if kind is not None and kind not in REGISTERS:
        raise Malformed("No register has this name.", field="kind")
    wanted = Listed(
        scope_of(request),
        kind,
        None if state == "any" else state,
        member=request.query.get("member"),
        overdue=request.query.get("overdue") == "true",
        until=moment_of(request, "until"),
        before=page.before,
        limit=page.limit,
    )
    found, total = await on_registers.listing(hub, wanted), await on_registers.total(hub, wanted)
    await viewing.shown(hub, who_calls(request).by, "registers", found)
    return json_response(page.of(found) | {"total": total})


async def show(request: web.Request) -> web.Response:
    """`GET /v1/matters/{id}`: with what was written about it, and its history."""
    found = await matters.show(request.app[HUB], request.match_info["id"], own(request), by=who_calls(request).by)
    return json_response(found)


async def enter(request: web.Request) -> web.Response:
    """`POST /v1/registers/{kind}`: a new matter. Compliance names whose it is: `?organization=`."""
    hub, who = request.app[HUB], who_calls(request)
    organization = request.query.get("organization", who.organization)
    if organization != who.organization and not who.sees_all:
        raise NotAvailable
    if organization not in (await hub.directory.current()).organizations:
        raise Malformed("No such organization in the directory.", field="organization")
    matter = await deeds.open_matter(hub, request.match_info["kind"], await _fields(request), organization, by=who.by)
    response = json_response({"id": matter}, 201)
    response.headers["Location"] = f"/v1/matters/{matter}"
    return response


async def act(request: web.Request) -> web.Response:
    """`POST /v1/matters/{id}/{deed}`: as `extend`, `assess`, `agree`; which ones, the register says."""
    await deeds.do(
        request.app[HUB],
        request.match_info["id"],
        request.match_info["deed"],
        await _fields(request),
        own(request),
        by=who_calls(request).by,
    )
    return web.Response(status=204)


async def letter(request: web.Request) -> web.Response:
    """`GET /v1/matters/{id}/letter`: as it would go out now; `about=extension`, or `member=` for a breach."""
    return await _letter(request, None)


async def answer(request: web.Request) -> web.Response:
    """`POST /v1/matters/{id}/letter`: the letter goes out; the request is answered, its clock met."""
    return await _letter(request, (await read_json(request, deeds.Reasoned)).reason)


async def _letter(request: web.Request, answering: str | None) -> web.Response:
    from hub.compliance.letters import send  # noqa: PLC0415 - fpdf2: 20 MiB, and a third of the start

    made = await send.letter(
        request.app[HUB],
        request.match_info["id"],
        own(request),
        by=who_calls(request).by,
        about=request.query.get("about"),
        member=request.query.get("member", ""),
        language=language_of(request),
        answer=answering,
    )
    return pdf_response(made.pdf, made.digest)


async def _fields(request: web.Request) -> bytes:
    if request.content_type != "application/json" and request.can_read_body:
        raise Malformed("This takes application/json.", field="$")
    return await read_body(request, MAX_JSON)


ROUTES = (
    Route("GET", "/v1/matters", listing, PEOPLE),
    Route("GET", "/v1/matters/{id}", show, PEOPLE),
    Route("GET", "/v1/matters/{id}/letter", letter, PEOPLE),
    Route("POST", "/v1/matters/{id}/letter", answer, PEOPLE),
    Route("POST", "/v1/matters/{id}/{deed}", act, PEOPLE),
    Route("POST", "/v1/registers/{kind}", enter, PEOPLE),
)
