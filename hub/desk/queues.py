"""The work that waits for a person, by queue: how much, how much of it late, and each item in the order it is due."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlmodel import col

from hub.bases.reviews import REVIEWS
from hub.context import Hub
from hub.storage.tables import WorkItem
from hub.waiting.work import NAMES

QUEUES: Mapping[str, frozenset[str]] = {
    "holds": frozenset({"hold"}),
    "legal": frozenset({"legal"}),
    "unknown": frozenset({"unknown_outcome"}),
    "dead": frozenset({"dead_letter", "undelivered", "late_proof"}),
    "emergencies": frozenset({"emergency_review"}),
    "reviews": REVIEWS - {"emergency_review"},
    "requests": frozenset({"information_request", "written_revocation"}),
    "incidents": frozenset({"incident"}),
}
"""Which kinds of item wait where; what is in none of them waits under `others`."""
OTHERS = "others"
_NAMED = frozenset().union(*QUEUES.values())
LIMIT = 100
_NO_DUE = 1 << 62


class Load(NamedTuple):
    """How much waits in a queue; `late`: past its due instant."""

    waits: int = 0
    late: int = 0


class Listed(NamedTuple):
    """Which items; `queue` empty: of every queue. `mine`: as the record names a person; empty: anybody's."""

    queue: str = ""
    state: str = "open"
    mine: str = ""


async def loads(hub: Hub, scope: frozenset[str] | None) -> dict[str, Load]:
    """The load of every queue."""
    late = func.count().filter(col(WorkItem.due_at) < hub.clock.now())
    columns: tuple[Any, ...] = (col(WorkItem.kind), func.count(), late)
    statement = select(*columns).where(col(WorkItem.state) == "open")
    found = dict.fromkeys((*QUEUES, OTHERS), Load())
    for kind, waits, overdue in await hub.database.query(_within(statement, scope).group_by(col(WorkItem.kind))):
        queue = queue_of(kind)
        found[queue] = Load(found[queue].waits + int(waits), found[queue].late + int(overdue))
    return found


async def listing(hub: Hub, wanted: Listed, scope: frozenset[str] | None) -> list[dict[str, Any]]:
    """The items, first what is due first; what is settled, newest first."""
    statement: Select[Any] = select(*(col(getattr(WorkItem, name)) for name in NAMES))
    statement = _within(statement.where(col(WorkItem.state) == wanted.state), scope)
    if wanted.queue == OTHERS:
        statement = statement.where(col(WorkItem.kind).not_in(sorted(_NAMED)))
    elif wanted.queue:
        statement = statement.where(col(WorkItem.kind).in_(sorted(QUEUES[wanted.queue])))
    if wanted.mine:
        statement = statement.where(col(WorkItem.assigned_to) == wanted.mine)
    order: tuple[Any, ...]
    if wanted.state == "open":
        order = (func.coalesce(col(WorkItem.due_at), _NO_DUE), col(WorkItem.id))
    else:
        order = (col(WorkItem.closed_at).desc(), col(WorkItem.id))
    rows = await hub.database.query(statement.order_by(*order).limit(LIMIT))
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


def queue_of(kind: str) -> str:
    """Where an item of this kind waits."""
    return next((queue for queue, kinds in QUEUES.items() if kind in kinds), OTHERS)


def _within(statement: Select[Any], scope: frozenset[str] | None) -> Select[Any]:
    return statement if scope is None else statement.where(col(WorkItem.organization_id).in_(sorted(scope)))
