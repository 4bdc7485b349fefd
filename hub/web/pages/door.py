"""The door: every page says who may open it, and nothing behind it is shown to anybody else.

A session that idled is locked: it shows an empty page that asks for the password, and what was being sent waits there,
sealed, to be sent again afterwards (`hub.web.pages.locked`).
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote

import structlog
from aiohttp import web

from hub import cadence
from hub.errors import Forbidden, HubError, NotAvailable
from hub.model import new_id
from hub.people import accounts, sessions
from hub.people.sessions import Session
from hub.web.access import HUB, PUBLIC, Route
from hub.web.pages.locked import Waiting, screen
from hub.web.pages.render import page
from hub.web.pages.visit import MAX_FORM, Visit, arriving, check_token, see_other, uploaded
from hub.web.pages.words import LANGUAGES, language_of, words

Handler = Callable[[Visit], Awaitable[web.StreamResponse]]
READ = ("compliance", "privacy", "auditor")
ACT = ("compliance", "privacy")
ADMINISTER = ("administrator",)
STAFF = ("staff",)
ANYBODY_IN = ("compliance", "privacy", "auditor", "administrator", "staff")
_log = structlog.get_logger()


class Page(NamedTuple):
    """One address: the roles that may open it; none of them: whoever comes."""

    method: str
    path: str
    handler: Handler
    roles: tuple[str, ...] = READ
    stage: str = "full"
    """Which session it takes: `second` and `enrol` are on their way in."""
    locked: bool = False
    """Whether a locked session may open it."""
    uploads: bool = False
    """Whether its form brings files."""
    most: int = MAX_FORM
    """Bytes of its form, without files."""


def routes(pages: tuple[Page, ...]) -> tuple[Route, ...]:
    """The pages as routes of the application; tokens are not asked for, the door is."""
    return tuple(Route(each.method, each.path, _guarded(each), PUBLIC) for each in pages)


def _guarded(wanted: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def open_page(request: web.Request) -> web.StreamResponse:
        started = cadence.clock()
        visit = None
        try:
            visit = await arriving(request, uploads=wanted.uploads, most=wanted.most)
            return await (_through(wanted, visit) if wanted.roles else wanted.handler(await _known(visit)))
        except HubError as error:
            if isinstance(error, NotAvailable):
                await cadence.until_beat(started)
            return await refusal(request, visit, error)
        except Exception as error:  # noqa: BLE001 - the boundary of pages: its own words may quote a patient
            return await refusal(request, visit, HubError("The page failed.", code=type(error).__name__))

    return open_page


async def _through(wanted: Page, visit: Visit) -> web.StreamResponse:
    session = await sessions.find(visit.hub, visit.token) if visit.token else None
    if session is None or session.stage != wanted.stage:
        return _elsewhere(visit, "/desk/sign-in")
    account = await accounts.find(visit.hub, session.person)
    if account.disabled:
        return _elsewhere(visit, "/desk/sign-in")
    visit = visit._replace(session=session, account=account, language=_language(visit, account.language))
    if wanted.uploads:
        visit = await uploaded(visit)
    if visit.request.method == "POST":
        check_token(visit)
    if session.locked and not wanted.locked:
        return _locked(visit, session)
    if not set(wanted.roles) & set(account.roles):
        raise Forbidden("Your role does not reach here.")
    return await wanted.handler(visit)


async def _known(visit: Visit) -> Visit:
    """With the session, where there is one, for pages that anybody may open."""
    session = await sessions.find(visit.hub, visit.token) if visit.token else None
    return visit._replace(session=session)


def _language(visit: Visit, own: str) -> str:
    return visit.language if "lang" in visit.request.query else own


def _elsewhere(visit: Visit, address: str) -> web.Response:
    """To where one signs in, and back afterwards; a part of a page sends the whole page there."""
    back = visit.request.path_qs if visit.request.method == "GET" else "/desk/"
    target = f"{address}?next={quote(back, safe='')}"
    if "HX-Request" in visit.request.headers:
        return web.Response(status=204, headers={"HX-Redirect": address})
    return see_other(target)


def _locked(visit: Visit, session: Session) -> web.Response:
    if "HX-Request" in visit.request.headers:
        return web.Response(status=204, headers={"HX-Redirect": "/desk/locked"})
    target = visit.request.path_qs
    return screen(visit, target, Waiting.of(visit, session, target))


async def refusal(request: web.Request, visit: Visit | None, error: HubError) -> web.Response:
    """The page of an error: fixed words, an id to quote where it is our fault."""
    if visit is None:
        language = language_of("", request.headers.get("Accept-Language", ""))
        visit = Visit(request, request.app[HUB], language)
    reference = ""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        reference = new_id()
        _log.error("page failed", code=error.detail_code, id=reference)
    return page("problem.html", visit, status=error.status, said=_said(visit, error), reference=reference)


def _said(visit: Visit, error: HubError) -> str:
    """What it is and what to do, in the visitor's language: of its own code; else its English words, or in another
    language those of the kind of error that it is.
    """
    texts, kinds = words(visit.language), [each.code for each in type(error).mro() if issubclass(each, HubError)]
    own = texts.get(f"problem.{error.detail_code}", error.message if visit.language == LANGUAGES[0] else "")
    return own or next(texts[f"problem.{code}"] for code in kinds if f"problem.{code}" in texts)
