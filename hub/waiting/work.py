"""What waits for a person: holds, approvals, dead letters, unknown outcomes, reviews of what has left."""

from sqlalchemy import ColumnElement, literal_column
from sqlmodel import col

from hub.model import new_id
from hub.storage.database import Step
from hub.storage.statements import Change, Insert, columns_of
from hub.storage.tables import WorkItem

NAMES = columns_of(WorkItem)
_ADD = Insert(WorkItem, columns_of(WorkItem))
CLOSED = Change(WorkItem, ("state", "closed_at", "closed_by", "resolution"), ("id", "state"))
CLOSE = Change(WorkItem, ("state", "closed_at", "closed_by", "resolution"), ("id", "state"), must_hit=True)
_CLOSE_FOR = Change(WorkItem, ("state", "closed_at", "closed_by", "resolution"), ("reference", "kind", "state"))
NOT_PROPOSED = ("", "", 0)
WAITING = ("hold", "legal")
"""Kinds of what has not left yet; court papers wait apart, for those who answer courts."""


def is_open() -> ColumnElement[bool]:
    """The condition, in the words of the indexes of what is open: a parameter would not find them."""
    return col(WorkItem.state) == literal_column("'open'")


def is_closed() -> ColumnElement[bool]:
    """As `is_open`."""
    return col(WorkItem.state) == literal_column("'closed'")


def close_waiting(reference: str, now: int) -> tuple[Step, ...]:
    """Close what waits about an outbox row, because it is decided anew."""
    return tuple(close_for(kind, reference, "hub", "decided anew", now) for kind in WAITING)


def close_for(kind: str, reference: str, by: str, why: str, now: int) -> Step:
    """Close what of this kind is open about the reference, if anything is."""
    return Step(_CLOSE_FOR, ("closed", now, by, why, reference, kind, "open"))


def open_work(
    kind: str, organization: str, reference: str, codes: tuple[str, ...], now: int, *, due: int | None = None
) -> Step:
    """A new work item about `reference` (an outbox row, consent or member); codes only, no free text."""
    return opened_work(kind, organization, reference, codes, now, due=due)[1]


def opened_work(
    kind: str, organization: str, reference: str, codes: tuple[str, ...], now: int, *, due: int | None = None
) -> tuple[str, Step]:
    """The same with its id, for what is written about it in the same unit."""
    work = new_id()
    told = (work, kind, "open", organization, reference, " ".join(codes), now, due)
    return work, Step(_ADD, (*told, None, None, None, None, 0, *NOT_PROPOSED))
