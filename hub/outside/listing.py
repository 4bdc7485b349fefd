"""The records of disclosures made outside of the hub, what was recorded last at the top; codes only."""

import re
from typing import Any, NamedTuple

from sqlalchemy import func, select, tuple_
from sqlmodel import col

from hub.context import Hub
from hub.errors import NotAvailable
from hub.storage.tables import Decision, Disclosure, OutsideDisclosure

PAGE = 25
_CODES = ("id", "way", "made_at", "recorded_at")
_NAMES = ("member_id", "discloser", "recipient", "description", "state")
_PLACE = re.compile(r"[0-9]{1,18}-[0-9a-f]{32}")


class Found(NamedTuple):
    rows: list[dict[str, Any]]
    following: str
    """Where the next page begins; empty: this was all."""


async def page(hub: Hub, scope: frozenset[str] | None, before: str) -> Found:
    """Those of these organizations (none: everybody's), from where the page before ends (empty: from the newest).

    Raises `NotAvailable` for a place where no page ends.
    """
    if before and not _PLACE.fullmatch(before):
        raise NotAvailable
    place: Any = tuple_(col(OutsideDisclosure.recorded_at), col(OutsideDisclosure.id))
    columns = [col(getattr(OutsideDisclosure, name)) for name in _CODES]
    statement = (
        select(*columns, *(col(getattr(Disclosure, name)) for name in _NAMES), col(Decision.outcome))
        # Outer, so that the rows come in the order of the page: SQLite begins with all disclosures of a program else.
        .outerjoin(Disclosure, col(Disclosure.id) == col(OutsideDisclosure.id))
        .outerjoin(Decision, col(Decision.id) == col(Disclosure.decision_id))
        .order_by(col(OutsideDisclosure.recorded_at).desc(), col(OutsideDisclosure.id).desc())
        .limit(PAGE + 1)
    )
    if scope is not None:
        statement = statement.where(func.coalesce(col(Disclosure.discloser), "").in_(sorted(scope)))
    if before:
        at, _, disclosure = before.partition("-")
        statement = statement.where(place < (int(at), disclosure))
    rows = [dict(zip((*_CODES, *_NAMES, "outcome"), row, strict=True)) for row in await hub.database.query(statement)]
    last = rows[:PAGE][-1] if len(rows) > PAGE else None
    return Found(rows[:PAGE], f"{last['recorded_at']}-{last['id']}" if last else "")
