"""FHIR Consent over HTTP, for people: imported unverified with the resource kept sealed, searched by patient.

A search parameter that is not understood is refused: dropping it would widen the result.
"""

import contextlib
import hashlib
from typing import Any

from aiohttp import web

from hub.context import Hub
from hub.crypto.identifiers import hash_idempotency
from hub.errors import Conflict, Malformed, NotAvailable
from hub.fhir.consent_in import Place, Reading, parse, read_consent
from hub.fhir.consent_out import consent_out
from hub.fhir.elements import person_of
from hub.fhir.shapes import ConsentResource
from hub.forms.review import review
from hub.storage import consent_papers, consents, members
from hub.storage.facts import instant
from hub.storage.member_facts import MemberFacts, same_person
from hub.storage.tokens import Principal
from hub.web.access import HUB, PEOPLE, Route, concerns, linked, note_view, who_calls
from hub.web.body import MAX_JSON
from hub.web.outcomes import fhir, read_fhir

_STATUSES = frozenset({"active", "proposed", "inactive", "entered-in-error"})
SEARCH = {"patient": "reference", "status": "token"}


async def take(request: web.Request) -> web.Response:
    """`POST /fhir/Consent`: read, recorded unverified; the answer says what it lacks and what was not understood.

    The same resource again is recorded once (200): a second copy would stay in force when the first one is revoked.
    """
    hub, who = request.app[HUB], who_calls(request)
    if "If-None-Exist" in request.headers:
        raise Malformed("Conditional creates are not supported.", field="If-None-Exist")
    raw = await read_fhir(request, MAX_JSON)
    resource = parse(raw)
    member = await _patient(hub, resource)
    await linked(hub, who, member)
    organizations = (await hub.directory.current()).organizations
    reading = read_consent(resource, Place(organizations, hub.zone, instant(hub.clock.now())))
    forms = (*reading.denials, *reading.consents)
    recorded = [await _record(hub, who, member, form, f"{n}", raw) for n, form in enumerate(forms)]
    if not recorded:
        return fhir(_outcome(reading, []), 422)
    found = [await review(hub, member, each) for each, _ in recorded]
    lacks = [lack for each in found for lack in each["lacks"]]
    made = [_made(each) for each, _ in recorded]
    response = fhir(_outcome(reading, lacks) | {"extension": made}, 201 if any(new for _, new in recorded) else 200)
    response.headers["Location"] = f"/fhir/Consent/{recorded[-1][0]}"
    return response


async def search(request: web.Request) -> web.Response:
    """`GET /fhir/Consent?patient=&status=`: those the caller's organization recorded or discloses under."""
    hub, who = request.app[HUB], who_calls(request)
    if request.query.keys() - SEARCH.keys() - {"_format"} or len(request.query.getall("patient", [])) != 1:
        raise Malformed("Search by `patient` and, if need be, `status`.", field="patient")
    wanted = set(",".join(request.query.getall("status", [])).split(",")) - {""}
    if not wanted <= _STATUSES:
        raise Malformed("A status is active, proposed, inactive or entered-in-error.", field="status")
    member = request.query["patient"].removeprefix("Patient/")
    if not who.sees_all:
        await linked(hub, who, member)
    await note_view(hub, who, "consents", member, member)
    organizations = (await hub.directory.current()).organizations
    views = [each for each in await consents.list_for(hub, member) if await _visible(hub, who, each)]
    found = [consent_out(each, organizations) for each in views]
    matching = [each for each in found if not wanted or each["status"] in wanted]
    entries = [{"resource": each, "search": {"mode": "match"}} for each in matching]
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
    return fhir(bundle if entries else {name: bundle[name] for name in ("resourceType", "type", "total")}, 200)


async def read(request: web.Request) -> web.Response:
    """`GET /fhir/Consent/{id}`."""
    hub, who, consent = request.app[HUB], who_calls(request), request.match_info["id"]
    view = await consents.show(hub, consent)
    if not await _visible(hub, who, view):
        raise NotAvailable
    await note_view(hub, who, "consent", view["member_id"], consent)
    return fhir(consent_out(view, (await hub.directory.current()).organizations), 200)


async def _visible(hub: Hub, who: Principal, view: dict[str, Any]) -> bool:
    return who.sees_all or await concerns(hub, who.organization, view)


async def _record(hub: Hub, who: Principal, member: str, form: Any, part: str, raw: bytes) -> tuple[str, bool]:
    """One consent or denial of the resource, the resource itself kept beside it; whether it is new."""
    digest = hashlib.sha256(raw).hexdigest()
    consent, new = hash_idempotency(hub.ring, f"fhir-consent:{member}", f"{digest}/{part}").hex()[:32], True
    try:
        await consents.record(hub, member, form, by=who.by, consent=consent, origin={"capture": "fhir"})
    except Conflict:
        new = False
    with contextlib.suppress(Conflict):  # it was kept before
        await consent_papers.keep_resource(hub, consent, raw, by=who.by)
    return consent, new


async def _patient(hub: Hub, resource: ConsentResource) -> str:
    """The member: by the hub's id, or by CIN, stated or of a contained Patient whose name and birth date fit.

    An unknown one is refused as one that is not the caller's; so is one whose id and number mean two people.
    """
    patient = resource.patient or resource.subject
    if patient is None:
        raise Malformed("A consent says whose it is.", field="Consent.patient")
    stated = patient.reference or ""
    if stated.startswith("#"):
        return await _contained(hub, resource, stated[1:])
    value = patient.identifier.value if patient.identifier else None
    numbered = await members.find_by_cin(hub, value) if value else None
    named = stated.rpartition("/")[2]
    if numbered is None or named == numbered:
        return named or "unknown"
    with contextlib.suppress(NotAvailable):
        await members.facts_of(hub, named or "unknown")
        return "unknown"
    return numbered


async def _contained(hub: Hub, resource: ConsentResource, name: str) -> str:
    found = [each for each in resource.contained if each.get("id") == name and each.get("resourceType") == "Patient"]
    person = person_of(found[0]) if len(found) == 1 else None
    member = await members.find_by_cin(hub, person.cin) if person and person.cin else None
    if person is None or member is None:
        return "unknown"
    told = MemberFacts(given=person.given, family=person.family, born=person.born)
    with contextlib.suppress(Malformed):  # a birth date that is none fits nobody
        return member if same_person(await members.facts_of(hub, member), told) else "unknown"
    return "unknown"


def _made(consent: str) -> dict[str, str]:
    return {"url": "urn:part2hub:recorded", "valueId": consent}


def _outcome(reading: Reading, lacks: list[dict[str, Any]]) -> dict[str, Any]:
    """What was not understood, and what is missing; in fixed words, with paths and never values."""
    unread = [
        {
            "severity": "warning" if reading.consents or reading.denials else "error",
            "code": "not-supported",
            "details": {"text": each.code},
            "expression": [each.where],
        }
        for each in reading.unread
    ]
    missing = [
        {
            "severity": "warning",
            "code": "required" if each["strength"] == "missing" else "business-rule",
            "details": {"text": f"{each['says']['en']} ({each['law']})"},
        }
        for each in lacks
    ]
    whole = {"severity": "information", "code": "informational", "details": {"text": "Recorded, not verified yet."}}
    nothing = {"severity": "error", "code": "business-rule", "details": {"text": "It permits and denies nothing here."}}
    issues = [*unread, *missing, *([whole] if reading.consents or reading.denials else [nothing])]
    return {"resourceType": "OperationOutcome", "issue": issues}


ROUTES = (
    Route("POST", "/fhir/Consent", take, PEOPLE),
    Route("GET", "/fhir/Consent", search, PEOPLE),
    Route("GET", "/fhir/Consent/{id}", read, PEOPLE),
)
