"""The disclosure log on the pages: filters in the address, a page at a time, a timeline, saved views."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from hub.compliance import viewing
from hub.desk import log, projection, rows, views
from hub.errors import Malformed
from hub.model import ChannelKind
from hub.outside.manifest import BY
from hub.storage.facts import instant
from hub.web.desk import asked as asking
from hub.web.desk import timeline
from hub.web.desk.asked import Asked
from hub.web.desk.named import parties
from hub.web.pages import terms, times
from hub.web.pages.door import READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit, see_other
from hub.web.pages.words import named
from policies.rules import PERMITTING
from policies.vocabulary import PURPOSES

_PERIODS = (7, 30)
"""Days up to today, one click each."""


async def show(visit: Visit) -> web.Response:
    """`GET /desk/log`: with the filters of the address; the list alone where a part of the page asks for it."""
    problem = ""
    try:
        asked = asking.read(visit.request.query, visit.hub.zone)
    except Malformed as error:
        asked, problem = (
            asking.read({}, visit.hub.zone),
            visit.say("log.bad_filter", what=named(visit.language, "log", error.field)),
        )
    current = await projection.catch_up(visit.hub)
    found = await log.page(visit.hub, asked.wanted, visit.who.scope)
    shown = [row["position"] for row in found.rows]
    await viewing.listed(visit.hub, visit.who.by, "log", (row["member_id"] for row in found.rows), shown)
    values = await _values(visit, asked, found)
    template = "log_results.html" if "HX-Request" in visit.request.headers else "log.html"
    return page(template, visit, status=400 if problem else 200, **values, current=current, problem=problem)


async def line(visit: Visit) -> web.Response:
    """`GET /desk/log/timeline`: the days of what the filters leave, as a picture."""
    asked = asking.read(visit.request.query, visit.hub.zone)
    drawn = await timeline.of(visit, asked)
    return page("timeline.html", visit, drawn=drawn, asked=asked)


async def save(visit: Visit) -> web.Response:
    """`POST /desk/log/views`: keep these filters as a view of one's own."""
    given = {name: visit.field(name) for name in asking.KEPT}
    asked = asking.read(given, visit.hub.zone)
    await views.save(visit.hub, visit.who.id, asked.query)
    return see_other(asked.address())


async def forget(visit: Visit) -> web.Response:
    """`POST /desk/log/views/{id}/forget`."""
    await views.forget(visit.hub, visit.who.id, visit.request.match_info["id"])
    return see_other("/desk/log")


async def _values(visit: Visit, asked: Asked, found: log.Found) -> dict[str, Any]:
    names = await parties(visit)
    choices = {
        "channel": [(each, named(visit.language, "channel", each)) for each in (*map(str, ChannelKind), *BY)],
        "outcome": [(each, named(visit.language, "outcome", each)) for each in rows.OUTCOMES],
        "basis": [(each.name, named(visit.language, "basis", each.name)) for each in PERMITTING],
        "purpose": sorted(((each, terms.purpose(visit.language, each)) for each in PURPOSES), key=lambda pair: pair[1]),
        "organization": sorted(names.items(), key=lambda pair: pair[1].casefold()),
    }

    def label(name: str, value: str) -> str:
        """A filter in words."""
        return f"{visit.say(f'log.{name}')}: {_value(visit, names, name, value)}"

    return {
        "label": label, "summary": lambda filters: " · ".join(_value(visit, names, *each) for each in filters.items()),
        "asked": asked, "found": found, "names": names, "choices": choices, "kinds": KINDS,
        "saved": await views.list_for(visit.hub, visit.who.id),
        "periods": [(days, _first(visit, days)) for days in _PERIODS],
        "older": asked.address(before=str(found.next)) if found.next is not None else "",
    }  # fmt: skip


def _first(visit: Visit, days: int) -> str:
    """The first of so many days up to today."""
    today = instant(visit.hub.clock.now()).astimezone(visit.hub.zone).date()
    return (today - timedelta(days=days - 1)).isoformat()


def _value(visit: Visit, names: Mapping[str, str], name: str, value: str) -> str:
    if name in ("program", "recipient"):
        return names.get(value, value)
    if name in asking.DATES:
        return times.date(value, visit.language)
    if name == "purpose":
        return terms.purpose(visit.language, value)
    return f"§{value}" if name == "paragraph" and value[0].isdigit() else named(visit.language, name, value)


KINDS = {
    "disclosed": "met", "released": "met", "under_way": "held", "held": "held", "unknown": "held",
    "waiting": "held", "withheld": "missed", "no_consent": "missed", "withdrawn": "open", "not_disclosed": "open",
    "recorded": "met", "corrected": "open", "mistaken": "open",
}  # fmt: skip
"""The shape and colour of each outcome; what is withheld is the law at work, and still what somebody looks for."""

PAGES = (
    Page("GET", "/desk/log", show, READ),
    Page("GET", "/desk/log/timeline", line, READ),
    Page("POST", "/desk/log/views", save, READ),
    Page("POST", "/desk/log/views/{id}/forget", forget, READ),
)
