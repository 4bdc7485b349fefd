"""Whether disclosures and their attempts still say what the ledger recorded of them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.ledger.said import Said
from hub.storage import tables
from hub.storage.database import Database
from hub.storage.outside import CORRECTED, MISTAKEN

PARTIES = ("disclosure.intended", "disclosure.recorded")
KINDS = (*PARTIES, "disclosure.concluded", "disclosure.confirmed", "disclosure.mistaken")
_NONE = frozenset({"not_disclosed", CORRECTED, MISTAKEN})
"""States of a disclosure that no accounting lists: nothing was disclosed, or another record stands in its place."""
_BEFORE_US, _MEANWHILE_US = 60_000_000, 3_600_000_000
"""What has just changed, and what does while all is gone through."""


class _Row(NamedTuple):
    parties: tuple[Any, ...]
    state: str
    concluded_at: int | None


class Disclosures:
    """Goes through the entries in their order. `now` (microseconds UTC): what changed less than a minute before, or
    since, is judged another time, since its entry may not be among those that were read.
    """

    def __init__(self, now: int) -> None:
        self._now = now
        self._unsaid: dict[str | None, int] = {}
        """Of each disclosure that counts no more, and of which no entry has said so yet, the last that it was one."""

    async def differing(self, database: Database, batch: Iterable[Said]) -> set[int]:
        """The entries that the tables contradict. Raises `StorageFailed`."""
        about = [each for each in batch if each.entry.kind in KINDS]
        rows, digests = await _stored(database, {each.entry.reference for each in about})
        for each in about:
            self._follow(each, rows.get(each.entry.reference))
        return {each.entry.id for each in about if not _fits(each, rows.get(each.entry.reference), digests)}

    def hidden(self) -> set[int]:
        """The entries of disclosures that the tables take out of every accounting, and no entry does."""
        return set(self._unsaid.values())

    def _follow(self, said: Said, row: _Row | None) -> None:
        entry, body = said
        if entry.kind in PARTIES:
            self._unsaid.pop(body.get("corrects"), None)  # which this one stands in the place of
            if row is not None and row.state in _NONE and not self._is_under_way(row):
                self._unsaid[entry.reference] = entry.id
        elif entry.kind == "disclosure.mistaken" or _was_none(body):
            self._unsaid.pop(entry.reference, None)

    def _is_under_way(self, row: _Row) -> bool:
        return self._now - _BEFORE_US < (row.concluded_at or 0) < self._now + _MEANWHILE_US


async def _stored(database: Database, wanted: set[str | None]) -> tuple[dict[str | None, _Row], dict[str, bytes]]:
    """The disclosures by id, and by attempt the digest of what left."""
    row, attempt = tables.Disclosure, tables.Attempt
    names = ("id", "member_id", "discloser", "recipient", "purpose", "state", "concluded_at")
    statement: Any = select(*(col(getattr(row, name)) for name in names)).where(col(row.id).in_(wanted))
    rows: dict[str | None, _Row] = {
        name: _Row(tuple(parties), state, at) for name, *parties, state, at in await database.query(statement)
    }
    left: Any = select(col(attempt.id), col(attempt.digest)).where(col(attempt.disclosure_id).in_(wanted))
    return rows, dict(await database.query(left))


def _fits(said: Said, row: _Row | None, digests: dict[str, bytes]) -> bool:
    entry, body = said
    if entry.kind not in PARTIES:
        # INVARIANT: unknown-is-disclosed. What an entry says has arrived is never taken back.
        arrived = body.get("outcome") == "delivered" or body.get("to") == "disclosed"
        return not arrived or (row is not None and row.state != "not_disclosed")
    parties = (entry.member, body.get("discloser"), body.get("recipient"), body.get("purpose"))
    if row is None or row.parties != parties:
        return False
    return "attempt" not in body or digests.get(body["attempt"], b"").hex() == body.get("digest")


def _was_none(body: dict[str, Any]) -> bool:
    return body.get("outcome") in ("deferred", "refused") or body.get("to") == "not_disclosed"
