"""What every decision of a person about a work item begins and ends with: is it theirs, is it open, was nobody faster.

INVARIANT: no-existence-leak. Somebody else's item looks like none.
"""

from typing import Any

from hub.context import Hub
from hub.errors import Conflict, NotAvailable, Stale
from hub.storage.database import Unit
from hub.storage.statements import Lookup
from hub.storage.tables import WorkItem
from hub.waiting.work import NAMES

_BY_ID = Lookup(WorkItem, NAMES, "id")


async def open_item(hub: Hub, work: str, organization: str | None) -> dict[str, Any]:
    """An open work item.

    Raises `NotAvailable` if it is not this organization's (none: anybody's), `Conflict` if it is closed.
    """
    item = await read_item(hub, work, organization)
    if item["state"] != "open":
        raise Conflict("This work item is closed already.", code="not-waiting")
    return item


async def read_item(hub: Hub, work: str, organization: str | None) -> dict[str, Any]:
    """A work item, open or closed. Raises `NotAvailable` if it is not this organization's (none: anybody's)."""
    rows = await hub.database.lookup(_BY_ID, work)
    item = dict(zip(NAMES, rows[0], strict=True)) if rows else {}
    if not item or organization not in (None, item["organization_id"]):
        raise NotAvailable
    return item


async def commit_settled(hub: Hub, unit: Unit) -> None:
    """Commit what a person decided. Raises `Conflict` if somebody else was faster."""
    try:
        await hub.database.commit(unit)
    except Stale:
        raise Conflict("Somebody else has settled this meanwhile.", code="not-waiting") from None
