"""Who calls and what they may reach: bearer tokens, roles, rates, and whose data is whose.

INVARIANT: no-existence-leak. Whatever is not the caller's raises `NotAvailable`, as what does not exist does.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiohttp import web

from hub.compliance import viewing
from hub.context import Hub
from hub.errors import Forbidden, NotAvailable, TooOften, Unauthorized
from hub.model import only
from hub.smart import scopes
from hub.storage import consents, members
from hub.storage.tokens import Principal, Role, TokenReader
from policies.vocabulary import RECIPIENT_CLASSES, TREATING_PROGRAMS

HUB = web.AppKey("hub", Hub)
TOKENS = web.AppKey("tokens", TokenReader)
RATE = web.AppKey("rate", int)
"""Requests a minute for each token; 0: no limit."""
WHO = web.RequestKey("who", Principal)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ANYONE: tuple[Role, ...] = ("sender", "staff", "compliance", "admin")
PEOPLE: tuple[Role, ...] = ("staff", "compliance", "admin")
ADMIN: tuple[Role, ...] = ("admin",)
PUBLIC: tuple[Role, ...] = ()


class Route(NamedTuple):
    """One command: the roles that may give it; none of them: no token is needed."""

    method: str
    path: str
    """With `{name}` for a part of the path, `{name:.+}` for one that may hold slashes."""
    handler: Handler
    roles: tuple[Role, ...] = ANYONE

    @property
    def described(self) -> str:
        """The path as the description and the router's own resource name it."""
        return self.path.replace(":.+}", "}")


async def admit(request: web.Request, roles: tuple[Role, ...]) -> None:
    """Let the caller in or raise as `admitted` does."""
    app, authorization = request.app, request.headers.get("Authorization", "")
    resource = request.match_info.route.resource
    needed = scopes.needed_for(request.method, resource.canonical) if resource is not None else None
    request[WHO] = await admitted(app[HUB], app[TOKENS], app[RATE], authorization, roles, needed)


async def admitted(
    hub: Hub,
    tokens: TokenReader,
    rate: int,
    authorization: str,
    roles: tuple[Role, ...],
    needed: tuple[str, str] | None = None,
) -> Principal:
    """The caller of this Authorization header; `needed`: what a scope must cover, where scopes reach at all.

    Raises `Unauthorized`, `Forbidden`, `TooOften`.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("A valid bearer token is needed.")
    who = await tokens.find(token, scoped=needed is not None)
    if rate and not await hub.signals.allow(f"token:{who.id}", rate, 60):
        raise TooOften("Too many requests in this minute; slow down.")
    if who.scopes is not None and (needed is None or not scopes.covers(who.scopes, needed)):
        raise Forbidden("The scope of this token does not reach here.")
    if who.role not in roles:
        raise Forbidden("The role of this token does not reach here.")
    return who


def who_calls(request: web.Request) -> Principal:
    """The admitted caller."""
    return request[WHO]


def own(request: web.Request) -> str | None:
    """Whose data the caller reaches: their organization's; none: everybody's."""
    who = request[WHO]
    return None if who.sees_all else who.organization


def scope_of(request: web.Request) -> frozenset[str] | None:
    """The same as a set of organizations."""
    return only(own(request))


async def linked(hub: Hub, who: Principal, member: str, *relations: str) -> None:
    """The caller's organization stands in one of these relations (none named: any). Raises `NotAvailable`."""
    if who.role == "admin":
        await members.facts_of(hub, member)
        return
    links = await members.links_of(hub, member)
    if not any(o == who.organization and (not relations or r in relations) for o, r in links):
        raise NotAvailable


async def visible_consent(hub: Hub, who: Principal, consent: str) -> dict[str, Any]:
    """The consent, if the caller's organization recorded it or is a discloser it names. Raises `NotAvailable`.

    A recipient does not see it here: it would learn of the patient before anything was disclosed to it.
    """
    view = await consents.show(hub, consent)
    if who.sees_all or await concerns(hub, who.organization, view):
        return view
    raise NotAvailable


async def concerns(hub: Hub, organization: str, consent: dict[str, Any]) -> bool:
    """Whether the organization recorded the consent or belongs to a discloser that it names."""
    if consent["recorded_by"].partition("/")[0] == organization:
        return True
    return await discloses(hub, organization, consent)


async def discloses(hub: Hub, organization: str, consent: dict[str, Any]) -> bool:
    """Whether the organization belongs to a discloser that the consent names."""
    named = consent.get("discloser", [])
    line = await _line(hub, organization)
    if not line.isdisjoint(named):
        return True
    links = await members.links_of(hub, consent["member_id"])
    return TREATING_PROGRAMS in named and any(o in line and r == "program" for o, r in links)


async def reaches(hub: Hub, organization: str, consent: dict[str, Any]) -> bool:
    """Whether the organization belongs to a recipient that the consent names, or may be of a class that it names."""
    named = consent.get("recipients", [])
    known = {each.get("at") if isinstance(each, dict) else each for each in named} | {consent.get("intermediary")}
    return not known.isdisjoint(RECIPIENT_CLASSES | await _line(hub, organization))


async def _line(hub: Hub, organization: str) -> frozenset[str]:
    """What it is and what it belongs to."""
    return (await hub.directory.current()).world.lines.get(organization, frozenset({organization}))


async def note_view(hub: Hub, who: Principal, what: str, member: str, reference: str) -> None:
    """What a person sees of a member is itself on the ledger (45 CFR 164.312(b)); a system reads its own traffic."""
    if who.role != "sender":
        await viewing.note(hub, who.by, what, member, reference)
