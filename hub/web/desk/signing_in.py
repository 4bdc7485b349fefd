"""The way in and out: password, second factor, lock screen, sign-out."""

from urllib.parse import quote

from aiohttp import web

from hub.errors import HubError, TooOften, Unauthorized
from hub.people import accounts, entering, sessions
from hub.web.pages.door import ANYBODY_IN, Page
from hub.web.pages.locked import MAX_LOCKED, Waiting, onward, screen
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, local_address, recognise, remember, see_other
from hub.web.pages.words import LANGUAGES

_WORDS = {
    "sign-in-refused": "signin.refused",
    "sign-in-locked": "signin.locked",
    "sign-in-busy": "problem.sign-in-busy",
    "sign-in-unfinished": "signin.unfinished",
    "factor-refused": "second.refused",
    "sign-in-again": "second.again",
    "unlock-refused": "signin.refused",
}


async def ask(visit: Visit) -> web.Response:
    """`GET /desk/sign-in`."""
    if visit.session is not None and visit.session.stage == "full":
        return see_other(local_address(visit.asked("next")))
    return page("sign_in.html", visit, next=local_address(visit.asked("next")), email="", problem="")


async def try_password(visit: Visit) -> web.Response:
    """`POST /desk/sign-in`: address and password; a cookie that is good for the second step only."""
    email, onward = visit.field("email"), local_address(visit.field("next"))
    try:
        token = await entering.by_password(visit.hub, email, visit.form.get("password", [""])[0], visit.device)
    except (Unauthorized, TooOften) as error:
        problem = _said(visit, error)
        return page("sign_in.html", visit, status=error.status, next=onward, email=email, problem=problem)
    response = see_other(f"/desk/second?next={quote(onward, safe='')}&lang={visit.language}")
    remember(response, visit.request, token)
    return response


async def ask_second(visit: Visit) -> web.Response:
    """`GET /desk/second`."""
    return page("second.html", visit._replace(account=None), next=local_address(visit.asked("next")), problem="")


async def try_second(visit: Visit) -> web.Response:
    """`POST /desk/second`: a code; a new cookie, which is in."""
    onward, session = local_address(visit.field("next")), visit.session
    assert session is not None
    try:
        token = await entering.by_factor(visit.hub, session, visit.who, visit.field("code", 100), visit.device)
    except (Unauthorized, TooOften) as error:
        problem = _said(visit, error)
        shown = visit._replace(account=None)
        return page("second.html", shown, status=error.status, next=onward, problem=problem)
    response = see_other(onward)
    remember(response, visit.request, token)
    recognise(response, visit, visit.who.email)
    return response


async def lock(visit: Visit) -> web.Response:
    """`POST /desk/lock`: nothing is shown any more until the password is typed."""
    assert visit.session is not None
    await sessions.lock(visit.hub, visit.session)
    return see_other("/desk/locked")


async def locked(visit: Visit) -> web.Response:
    """`GET /desk/locked`: an empty page that asks for the password."""
    assert visit.session is not None
    if not visit.session.locked:
        await sessions.lock(visit.hub, visit.session)
    return screen(visit, local_address(visit.asked("next")), Waiting())


async def unlock(visit: Visit) -> web.Response:
    """`POST /desk/locked`: back to where one was; what was being sent is shown to be sent again."""
    target, session = local_address(visit.field("target")), visit.session
    assert session is not None
    try:
        typed = visit.form.get("password", [""])[0]
        token = await entering.unlock(visit.hub, session, visit.who, typed, visit.device)
    except (Unauthorized, TooOften) as error:
        return screen(visit, target, Waiting.again(visit), problem=_said(visit, error), status=error.status)
    response = await onward(visit, session, target, token)
    remember(response, visit.request, token)
    return response


async def sign_out(visit: Visit) -> web.Response:
    """`POST /desk/sign-out`; with `everywhere`, on every device."""
    assert visit.session is not None
    if visit.field("everywhere"):
        await sessions.end_all(visit.hub, visit.who)
    else:
        await sessions.end(visit.hub, visit.session, visit.who)
    response = see_other(f"/desk/sign-in?lang={visit.language}")
    remember(response, visit.request, "")
    # What a browser may have kept despite `no-store`.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


async def speak(visit: Visit) -> web.Response:
    """`POST /desk/language`: the account's language from now on."""
    language = visit.field("to")
    if language in LANGUAGES:
        await accounts.speak(visit.hub, visit.who.id, language)
    return see_other(local_address(visit.field("back")))


def _said(visit: Visit, error: HubError) -> str:
    return visit.say(_WORDS.get(error.detail_code, "problem.title"))


PAGES = (
    Page("GET", "/desk/sign-in", ask, ()),
    Page("POST", "/desk/sign-in", try_password, ()),
    Page("GET", "/desk/second", ask_second, ANYBODY_IN, stage="second"),
    Page("POST", "/desk/second", try_second, ANYBODY_IN, stage="second"),
    Page("POST", "/desk/lock", lock, ANYBODY_IN, locked=True),
    Page("GET", "/desk/locked", locked, ANYBODY_IN, locked=True),
    Page("POST", "/desk/locked", unlock, ANYBODY_IN, locked=True, most=MAX_LOCKED),
    Page("POST", "/desk/sign-out", sign_out, ANYBODY_IN, locked=True),
    Page("POST", "/desk/language", speak, ANYBODY_IN),
)
