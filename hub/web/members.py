"""Members over HTTP: registering, reading and changing them.

INVARIANT: no-existence-leak. An organization reads back its own relations only, never what another one stated;
by what a member is known is shown to the people of those who take care of them.
"""

from typing import Any

import msgspec
from aiohttp import web

from hub.context import Hub
from hub.errors import Malformed
from hub.model import Frozen
from hub.storage import consents, members, restrictions
from hub.storage.member_facts import RELATIONS, MemberFacts
from hub.storage.members import Link
from hub.storage.restrictions import RestrictionForm
from hub.storage.tokens import Principal
from hub.web.access import HUB, Route, concerns, linked, note_view, who_calls
from hub.web.body import json_response, read_json

_CARING = ("program", "treating_provider", "primary_case_manager")
_KEEPING = ("program", "primary_case_manager")
_STATED_BY_ALL = ("given", "family", "born", "cin")
"""What every registration of this member said; the rest one organization may have said alone."""
_MOST_LINKS = 100


class Registration(MemberFacts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Facts, and who stands in which relation to the member."""

    relations: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class Ending(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ended_by: str = "patient"


async def register(request: web.Request) -> web.Response:
    """`POST /v1/members`: the same answer for a person known here and for a new one."""
    hub, who = request.app[HUB], who_calls(request)
    given = await read_json(request, Registration)
    links = await checked_links(hub, who, given.relations)
    values = msgspec.structs.asdict(given)
    del values["relations"]
    member = await members.register(hub, MemberFacts(**values), links, by=who.by)
    return json_response({"id": member}, 201)


async def show(request: web.Request) -> web.Response:
    """`GET /v1/members/{id}`."""
    hub, who, member = request.app[HUB], who_calls(request), request.match_info["id"]
    links = await members.links_of(hub, member)
    if who.sees_all:
        facts = await members.facts_of(hub, member)
        await note_view(hub, who, "member", member, member)
        view = {"id": member, **msgspec.to_builtins(facts), "relations": _by_relation(links)}
        return json_response(view)
    await linked(hub, who, member)
    own = {link for link in links if link[0] == who.organization}
    view = {"id": member, "relations": _by_relation(own)}
    if who.role == "staff" and any(relation in _CARING for _, relation in own):
        known = msgspec.to_builtins(await members.identity(hub, member))
        view |= {name: known[name] for name in _STATED_BY_ALL}
        await note_view(hub, who, "member", member, member)
    return json_response(view)


async def change(request: web.Request) -> web.Response:
    """`PUT /v1/members/{id}/facts`: by the program that treats the member, or its case manager."""
    hub, who, member = request.app[HUB], who_calls(request), request.match_info["id"]
    facts = await read_json(request, MemberFacts)
    await linked(hub, who, member, *_KEEPING)
    await members.change_facts(hub, member, facts, by=who.by)
    return web.Response(status=204)


async def list_consents(request: web.Request) -> web.Response:
    """`GET /v1/members/{id}/consents`: those the caller's organization recorded or discloses under."""
    hub, who, member = request.app[HUB], who_calls(request), request.match_info["id"]
    if not who.sees_all:
        await linked(hub, who, member)
    await note_view(hub, who, "consents", member, member)
    found = await consents.list_for(hub, member)
    seen = [each for each in found if who.sees_all or await concerns(hub, who.organization, each)]
    return json_response({"items": seen})


async def restrict(request: web.Request) -> web.Response:
    """`POST /v1/members/{id}/restrictions` (§2.26): by an organization that treats or insures the member."""
    hub, who, member = request.app[HUB], who_calls(request), request.match_info["id"]
    form = await read_json(request, RestrictionForm)
    # Whoever merely registered the person would else keep from others what these others hold.
    await linked(hub, who, member, *RELATIONS)
    return json_response({"id": await restrictions.restrict(hub, member, form, by=who.by)}, 201)


async def list_restrictions(request: web.Request) -> web.Response:
    """`GET /v1/members/{id}/restrictions`: for those who keep the member's record."""
    hub, who, member = request.app[HUB], who_calls(request), request.match_info["id"]
    if not who.sees_all:
        await linked(hub, who, member, *_KEEPING)
    await note_view(hub, who, "restrictions", member, member)
    return json_response({"items": await restrictions.list_for(hub, member)})


async def end_restriction(request: web.Request) -> web.Response:
    """`POST /v1/members/{id}/restrictions/{restriction}/end`."""
    hub, who, member = request.app[HUB], who_calls(request), request.match_info["id"]
    ending = await read_json(request, Ending)
    await linked(hub, who, member, *_KEEPING)
    await restrictions.end(hub, member, request.match_info["restriction"], ended_by=ending.ended_by, by=who.by)
    return web.Response(status=204)


async def checked_links(hub: Hub, who: Principal, relations: dict[str, tuple[str, ...]]) -> set[Link]:
    """The links a registration states. Raises `Malformed`.

    A part 2 program states who else cares for its patient; anybody else only its own relation, since a claim to treat a
    person widens what may be disclosed to the claimant (§2.31(a)(4)).
    """
    directory = await hub.directory.current()
    links = {(organization, relation) for relation, named in relations.items() for organization in named}
    if not set(relations) <= set(RELATIONS) or len(links) > _MOST_LINKS:
        raise Malformed("A relation is one of " + ", ".join(RELATIONS) + ".", field="relations")
    if not {organization for organization, _ in links} <= directory.organizations.keys():
        raise Malformed("No such organization in the directory.", field="relations")
    if any(r == "program" and o not in directory.world.programs for o, r in links):
        raise Malformed("A program in this sense is a part 2 program.", field="relations")
    states_all = who.role == "admin" or who.organization in directory.world.programs
    if not states_all and any(organization != who.organization for organization, _ in links):
        raise Malformed("Only a part 2 program states other organizations' relations.", field="relations")
    return links


def _by_relation(links: frozenset[Link] | set[Link]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for organization, relation in sorted(links):
        found.setdefault(relation, []).append(organization)
    return found


ROUTES = (
    Route("POST", "/v1/members", register),
    Route("GET", "/v1/members/{id}", show),
    Route("PUT", "/v1/members/{id}/facts", change),
    Route("GET", "/v1/members/{id}/consents", list_consents),
    Route("GET", "/v1/members/{id}/restrictions", list_restrictions),
    Route("POST", "/v1/members/{id}/restrictions", restrict),
    Route("POST", "/v1/members/{id}/restrictions/{restriction}/end", end_restriction),
)
