"""FHIR AuditEvent: the disclosure log for audit consumers (IHE BALP); an organization's own only, unless compliance.

A parameter that is not understood is refused: ignored, it would widen what is shown (FHIR search, strict handling).
"""

import re
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from hub.compliance import audit_events, viewing
from hub.compliance.audit_events import DISCLOSURES, Asked
from hub.compliance.log import Wanted
from hub.errors import Malformed, NotAvailable, Rejected
from hub.fhir.audit_event import OUTCOMES
from hub.fhir.spans import span
from hub.fhir.view_event import whose
from hub.web.access import HUB, PEOPLE, Route, own, who_calls

_TYPE = "application/fhir+json"
_KNOWN = {
    "_id",
    "_lastUpdated",
    "date",
    "patient",
    "agent",
    "type",
    "outcome",
    "entity",
    "_count",
    "_cursor",
    "_format",
}
_ONCE = _KNOWN - {"date", "_lastUpdated"}
_MOST = 200


async def search(request: web.Request) -> web.Response:
    """`GET /fhir/AuditEvent?date=&_lastUpdated=&patient=&agent=&type=&outcome=&entity=&_count=`: newest first."""
    hub, who, viewer = request.app[HUB], who_calls(request), own(request)
    try:
        asked, event = _asked(request)
    except Rejected as error:
        return _refused(error)
    if event is not None:
        found = await audit_events.one(hub, event, viewer)
        page = audit_events.Page([] if found is None else [found], None)
    else:
        page = await audit_events.search(hub, asked, viewer)
    await viewing.listed(hub, who.by, "audit_events", (member for each in page.events for member in whose(each)))
    links = [{"relation": "self", "url": str(request.rel_url)}]
    if page.following:
        again = [(name, value) for name, value in request.query.items() if name != "_cursor"]
        links.append(
            {"relation": "next", "url": f"/fhir/AuditEvent?{urlencode([*again, ('_cursor', page.following)])}"}
        )
    entries = [
        {"fullUrl": f"/fhir/AuditEvent/{e['id']}", "resource": e, "search": {"mode": "match"}} for e in page.events
    ]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return _fhir(bundle | ({"entry": entries} if entries else {}), 200)


async def read(request: web.Request) -> web.Response:
    """`GET /fhir/AuditEvent/{id}`."""
    found = await audit_events.one(request.app[HUB], request.match_info["id"], own(request))
    if found is None:
        raise NotAvailable
    member = next(iter(whose(found)), None)  # an emergency in which nobody was found is about nobody
    await viewing.note(request.app[HUB], who_calls(request).by, "audit_event", member, found["id"])
    return _fhir(found, 200)


def _asked(request: web.Request) -> tuple[Asked, str | None]:
    query = request.query
    unknown = query.keys() - _KNOWN
    twice = [name for name in _ONCE if len(query.getall(name, [])) > 1]
    if unknown or twice:
        raise Malformed("A search parameter that is not supported here, or twice.", field=min(unknown or set(twice)))
    types = frozenset(query.get("type", ",".join(DISCLOSURES)).split(","))
    types = frozenset(each.rpartition("|")[2] for each in types)
    outcome, agent = query.get("outcome"), query.get("agent")
    if outcome is not None and outcome not in OUTCOMES:
        raise Malformed("An outcome is 0, 4 or 8.", field="outcome")
    since, until = span("date", query.getall("date", []))
    changed_since, changed_until = span("_lastUpdated", query.getall("_lastUpdated", []))
    wanted = Wanted(
        member=_reference(query.get("patient"), "Patient", "patient"),
        agent=_reference(agent, "Organization", "agent"),
        consent=_reference(query.get("entity"), "Consent", "entity"),
        states=OUTCOMES[outcome] if outcome else (),
        since=since,
        until=until,
        changed_since=changed_since,
        changed_until=changed_until,
        limit=_count(query.get("_count", "50")),
    )
    return Asked(wanted=wanted, types=types, cursor=query.get("_cursor")), query.get("_id")


def _reference(text: str | None, kind: str, name: str) -> str | None:
    if text is None:
        return None
    of, slash, reference = text.rpartition("/")
    if (slash and of != kind) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", reference):
        raise Malformed(f"This parameter takes {kind}/ID.", field=name)
    return reference


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:4]) <= _MOST):
        raise Malformed(f"A page has 1 to {_MOST} entries.", field="_count")
    return int(text)


def _refused(error: Rejected) -> web.Response:
    issue = {
        "severity": "error",
        "code": "not-supported",
        "details": {"text": error.message},
        **({"expression": [error.field]} if error.field else {}),
    }
    return _fhir({"resourceType": "OperationOutcome", "issue": [issue]}, 400)


def _fhir(body: dict[str, Any], status: int) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type=_TYPE)


ROUTES = (
    Route("GET", "/fhir/AuditEvent", search, PEOPLE),
    Route("GET", "/fhir/AuditEvent/{id}", read, PEOPLE),
)
