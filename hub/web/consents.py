"""Consents over HTTP: recorded, verified by a second look, revoked at once; the signed paper kept beside."""

from datetime import datetime

from aiohttp import web

from hub.errors import Malformed, NotAvailable
from hub.forms import crosswalk
from hub.forms.crosswalk import Filled
from hub.forms.review import preview, review
from hub.model import Frozen
from hub.storage import consent_papers, consents
from hub.storage.consent_form import ConsentForm, DenialForm
from hub.storage.consents import How
from hub.web.access import HUB, PEOPLE, Route, discloses, linked, note_view, visible_consent, who_calls
from hub.web.body import json_response, read_body, read_json


class Recording(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the three: the fields of a consent, another party's form as filled in, or "share nothing"."""

    member: str
    consent: ConsentForm | None = None
    filled: Filled | None = None
    denial: DenialForm | None = None


class Revoking(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    how: How
    as_to: tuple[str, ...] | None = None
    at: datetime | None = None


class Noting(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    status: str


async def record(request: web.Request) -> web.Response:
    """`POST /v1/consents`: what a paper states, field by field; not verified yet. Answers what it lacks, and what it
    would let be told.
    """
    hub, who = request.app[HUB], who_calls(request)
    given = await read_json(request, Recording)
    await linked(hub, who, given.member)
    form, origin = stated(given)
    consent = await consents.record(hub, given.member, form, by=who.by, origin=origin)
    response = json_response({"id": consent, **await review(hub, given.member, consent)}, 201)
    response.headers["Location"] = f"/v1/consents/{consent}"
    return response


async def foresee(request: web.Request) -> web.Response:
    """`POST /v1/consents/preview`: the same answer, nothing recorded."""
    hub, who = request.app[HUB], who_calls(request)
    given = await read_json(request, Recording)
    await linked(hub, who, given.member)
    form, _ = stated(given)
    if isinstance(form, DenialForm):
        raise Malformed("A denial has nothing to foresee.", field="denial")
    return json_response(await preview(hub, given.member, form))


def stated(given: Recording) -> tuple[ConsentForm | DenialForm, dict[str, str]]:
    """What the recording states, and where it comes from. Raises `Malformed`."""
    stated = [each for each in (given.consent, given.filled, given.denial) if each is not None]
    if len(stated) != 1:
        raise Malformed("Give one of `consent`, `filled` and `denial`.", field="consent")
    (one,) = stated
    return crosswalk.mapped(one) if isinstance(one, Filled) else (one, {})


async def show(request: web.Request) -> web.Response:
    """`GET /v1/consents/{id}`."""
    hub, who, consent = request.app[HUB], who_calls(request), request.match_info["id"]
    view = await visible_consent(hub, who, consent)
    await note_view(hub, who, "consent", view["member_id"], consent)
    return json_response(view | {"review": await review(hub, view["member_id"], consent)})


async def verify(request: web.Request) -> web.Response:
    """`POST /v1/consents/{id}/verify`: by people of a discloser it names, who answer for it; not by its recipient."""
    hub, who, consent = request.app[HUB], who_calls(request), request.match_info["id"]
    view = await visible_consent(hub, who, consent)
    if not who.sees_all and not await discloses(hub, who.organization, view):
        raise NotAvailable
    await consents.verify(hub, consent, by=who.by)
    return web.Response(status=204)


async def revoke(request: web.Request) -> web.Response:
    """`POST /v1/consents/{id}/revoke`: effective when this answers."""
    hub, who, consent = request.app[HUB], who_calls(request), request.match_info["id"]
    given = await read_json(request, Revoking)
    await visible_consent(hub, who, consent)
    if given.at is not None and given.at.tzinfo is None:
        raise Malformed("An instant is RFC 3339 with its offset from UTC.", field="at")
    at = None if given.at is None else int(given.at.timestamp() * 1_000_000)
    await consents.revoke(hub, consent, how=given.how, as_to=given.as_to, at=at, by=who.by)
    return web.Response(status=204)


async def note_event(request: web.Request) -> web.Response:
    """`PUT /v1/consents/{id}/event`: where the event stands that it ends on."""
    hub, who, consent = request.app[HUB], who_calls(request), request.match_info["id"]
    given = await read_json(request, Noting)
    await visible_consent(hub, who, consent)
    await consents.note_event(hub, consent, given.status, by=who.by)
    return web.Response(status=204)


async def retract(request: web.Request) -> web.Response:
    """`POST /v1/consents/{id}/retract`: it was entered in error."""
    hub, who, consent = request.app[HUB], who_calls(request), request.match_info["id"]
    await visible_consent(hub, who, consent)
    await consents.retract(hub, consent, by=who.by)
    return web.Response(status=204)


async def keep_paper(request: web.Request) -> web.Response:
    """`PUT /v1/consents/{id}/document`: the signed paper, a PDF or an image, once."""
    hub, who, consent = request.app[HUB], who_calls(request), request.match_info["id"]
    await visible_consent(hub, who, consent)
    content = await read_body(request, consent_papers.MAX_BYTES)
    await consent_papers.keep(hub, consent, content, by=who.by)
    return web.Response(status=204)


async def show_paper(request: web.Request) -> web.Response:
    """`GET /v1/consents/{id}/document`."""
    hub, who, consent = request.app[HUB], who_calls(request), request.match_info["id"]
    view = await visible_consent(hub, who, consent)
    paper = await consent_papers.paper_of(hub, consent)
    await note_view(hub, who, "consent_document", view["member_id"], consent)
    # Never shown inside our own origin: a paper is what somebody uploaded.
    headers = {"Content-Disposition": "attachment"}
    return web.Response(body=paper.content, content_type=paper.media_type, headers=headers)


ROUTES = (
    Route("POST", "/v1/consents", record),
    Route("POST", "/v1/consents/preview", foresee),
    Route("GET", "/v1/consents/{id}", show),
    Route("POST", "/v1/consents/{id}/verify", verify, PEOPLE),
    Route("POST", "/v1/consents/{id}/revoke", revoke),
    Route("POST", "/v1/consents/{id}/retract", retract, PEOPLE),
    Route("PUT", "/v1/consents/{id}/event", note_event),
    Route("PUT", "/v1/consents/{id}/document", keep_paper),
    Route("GET", "/v1/consents/{id}/document", show_paper),
)
