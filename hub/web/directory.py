"""The directory over HTTP: names for everybody who is admitted, entries by administrators."""

from typing import Any

import msgspec
from aiohttp import web

from hub import entries
from hub.entries import AgreementEntry, EndpointEntry
from hub.errors import NotAvailable
from hub.model import Frozen
from hub.people import persons
from hub.storage import tokens
from hub.storage.directory import Directory, Organization
from hub.storage.tokens import Role
from hub.waiting import numbers
from hub.web.access import ADMIN, HUB, Route, who_calls
from hub.web.body import json_response, read_json


class VerifiedEndpoint(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`verified_by`: who has checked out of band that the address and keys are the organization's; else unused."""

    endpoint: EndpointEntry
    verified_by: str | None = None


class ConfirmedNumber(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    address: str
    """The number from the confirming person's own source, not from the screen."""


class TokenOrder(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    organization: str
    role: Role
    label: str = ""
    days: int | None = None
    person: str = ""
    """Whose it is; empty: a system's."""


async def names(request: web.Request) -> web.Response:
    """`GET /v1/organizations`: who can be named as a recipient, and by which channels they are reached."""
    directory = await request.app[HUB].directory.current()
    listed = [_name(directory, o) for o in directory.organizations.values() if o.active]
    return json_response({"items": listed})


async def show(request: web.Request) -> web.Response:
    """`GET /v1/organizations/{id}`: the whole entry, for administrators and for itself."""
    who = who_calls(request)
    directory = await request.app[HUB].directory.current()
    found = directory.organizations.get(request.match_info["id"])
    if found is None or not (who.sees_all or who.organization == found.id):
        raise NotAvailable
    endpoints = [
        {"id": e.id, "channel": e.channel, "address": e.address, "form": e.form, "rank": e.rank}
        for e in directory.endpoints.get(found.id, ())
    ]
    return json_response({**msgspec.to_builtins(found), "endpoints": endpoints})


async def put_organization(request: web.Request) -> web.Response:
    """`PUT /v1/organizations/{id}`."""
    hub, who = request.app[HUB], who_calls(request)
    organization = entries.organization(request.match_info["id"], await read_json(request, dict[str, Any]))
    await hub.directory.put_organization(organization, by=who.by, at=hub.clock.now())
    return web.Response(status=204)


async def put_endpoint(request: web.Request) -> web.Response:
    """`PUT /v1/endpoints/{id}`: used only once somebody has verified it, and a new fax number once two have (202)."""
    hub, who = request.app[HUB], who_calls(request)
    given = await read_json(request, VerifiedEndpoint)
    endpoint = entries.endpoint(request.match_info["id"], given.endpoint, hub.clock.now() if given.verified_by else 0)
    waits = await numbers.enter(hub, endpoint, verified_by=given.verified_by, by=who.by, active=given.endpoint.active)
    return json_response({"waits_for": "second person"}, 202) if waits else web.Response(status=204)


async def confirm_endpoint(request: web.Request) -> web.Response:
    """`POST /v1/endpoints/{id}/confirm`: another person types the new fax number again."""
    given = await read_json(request, ConfirmedNumber)
    await numbers.confirm(request.app[HUB], request.match_info["id"], given.address, by=who_calls(request).by)
    return web.Response(status=204)


async def put_agreement(request: web.Request) -> web.Response:
    """`PUT /v1/agreements/{id}`."""
    hub, who = request.app[HUB], who_calls(request)
    agreement = entries.agreement(request.match_info["id"], await read_json(request, AgreementEntry))
    await hub.directory.put_agreement(agreement, by=who.by, at=hub.clock.now())
    return web.Response(status=204)


async def issue_token(request: web.Request) -> web.Response:
    """`POST /v1/tokens`: the token is shown this once."""
    hub, who = request.app[HUB], who_calls(request)
    order = await read_json(request, TokenOrder)
    if order.person:
        await persons.need(hub, who.by)  # a system that names people would be every one of them
    issued = await tokens.issue(
        hub, order.organization, order.role, by=who.by, label=order.label, days=order.days, person=order.person
    )
    return json_response({"id": issued.id, "token": issued.token}, 201)


async def list_tokens(request: web.Request) -> web.Response:
    """`GET /v1/tokens`: ids, roles and times."""
    return json_response({"items": await tokens.list_all(request.app[HUB])})


async def revoke_token(request: web.Request) -> web.Response:
    """`DELETE /v1/tokens/{id}`: refused from the next second on."""
    await tokens.revoke(request.app[HUB], request.match_info["id"], by=who_calls(request).by)
    return web.Response(status=204)


def _name(directory: Directory, organization: Organization) -> dict[str, Any]:
    channels = sorted({str(e.channel) for e in directory.endpoints.get(organization.id, ())})
    return {
        "id": organization.id,
        "name": organization.name,
        "kind": organization.kind,
        "part_of": organization.part_of,
        "channels": channels,
    }


ROUTES = (
    Route("GET", "/v1/organizations", names),
    Route("GET", "/v1/organizations/{id}", show),
    Route("PUT", "/v1/organizations/{id}", put_organization, ADMIN),
    Route("PUT", "/v1/endpoints/{id}", put_endpoint, ADMIN),
    Route("POST", "/v1/endpoints/{id}/confirm", confirm_endpoint, ADMIN),
    Route("PUT", "/v1/agreements/{id}", put_agreement, ADMIN),
    Route("POST", "/v1/tokens", issue_token, ADMIN),
    Route("GET", "/v1/tokens", list_tokens, ADMIN),
    Route("DELETE", "/v1/tokens/{id}", revoke_token, ADMIN),
)
