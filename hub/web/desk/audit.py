"""Audits on the pages: the signed head of the ledger, and a random sample with its seed as a signed evidence pack.

A pack holds entries of every organization, so it is drawn by somebody who sees all of them.
"""

import asyncio
import tempfile
from datetime import date
from pathlib import Path

from aiohttp import web

from hub.errors import Forbidden, Malformed, NotAvailable, Unavailable
from hub.ledger import proofs
from hub.sampling import pack
from hub.sampling.pack import Order
from hub.sampling.period import of_days
from hub.web.pages.door import READ, Page
from hub.web.pages.render import page
from hub.web.pages.visit import Visit

MOST = 200


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
    except (Malformed, NotAvailable, Unavailable) as error:
        return await _page(visit, problem=visit.say("audit.problem"), status=error.status)
    headers = {"Content-Disposition": 'attachment; filename="sample.zip"'}
    return web.Response(body=content, content_type="application/zip", headers=headers)


def _order(visit: Visit) -> Order:
    count = visit.field("count", 6)
    if not (count.isascii() and count.isdigit() and 0 < int(count) <= MOST):
        raise Malformed(f"A sample has 1 to {MOST} entries.", field="count")
    try:
        days = [date.fromisoformat(visit.field(name)) for name in ("since", "until")]
    except ValueError:
        raise Malformed("A date is written YYYY-MM-DD.", field="since") from None
    since, until = of_days(days[0], days[1], visit.hub.zone)
    of = "disclosures" if visit.field("of") == "disclosures" else "entries"
    return Order(seed=visit.field("seed", 100), count=int(count), of=of, since=since, until=until, by=visit.who.by)


async def _page(visit: Visit, *, problem: str = "", status: int = 200) -> web.Response:
    try:
        note = await proofs.checkpoint(visit.hub.database)
        head = proofs.head_of(visit.hub, note)
    except NotAvailable:
        note, head = "", None
    given = {name: visit.field(name) for name in ("seed", "count", "of", "since", "until")}
    return page(
        "audit.html", visit, status=status, note=note, head=head, problem=problem, given=given, most=MOST,
        all=visit.who.scope is None,
    )  # fmt: skip


PAGES = (
    Page("GET", "/desk/audit", show, READ),
    Page("POST", "/desk/audit", draw, READ),
)
