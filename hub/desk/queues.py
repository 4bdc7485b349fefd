"""The work that waits for a person, by queue: how much, how much of it late, and each item in the order it is due."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.bases.reviews import BREAK_GLASS, REVIEWS
from hub.context import Hub
from hub.waiting import listing
from hub.waiting.listing import Filter, Load, Place

QUEUES: Mapping[str, frozenset[str]] = {
    "holds": frozenset({"hold"}),
    "consents": frozenset({"no_consent"}),
    "legal": frozenset({"legal"}),
    "unknown": frozenset({"unknown_outcome"}),
    "dead": frozenset({"dead_letter", "undelivered", "late_proof"}),
    "emergencies": frozenset({"emergency_review"}),
    "glass": frozenset({BREAK_GLASS}),
    "reviews": REVIEWS - {"emergency_review", BREAK_GLASS},
    "requests": frozenset({"information_request", "written_revocation", "suspension_ended"}),
    "incidents": frozenset({"incident"}),
}
"""Which kinds of item wait where; what is in none of them waits under `others`."""
OTHERS = "others"
_NAMED = frozenset().union(*QUEUES.values())
LIMIT = 50


class Listed(NamedTuple):
    """Which items; what is empty does not narrow."""

    queue: str = ""
    kind: str = ""
    state: str = "open"
    mine: str = ""
    """As the record names a person."""
    overdue: bool = False
    until: int | None = None
    """Only those that wait since then or longer, microseconds UTC."""
    after: Place | None = None
    """Where the page before ended."""


class Found(NamedTuple):
    items: list[dict[str, Any]]
    next: Place | None
    """Where the next page begins; none: this was the last."""
    total: int
    """On all pages; one more than `listing.MOST` stands for whatever is more."""


async def loads(hub: Hub, scope: frozenset[str] | None) -> dict[str, Load]:
    """The load of every queue."""
    return await listing.loads(hub, scope, {**QUEUES, OTHERS: await _others(hub)})


async def open_kinds(hub: Hub) -> frozenset[str]:
    """Kinds that one may look for: those that have a queue, and whatever else waits."""
    return _NAMED | await listing.kinds(hub)


async def page(hub: Hub, wanted: Listed, scope: frozenset[str] | None) -> Found:
    """A page of at most `LIMIT` items: first what is due first; of what is settled what was settled last."""
    narrowed = Filter(
        scope,
        wanted.state,
        kinds=await _others(hub) if wanted.queue == OTHERS and wanted.state == "open" else QUEUES.get(wanted.queue),
        but=_NAMED if wanted.queue == OTHERS else frozenset(),
        assigned_to=wanted.mine,
        overdue=wanted.overdue,
        until=wanted.until,
    )
    if wanted.kind:
        within = wanted.queue in ("", queue_of(wanted.kind))
        narrowed = narrowed._replace(kinds=frozenset({wanted.kind} if within else ()))
    if narrowed.kinds is not None and not narrowed.kinds:
        return Found([], None, 0)
    items = await listing.soonest(hub, narrowed, after=wanted.after, limit=LIMIT + 1)
    following = listing.place_of(items[LIMIT - 1]) if len(items) > LIMIT else None
    return Found(items[:LIMIT], following, await listing.count(hub, narrowed))


async def _others(hub: Hub) -> frozenset[str]:
    """What is open and has no queue of its own; kinds, not items, so that nothing walks over what has one."""
    return await listing.kinds(hub) - _NAMED


def queue_of(kind: str) -> str:
    """Where an item of this kind waits."""
    return next((queue for queue, kinds in QUEUES.items() if kind in kinds), OTHERS)
