"""FHIR AuditEvent: the disclosure log for audit consumers (IHE BALP); an organization's own only, unless compliance.

A parameter that is not understood is refused: ignored, it would widen what is shown (FHIR search, strict handling).
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from hub.compliance import audit_events, viewing
from hub.compliance.audit_events import DISCLOSURES, Asked
from hub.compliance.log import Wanted
from hub.errors import Malformed, NotAvailable, Rejected
from hub.fhir.audit_event import OUTCOMES
from hub.fhir.view_event import whose
from hub.web.access import HUB, PEOPLE, Route, own, who_calls

_TYPE = "application/fhir+json"
_KNOWN = {"_id", "date", "patient", "agent", "type", "outcome", "entity", "_count", "_cursor", "_format"}
_ONCE = _KNOWN - {"date"}
_DATE = re.compile(r"(eq|ge|gt|le|lt)?(\d{4}-\d\d-\d\d(?:T.*)?)")
_MOST = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def search(request: web.Request) -> web.Response:
    """`GET /fhir/AuditEvent?date=&patient=&agent=&type=&outcome=&entity=&_count=`: a searchset, newest first."""
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
    since, until = _span(query.getall("date", []))
    wanted = Wanted(
        member=_reference(query.get("patient"), "Patient", "patient"),
        agent=_reference(agent, "Organization", "agent"),
        consent=_reference(query.get("entity"), "Consent", "entity"),
        states=OUTCOMES[outcome] if outcome else (),
        since=since,
        until=until,
        limit=_count(query.get("_count", "50")),
    )
    return Asked(wanted=wanted, types=types, cursor=query.get("_cursor")), query.get("_id")


def _span(texts: list[str]) -> tuple[int | None, int | None]:
    """The instants between which all dates hold: first included, last not."""
    since: list[int] = []
    until: list[int] = []
    for text in texts:
        parts = _DATE.fullmatch(text.replace(" ", "+"))
        if not parts:
            raise Malformed("A date is [eq|ge|gt|le|lt]YYYY-MM-DD or an instant.", field="date")
        start, end = _interval(parts[2])
        prefix = parts[1] or "eq"
        since += [{"eq": start, "ge": start, "gt": end}[prefix]] if prefix in ("eq", "ge", "gt") else []
        until += [{"eq": end, "le": end, "lt": start}[prefix]] if prefix in ("eq", "le", "lt") else []
    return max(since, default=None), min(until, default=None)


def _interval(text: str) -> tuple[int, int]:
    try:
        if "T" not in text:
            day = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return _us(day), _us(day + timedelta(days=1))
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("A date is [eq|ge|gt|le|lt]YYYY-MM-DD or an instant.", field="date") from None
    if moment.tzinfo is None:
        raise Malformed("An instant has its offset from UTC.", field="date")
    # To the precision that was given: a second, or a millisecond.
    return _us(moment), _us(moment + (timedelta(milliseconds=1) if moment.microsecond else timedelta(seconds=1)))


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


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
