"""An invitation accepted: a password, an authenticator by QR code, recovery codes shown once."""

import io
from typing import TYPE_CHECKING

from aiohttp import web

from hub.errors import HubError, Malformed, NotAvailable, TooOften, Unauthorized
from hub.people import accounts, entering, factors, passkeys
from hub.web.pages.door import ANYBODY_IN, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, recognise, remember, see_other

if TYPE_CHECKING:
    from markupsafe import Markup


async def ask(visit: Visit) -> web.Response:
    """`GET /desk/join?code=`: choose a password."""
    account = await accounts.find_by_invitation(visit.hub, visit.asked("code"))
    return page("join.html", visit, code=visit.asked("code"), name=account.name, problem="")


async def accept(visit: Visit) -> web.Response:
    """`POST /desk/join`: the password; on to the second factor."""
    code, password = visit.field("code"), visit.form.get("password", [""])[0]
    account = await accounts.find_by_invitation(visit.hub, code)
    problem = "" if password == visit.form.get("repeat", [""])[0] else "differs"
    try:
        token = "" if problem else await entering.accept(visit.hub, code, password)
    except Malformed as error:
        problem = error.detail_code
    if problem:
        said = visit.say(f"join.{problem}")
        return page("join.html", visit, status=400, code=code, name=account.name, problem=said)
    response = see_other(f"/desk/enrol?lang={visit.language}")
    remember(response, visit.request, token)
    return response


async def show(visit: Visit) -> web.Response:
    """`GET /desk/enrol`: the authenticator's QR code."""
    return _code(visit, "", 200)


async def confirm(visit: Visit) -> web.Response:
    """`POST /desk/enrol`: its first code; in, and the recovery codes are shown this once."""
    session = visit.session
    assert session is not None
    try:
        codes = await entering.enrol(visit.hub, visit.who, visit.field("code", 100))
    except (Unauthorized, TooOften) as error:
        return _code(visit, _said(visit, error), error.status)
    account = await accounts.find(visit.hub, session.person)
    token = await entering.admitted(visit.hub, session, account, "totp", visit.device)
    await accounts.speak(visit.hub, session.person, visit.language)
    response = page("recovery.html", visit._replace(token=token, account=None), codes=codes)
    remember(response, visit.request, token)
    recognise(response, visit, account.email)
    return response


async def own(visit: Visit) -> web.Response:
    """`GET /desk/me`: one's own account."""
    organizations = (await visit.hub.directory.current()).organizations
    sees = [organizations[each].name for each in visit.who.organizations if each in organizations]
    return page("me.html", visit, sees=sees, passkeys=await passkeys.list_for(visit.hub, visit.who.id))


def _code(visit: Visit, problem: str, status: int) -> web.Response:
    if visit.who.totp_step >= 0:
        raise NotAvailable
    qr = _svg(factors.uri(visit.who.totp, visit.who.email))
    secret = " ".join(visit.who.totp[at : at + 4] for at in range(0, len(visit.who.totp), 4))
    return page("enrol.html", visit._replace(account=None), status=status, qr=qr, secret=secret, problem=problem)


def _svg(text: str) -> "Markup":
    import segno  # noqa: PLC0415 - with an enrolment
    from markupsafe import Markup  # noqa: PLC0415 - with the first page

    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", scale=5, border=4, xmldecl=False, svgns=False, light="#fff")
    return Markup(out.getvalue().decode())  # noqa: S704 - squares drawn by segno; the text is not in it


def _said(visit: Visit, error: HubError) -> str:
    known = {"factor-refused": "enrol.refused", "sign-in-locked": "signin.locked"}
    return visit.say(known.get(error.detail_code, "problem.title"))


PAGES = (
    Page("GET", "/desk/join", ask, ()),
    Page("POST", "/desk/join", accept, ()),
    Page("GET", "/desk/enrol", show, ANYBODY_IN, stage="enrol"),
    Page("POST", "/desk/enrol", confirm, ANYBODY_IN, stage="enrol"),
    Page("GET", "/desk/me", own, ANYBODY_IN),
)
