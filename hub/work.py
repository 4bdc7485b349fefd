"""What waits for a person: holds, dead letters, unknown outcomes, emergencies to review."""

from hub.model import new_id
from hub.storage.database import Step
from hub.storage.statements import Change, Insert, columns_of
from hub.storage.tables import WorkItem

_ADD = Insert(WorkItem, columns_of(WorkItem))
CLOSE = Change(WorkItem, ("state", "closed_at", "closed_by", "resolution"), ("id", "state"), must_hit=True)

_CLOSE_FOR = Change(WorkItem, ("state", "closed_at", "closed_by", "resolution"), ("reference", "kind", "state"))


def close_work(kind: str, reference: str, resolution: str, now: int) -> Step:
    """Close what is open of this kind about `reference`, because the matter has settled itself."""
    return Step(_CLOSE_FOR, ("closed", now, "hub", resolution, reference, kind, "open"))


def open_work(
    kind: str, organization: str, reference: str, codes: tuple[str, ...], now: int, *, due: int | None = None
) -> Step:
    """A new work item about `reference` (an outbox row, consent or member); codes only, no free text."""
    values = (new_id(), kind, "open", organization, reference, " ".join(codes), now, due, None, None, None)
    return Step(_ADD, values)
