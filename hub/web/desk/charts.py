"""The charts on the pages: where people would rather look than read; each with its numbers beside it."""

from datetime import timedelta
from functools import partial

from aiohttp import web

from hub.desk import charts, counts, projection
from hub.desk.charts import EPOCH, REST, Chart
from hub.desk.log import Wanted
from hub.errors import NotAvailable
from hub.web.desk import drawing
from hub.web.desk.drawing import Drawing
from hub.web.desk.named import Names, names
from hub.web.pages import terms, times
from hub.web.pages.door import READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit
from hub.web.pages.words import named

SPANS = {"30": 30, "90": 90, "365": 365, "2190": 2190}
_DAY_US = 86_400_000_000
_COLUMNS = ("outcome", "basis", "channel", "recipient", "reason")


async def show(visit: Visit) -> web.Response:
    """`GET /desk/charts?days=`: the last 30, 90, 365 days, or six years."""
    asked = visit.asked("days") or "90"
    if asked not in SPANS:
        raise NotAvailable
    hub, scope, span = visit.hub, visit.who.scope, SPANS[asked]
    await projection.catch_up(hub)
    last, known, since = (
        projection.day_number(hub, hub.clock.now()),
        await names(visit),
        hub.clock.now() - span * _DAY_US,
    )
    shown = []
    for column in _COLUMNS:
        chart = await charts.over_time(hub, column, last - span + 1, last, Wanted(), scope)
        shown.append((column, chart, _drawn(visit, column, chart, known), _labels(visit, column, chart, known)))
    outcomes = await counts.totals(hub, "outcome", last - span + 1, last, Wanted(), scope)
    return page(
        "charts.html", visit, charts=shown, days=asked, spans=SPANS, outcomes=outcomes, names=known,
        first=(EPOCH + timedelta(days=last - span + 1)).isoformat(),
        clocks=await charts.clocks(hub, since, scope),
        # Who reads how much is about colleagues: for those who answer for all of them.
        readers=await charts.readers(hub, since) if scope is None else [], far=charts.FAR_MORE,
    )  # fmt: skip


def _drawn(visit: Visit, column: str, chart: Chart, known: Names) -> Drawing:
    name = partial(_label, visit, column, known)
    return drawing.stacked(chart, name, lambda text: times.date(text, visit.language))


def _labels(visit: Visit, column: str, chart: Chart, known: Names) -> list[str]:
    return [_label(visit, column, known, value) for value, _ in chart.rows]


def _label(visit: Visit, column: str, known: Names, value: str) -> str:
    if value == REST:
        return visit.say("charts.rest")
    if column == "recipient":
        return known.organization(value)
    if column == "reason":
        return terms.reason(visit.language, value, visit.say("charts.recipient"), visit.say("charts.discloser"))
    return named(visit.language, column, value)


PAGES = (Page("GET", "/desk/charts", show, READ),)
