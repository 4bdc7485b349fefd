"""The lock screen: it asks for the password and shows nothing; a form that was being sent waits on it, sealed."""

from typing import NamedTuple, Self
from urllib.parse import urlencode

from aiohttp import web

from hub.people import kept
from hub.people.kept import Form
from hub.people.sessions import Session
from hub.web.pages.render import page
from hub.web.pages.visit import MAX_FORM, TOKEN_FIELD, Visit, see_other

NOWHERE = "nowhere"
"""What the route of every address that is none calls its path."""
MAX_LOCKED = 2 * MAX_FORM
"""Bytes of the screen's own form: a form of `MAX_FORM`, sealed, is a third longer."""


class Waiting(NamedTuple):
    """What was being sent when the screen was found locked."""

    sent: bool = False
    sealed: str = ""
    """Empty: it was more than is kept."""
    files: bool = False
    """There were files with it, which are not kept."""

    @classmethod
    def of(cls, visit: Visit, session: Session, target: str) -> Self:
        """The visit's form, sealed for whoever it is."""
        if visit.request.method != "POST":
            return cls()
        form = tuple((name, each) for name, many in visit.form.items() if name != TOKEN_FIELD for each in many)
        fits = len(urlencode(form)) <= MAX_FORM
        return cls(True, kept.seal(visit.hub, session, target, form) if fits else "", bool(visit.files))

    @classmethod
    def again(cls, visit: Visit) -> Self:
        """As it stood on the screen whose form this is."""
        sealed = visit.form.get("kept", [""])[0]
        return cls(bool(visit.field("sent")), sealed, bool(visit.field("files")))


def screen(visit: Visit, target: str, waiting: Waiting, *, problem: str = "", status: int = 200) -> web.Response:
    """Nothing but the question for the password."""
    shown = visit._replace(account=None)
    return page("locked.html", shown, status=status, target=target, waiting=waiting, problem=problem)


async def onward(visit: Visit, session: Session, target: str, token: str) -> web.Response:
    """After unlocking, under the new `token`: to where one was; a form is shown to be sent again.

    One that does not open (`kept.unseal`) is gone: an empty one comes, and says so.
    """
    waiting = Waiting.again(visit)
    if not waiting.sent:
        return see_other(target)
    form: Form | None = kept.unseal(visit.hub, session, target, waiting.sealed)
    if form is None:
        return see_other(f"{await _page_of(visit, target)}?unkept=yes")
    return page("resend.html", visit._replace(token=token), target=target, form=form, files=waiting.files)


async def _page_of(visit: Visit, target: str) -> str:
    """The page that a form's address belongs to: the nearest above that can be opened, the front page if none can."""
    path = target.partition("?")[0].rstrip("/")
    while path.startswith("/desk/"):
        match = await visit.request.app.router.resolve(visit.request.clone(method="GET", rel_url=path))
        if match.http_exception is None and NOWHERE not in match:
            return path
        path = path.rpartition("/")[0]
    return "/desk/"
