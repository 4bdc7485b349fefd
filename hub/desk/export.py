"""The log as an export: exactly the rows that the filters show to somebody with this scope, all pages of them."""

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO

import msgspec

from hub.compliance.exports import make
from hub.compliance.exports.make import Extent, Made
from hub.compliance.exports.tables import Cell, Table
from hub.context import Hub
from hub.decide import OUTSIDER
from hub.desk import log
from hub.desk.log import Wanted
from hub.explanations import SOMEBODY
from hub.storage.facts import instant

KIND = "shown"
_PAGE = 500
_COLUMNS = (
    "position", "at", "made_at", "program", "program_name", "recipient", "recipient_name", "member_id", "items",
    "purpose", "basis", "laws", "reason", "channel", "outcome", "reference", "submission_id", "decision_id",
)  # fmt: skip


async def write(hub: Hub, wanted: Wanted, scope: frozenset[str] | None, form: str, out: BinaryIO, *, by: str) -> Made:
    """Write it into `out` in one of `exports.forms.FORMS`, signed. Raises `Malformed`, `TooLarge`."""
    whose = None if scope is None else " ".join(sorted(scope))
    extent = Extent(KIND, form, whose, wanted.member or None, wanted.since, wanted.until)
    return await make.write(hub, Table(_COLUMNS, _rows(hub, wanted, scope)), extent, out, by=by)


async def _rows(hub: Hub, wanted: Wanted, scope: frozenset[str] | None) -> AsyncIterator[tuple[Cell, ...]]:
    names = {OUTSIDER: SOMEBODY["en"]} | {
        each.id: each.name for each in (await hub.directory.current()).organizations.values()
    }
    before = None
    while True:
        found = await log.page(hub, msgspec.structs.replace(wanted, before=before, limit=_PAGE), scope)
        for row in found.rows:
            told = row | {f"{side}_name": names.get(row[side], row[side]) for side in ("program", "recipient")}
            for name in ("at", "made_at"):
                moment = instant(row[name] or 0).astimezone(hub.zone).isoformat(timespec="seconds")
                told[name] = moment if row[name] else None
            yield tuple(told[name] for name in _COLUMNS)
        if found.next is None:
            return
        before = found.next
        await asyncio.sleep(0)  # packets come first
