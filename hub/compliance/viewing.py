"""Reading is recorded too: whoever looks at a member's data as a person leaves an entry (45 CFR 164.312(b)).

One function for every page and route. Systems of an organization (`sender`) read what they handed in themselves, and
leave none; what they hand in and receive is on the ledger already.
"""

from collections import Counter
from typing import Any

import msgspec
from sqlalchemy import literal_column, select
from sqlmodel import col

from hub.context import Hub
from hub.record import entry
from hub.storage.database import Unit
from hub.storage.tables import LedgerEntry

_VIEWED = col(LedgerEntry.kind) == literal_column("'access.viewed'")
"""Written out, so that the databases see that their index of views fits."""
_BATCH = 1000
_NAMES = ("id", "at", "member_id", "reference")


async def note(hub: Hub, by: str, what: str, member: str | None, reference: str) -> None:
    """Record that `by` looked: `what` is a fixed word (`member`, `decision`, `matter`), `reference` the id of it."""
    body = {"by": by, "what": what}
    step = entry("access.viewed", hub.clock.now(), body, member=member, reference=reference)
    await hub.database.commit(Unit((), (step,)))


async def views(
    hub: Hub,
    *,
    member: str | None = None,
    by: str | None = None,
    since: int | None = None,
    until: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Who looked at what, newest first. `by`: a person (`organization/token`) or an organization with its people.

    `before` is an entry's number. Instants: microseconds UTC, `until` exclusive.
    """
    statement = (
        select(*(col(getattr(LedgerEntry, name)) for name in _NAMES), col(LedgerEntry.body))
        .where(_VIEWED)
        .order_by(col(LedgerEntry.id).desc())
    )
    if member is not None:
        statement = statement.where(col(LedgerEntry.member_id) == member)
    if since is not None:
        statement = statement.where(col(LedgerEntry.at) >= since)
    if until is not None:
        statement = statement.where(col(LedgerEntry.at) < until)
    if before is not None:
        statement = statement.where(col(LedgerEntry.id) < before)
    if by is None:
        return [_view(row) for row in await hub.database.query(statement.limit(limit))]
    return await _by(hub, statement, by, limit)


async def readers(hub: Hub, since: int, until: int) -> list[tuple[str, int]]:
    """How many views each person had between two instants, most first: who reads far more than their peers."""
    columns: tuple[Any, ...] = (col(LedgerEntry.id), col(LedgerEntry.body))
    within = select(*columns).where(_VIEWED, col(LedgerEntry.at) >= since, col(LedgerEntry.at) < until)
    counted: Counter[str] = Counter()
    last = 0
    while True:
        page = within.where(col(LedgerEntry.id) > last).order_by(col(LedgerEntry.id)).limit(_BATCH)
        rows = await hub.database.query(page)
        counted.update(msgspec.json.decode(body)["by"] for _, body in rows)
        if len(rows) < _BATCH:
            return counted.most_common()
        last = rows[-1][0]


async def _by(hub: Hub, statement: Any, by: str, limit: int) -> list[dict[str, Any]]:
    # The body is bytes in both databases, so the person is compared here, in batches.
    found: list[dict[str, Any]] = []
    last: int | None = None
    while len(found) < limit:
        narrowed = statement if last is None else statement.where(col(LedgerEntry.id) < last)
        rows = await hub.database.query(narrowed.limit(_BATCH))
        views = [_view(row) for row in rows]
        found += [view for view in views if by in (view["by"], view["by"].partition("/")[0])]
        if len(rows) < _BATCH:
            break
        last = rows[-1][0]
    return found[:limit]


def _view(row: Any) -> dict[str, Any]:
    *values, body = row
    said = msgspec.json.decode(body)
    view = dict(zip(_NAMES, values, strict=True))
    return view | {"by": said["by"], "what": said["what"]}
