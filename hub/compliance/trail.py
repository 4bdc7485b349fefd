"""What the ledger says about one thing, found by when it happened.

The ledger has no index but its order, so that an entry costs the path nothing more. Its order is that of time, within
a minute; so the entries around an instant are found by halving, in a few look-ups by key whatever its size.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import or_, select
from sqlmodel import col

from hub.context import Hub
from hub.storage.tables import LedgerEntry, LedgerLeaf, Submission

_MARGIN_US = 60_000_000
"""Entries take their instant before they commit, and the clocks of several machines differ."""


async def of_disclosure(hub: Hub, row: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries about a disclosure (a row of the log) and the submission it is of, oldest first; of a record that was
    corrected also that of the one in its place, if it is about the same person.
    """
    statement = select(col(Submission.created_at)).where(col(Submission.id) == row["submission_id"])
    ((submitted,),) = await hub.database.query(statement)
    moments = [submitted, row["intended_at"], row["concluded_at"]]
    moments += [attempt[name] for attempt in row["attempts"] for name in ("started_at", "finished_at")]
    later = row["outside"]["corrected_by"] if row["outside"] else None
    references = [row["id"], row["submission_id"], *filter(None, (later,))]
    return await of(hub, references, [moment for moment in moments if moment is not None], member=row["member_id"])


async def of(
    hub: Hub, references: Iterable[str], moments: Iterable[int], *, member: str | None = None
) -> list[dict[str, Any]]:
    """The entries about these things at about these instants, oldest first, with their positions in the tree (none: not
    sequenced yet). `member`: none that is about anybody else.
    """
    entry: Any = LedgerEntry
    leaf: Any = LedgerLeaf
    spans = [await _span(hub, moment) for moment in moments]
    if not spans:
        return []
    near = or_(*(col(entry.id).between(first, last) for first, last in spans))
    statement = (
        select(entry.id, entry.at, entry.kind, entry.reference, entry.body, leaf.position)
        .join(leaf, col(leaf.entry_id) == col(entry.id), isouter=True)
        .where(near, col(entry.reference).in_(list(references)))
        .order_by(col(entry.id))
    )
    if member is not None:
        statement = statement.where(or_(col(entry.member_id).is_(None), col(entry.member_id) == member))
    names = ("entry", "at", "kind", "reference", "body", "position")
    found = [dict(zip(names, row, strict=True)) for row in await hub.database.query(statement)]
    return [each | {"body": msgspec.json.decode(each["body"])} for each in found]


async def _span(hub: Hub, moment: int) -> tuple[int, int]:
    """The numbers between which entries of about this instant stand."""
    return await _first_at(hub, moment - _MARGIN_US), await _first_at(hub, moment + _MARGIN_US)


async def _first_at(hub: Hub, moment: int) -> int:
    """The number of the first entry at or after the instant; one beyond the newest if there is none."""
    number = col(LedgerEntry.id)
    ends = [await hub.database.query(select(number).order_by(end).limit(1)) for end in (number, number.desc())]
    if not all(ends):
        return 0
    (low,), (high,) = ends[0][0], ends[1][0]
    high += 1
    while low < high:
        middle = (low + high) // 2
        statement = select(col(LedgerEntry.at)).where(col(LedgerEntry.id) >= middle).order_by(col(LedgerEntry.id))
        rows = await hub.database.query(statement.limit(1))
        if rows and rows[0][0] < moment:
            low = middle + 1
        else:
            high = middle
    return int(low)
