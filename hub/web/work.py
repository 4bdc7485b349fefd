"""Work items over HTTP: what waits for a person, looked at, taken, closed, approved or released by two.

Reasons are from a fixed list.
"""

from aiohttp import web

from hub.errors import Malformed
from hub.model import Frozen, only
from hub.waiting import another_way, approvals, items, proposals
from hub.waiting import listing as waiting
from hub.waiting.listing import Filter
from hub.waiting.proposals import Reason
from hub.web.access import HUB, PEOPLE, Route, scope_of, who_calls
from hub.web.body import json_response, read_json
from hub.web.letters import language_of, pdf_response
from hub.web.log import moment_of
from hub.web.paging import page_of


class Settling(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


class Assigning(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    to: str | None = None
    """The id of their token; none: whoever asks."""


class Rerouting(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    endpoint: str | None = None
    """One of the item's `ways`; none: the first."""


async def listing(request: web.Request) -> web.Response:
    """`GET /v1/work`: newest first; `state` open or closed, `kind`, `mine`, `escalated`, `overdue`, `until` (waiting
    since then or longer); `total`: how many these filters leave. Compliance sees every organization's.
    """
    hub, who, page = request.app[HUB], who_calls(request), page_of(request)
    state, kind = request.query.get("state", "open"), request.query.get("kind")
    if state not in ("open", "closed"):
        raise Malformed("A work item is open or closed.", field="state")
    wanted = Filter(
        scope_of(request),
        state,
        only(kind),
        assigned_to=who.by if request.query.get("mine") == "true" else "",
        escalated=request.query.get("escalated") == "true",
        overdue=request.query.get("overdue") == "true",
        until=moment_of(request, "until"),
    )
    found = await waiting.newest(hub, wanted, before=page.before, limit=page.limit)
    return json_response(page.of(found) | {"total": await waiting.total(hub, wanted)})


async def show(request: web.Request) -> web.Response:
    """`GET /v1/work/{id}`: with the evidence behind the disclosure; the look itself is on the ledger."""
    return json_response(
        await items.show(
            request.app[HUB], request.match_info["id"], organization=_organization(request), by=who_calls(request).by
        )
    )


async def take(request: web.Request) -> web.Response:
    """`POST /v1/work/{id}/assign`: to a person who sees it, by default whoever asks."""
    given = await read_json(request, Assigning)
    await items.assign(
        request.app[HUB],
        request.match_info["id"],
        given.to,
        organization=_organization(request),
        by=who_calls(request).by,
    )
    return web.Response(status=204)


async def approve(request: web.Request) -> web.Response:
    """`POST /v1/work/{id}/approve`: one person's approval; a court's order needs two, neither of whom handed it in."""
    found = await approvals.approve(
        request.app[HUB], request.match_info["id"], organization=_organization(request), by=who_calls(request).by
    )
    return json_response(found._asdict())


async def propose(request: web.Request) -> web.Response:
    """`POST /v1/work/{id}/propose`: a release, for another person to confirm."""
    given = await read_json(request, Settling)
    await proposals.propose(
        request.app[HUB],
        request.match_info["id"],
        given.reason,
        organization=_organization(request),
        by=who_calls(request).by,
    )
    return web.Response(status=204)


async def confirm(request: web.Request) -> web.Response:
    """`POST /v1/work/{id}/confirm`: by another person: back into the queue, decided again before anything leaves."""
    await proposals.confirm(
        request.app[HUB], request.match_info["id"], organization=_organization(request), by=who_calls(request).by
    )
    return web.Response(status=204)


async def unpropose(request: web.Request) -> web.Response:
    """`POST /v1/work/{id}/unpropose`: taken back, or refused."""
    await proposals.withdraw(
        request.app[HUB], request.match_info["id"], organization=_organization(request), by=who_calls(request).by
    )
    return web.Response(status=204)


async def settle(request: web.Request) -> web.Response:
    """`POST /v1/work/{id}/close`: done with; as an `incident`, what a review found is assessed next (§2.16(b))."""
    given = await read_json(request, Settling)
    await items.close(
        request.app[HUB],
        request.match_info["id"],
        given.reason,
        organization=_organization(request),
        by=who_calls(request).by,
    )
    return web.Response(status=204)


async def reroute(request: web.Request) -> web.Response:
    """`POST /v1/work/{id}/another-way`: to another verified address of the recipient; decided anew before it leaves."""
    given = await read_json(request, Rerouting)
    row = await another_way.choose(
        request.app[HUB],
        request.match_info["id"],
        given.endpoint,
        organization=_organization(request),
        by=who_calls(request).by,
    )
    return json_response({"id": row}, 202)


async def recall_letter(request: web.Request) -> web.Response:
    """`GET /v1/work/{id}/recall`: a letter, `language` en or es, that asks for a misdirected fax back. It is sent
    nowhere.
    """
    from hub.compliance.letters import recall  # noqa: PLC0415 - fpdf2: 20 MiB, and a third of the start

    made = await recall.recall(
        request.app[HUB],
        request.match_info["id"],
        language_of(request),
        organization=_organization(request),
        by=who_calls(request).by,
    )
    return pdf_response(made.pdf, made.digest)


def _organization(request: web.Request) -> str | None:
    who = who_calls(request)
    return None if who.sees_all else who.organization


ROUTES = (
    Route("GET", "/v1/work", listing, PEOPLE),
    Route("GET", "/v1/work/{id}", show, PEOPLE),
    Route("GET", "/v1/work/{id}/recall", recall_letter, PEOPLE),
    Route("POST", "/v1/work/{id}/assign", take, PEOPLE),
    Route("POST", "/v1/work/{id}/approve", approve, PEOPLE),
    Route("POST", "/v1/work/{id}/propose", propose, PEOPLE),
    Route("POST", "/v1/work/{id}/confirm", confirm, PEOPLE),
    Route("POST", "/v1/work/{id}/unpropose", unpropose, PEOPLE),
    Route("POST", "/v1/work/{id}/another-way", reroute, PEOPLE),
    Route("POST", "/v1/work/{id}/close", settle, PEOPLE),
)
