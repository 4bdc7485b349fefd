"""One request to a page: who is there, in which language, what they sent.

Rules kept here:
- The cookie is `__Host-desk` (Secure, HttpOnly, SameSite=Strict), except on this very machine without TLS, where
  browsers refuse it: there it is `desk`. Behind a proxy the host is never the loopback. Beside it a browser that
  somebody came in with has `__Host-desk-device`, which opens nothing.
- Whatever changes something is a POST from a page of ours: its `Sec-Fetch-Site` or `Origin` says so, and the form
  carries the session's token.
"""

import hmac
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from hub.context import Hub
from hub.errors import Forbidden, Malformed, NotAvailable
from hub.intake import MAX_SUBMISSION_BYTES
from hub.people import devices, sessions
from hub.people.accounts import Account
from hub.people.sessions import Session
from hub.web.access import HUB
from hub.web.body import read_body, read_form
from hub.web.multipart import boundary_of, parts
from hub.web.pages.words import language_of, say

MAX_FORM = 64 * 1024
_MOST_FIELDS = 200
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
TOKEN_FIELD = "form_token"  # noqa: S105 - a field's name
Fields = dict[str, list[str]]


class Upload(NamedTuple):
    """A file that came with a form."""

    field: str
    name: str
    """Its last part, without a path; what people called it."""
    content: bytes


class Visit(NamedTuple):
    """What a page's handler is given."""

    request: web.Request
    hub: Hub
    language: str
    token: str = ""
    session: Session | None = None
    account: Account | None = None
    form: Fields = {}  # noqa: RUF012 - never changed
    files: tuple[Upload, ...] = ()

    @property
    def who(self) -> Account:
        """Who is in; a page behind the door has somebody."""
        assert self.account is not None
        return self.account

    def say(self, key: str, **values: object) -> str:
        """A text in the visitor's language."""
        return say(self.language, key, **values)

    def field(self, name: str, most: int = 2_000) -> str:
        """A field of the form, without spaces around it; empty if it is missing. Raises `Malformed` if too long.

        Browsers count the end of a line once where they limit a text, and send two characters for it.
        """
        text = self.form.get(name, [""])[0].replace("\r\n", "\n").strip()
        if len(text) > most:
            raise Malformed("The text is too long.", code="text-too-long", field=name)
        return text

    def asked(self, name: str) -> str:
        """A parameter of the address; empty if it is missing."""
        return str(self.request.query.get(name, ""))

    @property
    def device(self) -> str:
        """The cookie of a browser that somebody came in with before; empty if there is none."""
        return str(self.request.cookies.get(f"{cookie_name(self.request)}-device", ""))

    @property
    def form_token(self) -> str:
        """What this session's forms carry."""
        return sessions.form_token(self.hub, self.token) if self.token else ""


async def arriving(request: web.Request, *, uploads: bool = False, most: int = MAX_FORM) -> Visit:
    """The visit of whoever it is, without a look at the session; its form has at most so many bytes, and one with
    `uploads` is read later (`uploaded`).

    Raises `Forbidden` for another site's form, and `NotAvailable` for an address that nobody writes.
    """
    hub = request.app[HUB]
    if "\0" in request.path or any("\0" in value for value in request.query.values()):
        raise NotAvailable
    language = language_of(request.query.get("lang", ""), request.headers.get("Accept-Language", ""))
    form: Fields = {}
    if request.method == "POST":
        _check_site(request)
        form = {} if uploads else await read_form(request, most, _MOST_FIELDS)
        if "lang" in form:
            language = language_of(form["lang"][0], language)
    return Visit(request, hub, language, request.cookies.get(cookie_name(request), ""), form=form)


async def uploaded(visit: Visit) -> Visit:
    """With the fields and files of its form: only of somebody who is in, as it may be large."""
    boundary = boundary_of(visit.request.headers.get("Content-Type", ""))
    if boundary is None:  # without its files, as when it is sent again after the screen was locked
        return visit._replace(form=await read_form(visit.request, MAX_FORM, _MOST_FIELDS))
    party = next(iter(visit.who.organizations), "")
    body = await read_body(visit.request, MAX_SUBMISSION_BYTES + MAX_FORM, party)
    form: Fields = {}
    files: list[Upload] = []
    for name, file, content in parts(body, boundary, _MOST_FIELDS):
        if file is None:
            form.setdefault(name, []).append(_text(content))
        elif content or _file_name(file):  # a field that nothing was chosen in has neither
            files.append(Upload(name, _file_name(file), content))
    return visit._replace(form=form, files=tuple(files))


def check_token(visit: Visit) -> None:
    """Raises `Forbidden` unless the form is of this session."""
    if not hmac.compare_digest(visit.form.get(TOKEN_FIELD, [""])[0].encode(), visit.form_token.encode()):
        raise Forbidden("The form is from another session; open the page again.", code="form-of-another-session")


def cookie_name(request: web.Request) -> str:
    """As the rule above says."""
    return "desk" if _plain(request) else "__Host-desk"


def remember(response: web.Response, request: web.Request, token: str) -> None:
    """Give the browser its cookie; empty: take it away."""
    options = _options(request)
    if token:
        response.set_cookie(cookie_name(request), token, **options)
    else:
        response.set_cookie(cookie_name(request), "", max_age=0, **options)


def recognise(response: web.Response, visit: Visit, email: str) -> None:
    """From now on this browser is known for this address, which is in."""
    value = devices.cookie(visit.hub.ring, email, visit.hub.clock.now())
    name = f"{cookie_name(visit.request)}-device"
    response.set_cookie(name, value, max_age=devices.LIFE_S, **_options(visit.request))


def origin(request: web.Request) -> str:
    """The pages' origin, as the browser knows it."""
    return f"{'http' if _plain(request) else 'https'}://{request.host}"


def see_other(address: str) -> web.Response:
    """Go there with a GET."""
    return web.Response(status=303, headers={"Location": address})


def local_address(text: str) -> str:
    """An address of the desk to go on to; the front page if it is anything else (an open redirect)."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/desk/"
    inside = not parts.scheme and not parts.netloc and text.startswith("/desk/") and "\\" not in text
    return text if inside and text.isprintable() else "/desk/"


def _options(request: web.Request) -> dict[str, Any]:
    return {"httponly": True, "samesite": "Strict", "path": "/", "secure": not _plain(request)}


def _plain(request: web.Request) -> bool:
    host = urlsplit(f"//{request.host}").hostname or ""
    return request.url.scheme == "http" and host in _LOOPBACK


def _check_site(request: web.Request) -> None:
    site, came_from = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in (None, "same-origin") or (came_from is not None and urlsplit(came_from).netloc != request.host):
        raise Forbidden("A form of another site is not taken.", code="form-of-another-site")


def _text(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or len(content) > MAX_FORM:
        raise Malformed("The form is not readable.")
    return text


def _file_name(written: bytes) -> str:
    """As the HTML standard writes it: quoted, with %22 for a quotation mark."""
    name = written.decode("utf-8", "replace").strip().strip('"').replace("%22", '"')
    name = name.replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in name if each.isprintable()).strip()
