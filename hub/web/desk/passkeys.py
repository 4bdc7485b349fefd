"""Passkeys on the pages: what the browser is asked, and what it answers, as JSON inside a form."""

from urllib.parse import urlsplit

from aiohttp import web

from hub.errors import Malformed, Unauthorized
from hub.people import entering, lockout, passkeys
from hub.people.passkeys import Site
from hub.web.pages.door import ANYBODY_IN, Page
from hub.web.pages.visit import Visit, local_address, origin, recognise, remember, see_other

_MOST_ANSWER = 16_000


async def ask_new(visit: Visit) -> web.Response:
    """`POST /desk/passkeys/new`: what to make."""
    assert visit.session is not None
    return _json(await passkeys.begin_adding(visit.hub, visit.session, visit.who, _site(visit)))


async def add(visit: Visit) -> web.Response:
    """`POST /desk/passkeys`: what was made."""
    assert visit.session is not None
    await passkeys.add(visit.hub, visit.session, visit.who, _site(visit), visit.field("answer", _MOST_ANSWER))
    return see_other("/desk/me")


async def ask_use(visit: Visit) -> web.Response:
    """`POST /desk/second/passkey/ask`: what to sign."""
    assert visit.session is not None
    return _json(await passkeys.begin_using(visit.hub, visit.session, visit.who, _site(visit)))


async def use(visit: Visit) -> web.Response:
    """`POST /desk/second/passkey`: the signature; in."""
    session, account = visit.session, visit.who
    assert session is not None
    await lockout.check(visit.hub, account.email, visit.device, inside=True)
    try:
        await passkeys.check(visit.hub, session, account, _site(visit), visit.field("answer", _MOST_ANSWER))
    except (Unauthorized, Malformed):
        await entering.failed(visit.hub, account.email, visit.device, account, "factor")
        raise Unauthorized("The passkey does not fit; use a code.", code="factor-refused") from None
    response = see_other(local_address(visit.field("next")))
    token = await entering.admitted(visit.hub, session, account, "passkey", visit.device)
    remember(response, visit.request, token)
    recognise(response, visit, account.email)
    return response


def _site(visit: Visit) -> Site:
    where = origin(visit.request)
    return Site(where, urlsplit(where).hostname or "")


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")


PAGES = (
    Page("POST", "/desk/passkeys/new", ask_new, ANYBODY_IN),
    Page("POST", "/desk/passkeys", add, ANYBODY_IN),
    Page("POST", "/desk/second/passkey/ask", ask_use, ANYBODY_IN, stage="second"),
    Page("POST", "/desk/second/passkey", use, ANYBODY_IN, stage="second"),
)
