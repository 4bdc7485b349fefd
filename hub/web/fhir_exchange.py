"""The FHIR read side: Task and ServiceRequest of referrals, Communication of what was sent, and what there is.

Status of a referral comes back here: its recipient moves the Task, which goes to the requester as a status report,
decided like any other; whoever moved it learns that it was taken, and nothing else. The requester reads the Task as the
reports that have reached them have it (`hub.desk.heard`).
"""

import re
from typing import Any

from aiohttp import web

from hub.desk.heard import as_heard
from hub.errors import Malformed, NotAvailable, Outdated
from hub.fhir import capability, communications, referral_moves, referrals, task_in
from hub.fhir.moves import STATUSES
from hub.fhir.referrals import Share, request_of, task_of
from hub.storage.tokens import Role
from hub.web import fhir as consents
from hub.web.access import ANYONE, HUB, PUBLIC, Route, note_view, own, who_calls
from hub.web.body import MAX_JSON
from hub.web.fhir_search import Asked
from hub.web.outcomes import FHIR, fhir, read_fhir

SEARCHES = {
    "Task": {"_id": "token", "status": "token", "patient": "reference", "requester": "reference", "owner": "reference"},
    "ServiceRequest": {"_id": "token", "patient": "reference", "requester": "reference", "performer": "reference"},
    "Communication": {
        "_id": "token", "patient": "reference", "sender": "reference", "recipient": "reference", "status": "token",
    },
    "AuditEvent": {
        "_id": "token", "_lastUpdated": "date", "date": "date", "patient": "reference", "agent": "reference",
        "type": "token", "outcome": "token", "entity": "reference",
    },
    "Consent": consents.SEARCH,
}  # fmt: skip
"""What each resource can be searched by."""
MOVERS: tuple[Role, ...] = ("sender", "staff")
_MATCH = re.compile(r'(?:W/)?"([0-9]{1,9})"')


async def metadata(request: web.Request) -> web.Response:
    """`GET /fhir/metadata`."""
    routes = {
        (route.method, route.resource.canonical)
        for route in request.app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith(FHIR) and route.method != "HEAD"
    }
    return fhir(capability.statement(sorted(routes), SEARCHES))


async def search_tasks(request: web.Request) -> web.Response:
    """`GET /fhir/Task`."""
    asked = Asked(request, SEARCHES["Task"])
    wanted = asked.codes("status", STATUSES)
    found = await _shares(request, asked, "owner")
    return _page(asked, found, lambda share: task_of(share) if not wanted or share.status in wanted else None)


async def search_requests(request: web.Request) -> web.Response:
    """`GET /fhir/ServiceRequest`."""
    asked = Asked(request, SEARCHES["ServiceRequest"])
    return _page(asked, await _shares(request, asked, "performer"), request_of)


async def read_task(request: web.Request) -> web.Response:
    """`GET /fhir/Task/{id}`."""
    return _versioned(task_of(await _read(request)))


async def read_request(request: web.Request) -> web.Response:
    """`GET /fhir/ServiceRequest/{id}`."""
    return _versioned(request_of(await _read(request)))


async def move_task(request: web.Request) -> web.Response:
    """`PUT /fhir/Task/{id}` with `If-Match`: another status or an appointment, by a party that may set it."""
    hub, who = request.app[HUB], who_calls(request)
    share = await _share(request, organization=who.organization)
    version = _MATCH.fullmatch(request.headers.get("If-Match", ""))
    if version is None:
        raise Malformed("An If-Match header with the version is needed.", code="if-match-missing", field="If-Match")
    raw = await read_fhir(request, MAX_JSON)
    seen = await as_heard(hub, share, who.organization)
    move = referral_moves.Move(int(version[1]), *task_in.stated(raw, task_of(seen), hub.zone))
    if move.version != (seen.version or 1):
        raise Outdated("The Task has another version by now; read it again.")
    moved = await referral_moves.move(
        hub, share, move._replace(version=share.version or 1), raw, who.organization, by=who.by
    )
    return _versioned(task_of(await as_heard(hub, moved, who.organization)))


async def search_communications(request: web.Request) -> web.Response:
    """`GET /fhir/Communication`."""
    asked = Asked(request, SEARCHES["Communication"])
    wanted = asked.codes("status", communications.STATUSES.values())
    found = await communications.communications(
        request.app[HUB], own(request), disclosure=asked.id("_id"), member=asked.id("patient", "Patient"),
        sender=asked.id("sender", "Organization"), recipient=asked.id("recipient", "Organization"),
        before=asked.cursor, limit=asked.count,
    )  # fmt: skip
    for each in found:
        await _seen(request, each["subject"]["reference"].removeprefix("Patient/"), each["id"])
    last = found[-1]["id"] if found else ""
    return asked.searchset(found, lambda each: each if not wanted or each["status"] in wanted else None, last)


async def read_communication(request: web.Request) -> web.Response:
    """`GET /fhir/Communication/{id}`."""
    found = await communications.communications(
        request.app[HUB], own(request), disclosure=request.match_info["id"], limit=1
    )
    if not found:
        raise NotAvailable
    await _seen(request, found[0]["subject"]["reference"].removeprefix("Patient/"), found[0]["id"])
    return fhir(found[0])


def _page(asked: Asked, found: list[Share], resource: Any) -> web.Response:
    return asked.searchset(found, resource, found[-1].id if found else "")


async def _shares(request: web.Request, asked: Asked, owner: str) -> list[Share]:
    found = await referrals.shares(
        request.app[HUB], own(request), share=asked.id("_id"), member=asked.id("patient", "Patient"),
        requester=asked.id("requester", "Organization"), owner=asked.id(owner, "Organization"),
        before=asked.cursor, limit=asked.count,
    )  # fmt: skip
    for share in found:
        await _seen(request, share.member, share.id)
    # INVARIANT: no-silent-disclosure. What a recipient answers is told to whoever asked by a report, or not at all.
    return [await as_heard(request.app[HUB], share, own(request)) for share in found]


async def _share(request: web.Request, organization: str | None = None) -> Share:
    viewer = organization or own(request)
    found = await referrals.shares(request.app[HUB], viewer, share=request.match_info["id"], limit=1)
    if not found:
        raise NotAvailable
    await _seen(request, found[0].member, found[0].id)
    return found[0]


async def _read(request: web.Request) -> Share:
    return await as_heard(request.app[HUB], await _share(request), own(request))


async def _seen(request: web.Request, member: str | None, reference: str) -> None:
    if member is not None:
        await note_view(request.app[HUB], who_calls(request), "referral", member, reference)


def _versioned(resource: dict[str, Any]) -> web.Response:
    response = fhir(resource)
    response.headers["ETag"] = f'W/"{resource["meta"]["versionId"]}"'
    return response


ROUTES = (
    Route("GET", "/fhir/metadata", metadata, PUBLIC),
    Route("GET", "/fhir/Task", search_tasks, ANYONE),
    Route("GET", "/fhir/Task/{id}", read_task, ANYONE),
    Route("PUT", "/fhir/Task/{id}", move_task, MOVERS),
    Route("GET", "/fhir/ServiceRequest", search_requests, ANYONE),
    Route("GET", "/fhir/ServiceRequest/{id}", read_request, ANYONE),
    Route("GET", "/fhir/Communication", search_communications, ANYONE),
    Route("GET", "/fhir/Communication/{id}", read_communication, ANYONE),
)
