"""Pages from templates: escaped by default, under a policy that lets no inline script or style run.

INVARIANT: metadata-is-content. Titles are those of pages, never of what they show; nothing is kept by the browser.
"""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from hub.glass import rules
from hub.model import now_us
from hub.people.sessions import IDLE_US
from hub.web.pages import telephone, terms, times
from hub.web.pages.assets import addresses
from hub.web.pages.visit import TOKEN_FIELD, Visit
from hub.web.pages.words import LANGUAGES, NAMES, many, named

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = (Path(__file__).parent / "templates", Path(__file__).parents[1] / "desk" / "templates")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    # Under `no-referrer` a browser says of its own forms that they come from nowhere.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), publickey-credentials-get=(self)",
}


def page(template: str, visit: Visit, *, status: int = 200, **values: Any) -> web.Response:
    """The template filled in for the visitor."""
    text = _environment().get_template(template).render(**_around(visit), **values)
    return web.Response(status=status, text=text, content_type="text/html", headers=HEADERS)


def _around(visit: Visit) -> dict[str, Any]:
    """What every template may use."""
    language, zone = visit.language, visit.hub.zone
    wrote: dict[str, Callable[..., Any]] = {
        "say": visit.say,
        "named": partial(named, language),
        "moment": lambda at: times.moment(at, zone, language),
        "day": lambda at: times.day(at, zone, language),
        "date": lambda text: times.date(text, language),
        "clock": lambda at: times.clock(at, zone, language),
        "iso": lambda at: times.iso(at, zone),
        "many": many,
        "telephone": telephone.written,
        "left": lambda since, due, closed=None: times.left(since, due, visit.hub.clock.now(), zone, language, closed),
    }
    wrote |= {name: partial(getattr(terms, name), language) for name in ("purpose", "classes", "reason", "reason_word")}
    return {
        **wrote,
        "glass_for": partial(rules.offered, visit.hub),
        "visit": visit,
        "language": language,
        "languages": [(each, NAMES[each]) for each in LANGUAGES],
        "path": visit.request.path,
        "assets": addresses(),
        "token_field": TOKEN_FIELD,
        "idle_s": IDLE_US // 1_000_000,
        "printed_at": times.moment(now_us(), zone, language),
    }


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - with the first page

    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
