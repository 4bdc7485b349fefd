"""What came in by mail, fax, HL7 v2 or file, as the desk lists it: with the clock of whatever waits, and no person."""

from typing import Any, NamedTuple

from sqlalchemy import and_, select
from sqlmodel import col

from hub.context import Hub
from hub.inbound.settle import WORK
from hub.storage.tables import Inbound, WorkItem

STATES = ("waiting", "submitted", "closed", "unmatched", "proved", "taken")
CHANNELS: tuple[str, ...] = ("fax", "email", "mllp", "file", "api")
LIMIT = 50
_SHOWN = ("id", "channel", "organization_id", "state", "code", "reference", "received_at", "settled_at")


class Listed(NamedTuple):
    """Which arrivals; `channel` empty: of every channel. `after`: the id that the page before ended with."""

    state: str = STATES[0]
    channel: str = ""
    after: str = ""


async def listing(hub: Hub, wanted: Listed, scope: frozenset[str] | None) -> list[dict[str, Any]]:
    """A page of at most `LIMIT`, and one more if there is one: what waits, first what came first; else newest first.

    INVARIANT: no-existence-leak. What no organization is proved to have sent is for those who see everybody's.
    """
    work = and_(col(WorkItem.reference) == col(Inbound.id), col(WorkItem.kind) == WORK, col(WorkItem.state) == "open")
    columns: tuple[Any, ...] = (*(col(getattr(Inbound, name)) for name in _SHOWN), col(WorkItem.due_at))
    statement = select(*columns).join(WorkItem, work, isouter=True).where(col(Inbound.state) == wanted.state)
    if scope is not None:
        statement = statement.where(col(Inbound.organization_id).in_(sorted(scope)))
    if wanted.channel:
        statement = statement.where(col(Inbound.channel) == wanted.channel)
    at, waits = col(Inbound.id), wanted.state == "waiting"
    if wanted.after:
        statement = statement.where(at > wanted.after if waits else at < wanted.after)
    rows = await hub.database.query(statement.order_by(at if waits else at.desc()).limit(LIMIT + 1))
    return [dict(zip((*_SHOWN, "due_at"), row, strict=True)) for row in rows]
