"""Audits on the pages: the signed head of the ledger, and a random sample with its seed as a signed evidence pack.

A pack holds entries of every organization, so it is drawn by somebody who sees all of them.
"""

import asyncio
import tempfile
from datetime import date, timedelta
from pathlib import Path

from aiohttp import web

from hub.errors import Forbidden, Malformed, NotAvailable, Unavailable
from hub.ledger import proofs
from hub.sampling import pack
from hub.sampling.pack import Order
from hub.sampling.period import of_days
from hub.storage.facts import instant
from hub.web.pages.door import READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit

MOST = 200
_FIELDS = ("seed", "count", "of", "since", "until")
_MONTH = timedelta(days=30)


async def show(visit: Visit) -> web.Response:
    """`GET /desk/audit`."""
    return await _page(visit)


async def draw(visit: Visit) -> web.Response:
    """`POST /desk/audit`: the pack, as a ZIP; that it was drawn, by whom and which, is on the ledger."""
    if visit.who.scope is not None:
        raise Forbidden("A sample is of every organization.")
    try:
        order = _order(visit)
        with tempfile.TemporaryDirectory(prefix="part2hub-") as folder:
            file = Path(folder) / "sample.zip"
            await pack.write_pack(visit.hub, order, file)
            content = await asyncio.to_thread(file.read_bytes)
    except Malformed as error:
        return await _page(visit, wrong=error.field or "seed", status=error.status)
    except (NotAvailable, Unavailable) as error:
        return await _page(visit, problem=visit.say("audit.none"), status=error.status)
    headers = {"Content-Disposition": 'attachment; filename="sample.zip"'}
    return web.Response(body=content, content_type="application/zip", headers=headers)


def _order(visit: Visit) -> Order:
    count = visit.field("count", 6)
    if not (count.isascii() and count.isdigit() and 0 < int(count) <= MOST):
        raise Malformed(f"A sample has 1 to {MOST} entries.", field="count")
    first, last = _day(visit, "since"), _day(visit, "until")
    if last < first:
        raise Malformed("A period begins before it ends.", field="until")
    since, until = of_days(first, last, visit.hub.zone)
    of = "disclosures" if visit.field("of") == "disclosures" else "entries"
    return Order(seed=visit.field("seed", 100), count=int(count), of=of, since=since, until=until, by=visit.who.by)


def _day(visit: Visit, name: str) -> date:
    try:
        return date.fromisoformat(visit.field(name))
    except ValueError:
        raise Malformed("A date is written YYYY-MM-DD.", field=name) from None


def _asked(visit: Visit) -> dict[str, str]:
    """What was typed; before that, the last month."""
    if visit.request.method == "POST":
        return {name: visit.field(name) for name in _FIELDS}
    today = instant(visit.hub.clock.now()).astimezone(visit.hub.zone).date()
    period = {"since": (today - _MONTH).isoformat(), "until": today.isoformat()}
    return dict.fromkeys(_FIELDS, "") | {"count": "25"} | period


async def _page(visit: Visit, *, problem: str = "", wrong: str = "", status: int = 200) -> web.Response:
    try:
        note = await proofs.checkpoint(visit.hub.database)
        head = proofs.head_of(visit.hub, note)
    except NotAvailable:
        note, head = "", None
    return page(
        "audit.html", visit, status=status, note=note, head=head, problem=problem, wrong=wrong,
        given=_asked(visit), all=visit.who.scope is None,
    )  # fmt: skip


PAGES = (
    Page("GET", "/desk/audit", show, READ),
    Page("POST", "/desk/audit", draw, READ),
)
