"""People on the pages, for administrators: who may work at the desk, invited, put out, invited anew."""

from aiohttp import web

from hub.errors import Conflict, HubError, Malformed
from hub.people import accounts
from hub.people.accounts import EVERYBODY, ROLES
from hub.web.pages.door import ADMINISTER, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, origin, see_other


async def listing(visit: Visit) -> web.Response:
    """`GET /desk/people`."""
    return await _page(visit)


async def add(visit: Visit) -> web.Response:
    """`POST /desk/people`: a new account; its invitation is shown this once."""
    organizations = (visit.field("organization"), *((EVERYBODY,) if visit.field("everybody") else ()))
    try:
        invitation = await accounts.add(
            visit.hub,
            email=visit.field("email"),
            name=visit.field("name"),
            roles=(visit.field("role"),),
            organizations=organizations,
            by=visit.who.by,
        )
    except (Malformed, Conflict) as error:
        return await _page(visit, problem=error, status=error.status)
    return await _invited(visit, invitation)


async def reset(visit: Visit) -> web.Response:
    """`POST /desk/people/{id}/reset`: password and factors forgotten, invited anew."""
    person = visit.request.match_info["id"]
    return await _invited(visit, await accounts.invite_again(visit.hub, person, by=visit.who.by))


async def disable(visit: Visit) -> web.Response:
    """`POST /desk/people/{id}/disable`: out at once."""
    if visit.request.match_info["id"] == visit.who.id:
        raise Conflict("Somebody else puts you out.", code="same-person")
    await accounts.disable(visit.hub, visit.request.match_info["id"], by=visit.who.by)
    return see_other("/desk/people")


async def _invited(visit: Visit, invitation: accounts.Invitation) -> web.Response:
    name = (await accounts.find(visit.hub, invitation.person)).name
    link = f"{origin(visit.request)}/desk/join?code={invitation.code}"
    return await _page(visit, link=link, invited=name)


async def _page(
    visit: Visit, *, link: str = "", invited: str = "", problem: HubError | None = None, status: int = 200
) -> web.Response:
    organizations = (await visit.hub.directory.current()).organizations
    names = {each.id: each.name for each in organizations.values()} | {EVERYBODY: visit.say("me.everybody")}
    people = await accounts.list_all(visit.hub)
    said = visit.say("people.email_used") if isinstance(problem, Conflict) else problem.message if problem else ""
    return page(
        "people.html", visit, status=status, people=people, names=names, roles=ROLES, link=link, invited=invited,
        problem=said, wrong=problem.field if problem else "",
    )  # fmt: skip


PAGES = (
    Page("GET", "/desk/people", listing, ADMINISTER),
    Page("POST", "/desk/people", add, ADMINISTER),
    Page("POST", "/desk/people/{id}/reset", reset, ADMINISTER),
    Page("POST", "/desk/people/{id}/disable", disable, ADMINISTER),
)
