"""The disclosure log as it is searched: read off the ledger in its order, one row for each disclosure and each refusal.

Rules kept here:
- Nothing is added to the path of a packet: whoever reads the log, or the clock beside the worker, brings it up to date.
- What a row says is read from what the ledger entry is about, as it stands now; so a row may be written again.
- Several processes may try; each batch is won by whoever moves the one state row from the position it read.
"""

import asyncio
from collections import Counter
from datetime import date
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.desk import rows
from hub.desk.rows import Told
from hub.errors import Stale
from hub.storage import outside, tables
from hub.storage.database import Step, Unit
from hub.storage.facts import instant
from hub.storage.statements import Change, Insert, InsertNew, Keep, Lookup, Row, Tally, columns_of
from hub.turns import next_turn
from hub.waiting import lacking
from hub.workers.rounds import lasting

BATCH = 500
PERIOD_S = 5.0
_STATE_ID = 1
_TOLD_BY = (
    "disclosure.intended", "disclosure.concluded", "disclosure.confirmed", "disclosure.proved", "disclosure.recorded",
    "disclosure.mistaken",
)  # fmt: skip
_CORRECTS = "disclosure.recorded"
_DECIDED_BY = ("submission.decided", "dispatch.withheld")
_ENDED_BY = {
    "dispatch.withdrawn": "withdrawn",
    "dispatch.retracted": "withdrawn",
    "dispatch.superseded": "withdrawn",
    "dispatch.restricted": "withheld",
    "work.closed": "no_consent",
}
"""What keeps for good what has not left: its sender took it back, here or by a message of theirs, or handed in a newer
notice instead; a restriction; somebody let it be, as no consent came.
"""
_STILL = ("held", "waiting")

_COLUMNS = columns_of(tables.LogRow)
_CHANGED = columns_of(tables.LogRow, without=("position", "reference", "at", "submission_id"))
_COUNTED = ("program", "recipient", "channel", "purpose", "basis", "outcome", "reason")
_SHARE = Lookup(tables.Outbox, ("submission_id", "recipient"), "id")
_STATE = Lookup(tables.LogState, ("position",), "id")
_FIRST = InsertNew(tables.LogState, ("id", "position"), ("id",))
_MOVE = Change(tables.LogState, ("position",), ("id", "position"), must_hit=True)
_ROW = Lookup(tables.LogRow, _COLUMNS, "reference")
_ADD = Insert(tables.LogRow, _COLUMNS)
_CHANGE = Change(tables.LogRow, _CHANGED, ("reference",))
_LAW = Keep(tables.LogLaw, ("law", "position"))
_COUNT = Tally(tables.LogCount, ("day", *_COUNTED), "n")


class _Entry(NamedTuple):
    position: int
    at: int
    kind: str
    member: str | None
    reference: str
    body: bytes


class _Corrects(msgspec.Struct):
    """What of an entry's body names the record that it corrects."""

    corrects: str | None = None


class _Batch:
    """Rows as they will stand after a batch, beside how they stood before it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._before: dict[str, dict[str, Any] | None] = {}
        self._after: dict[str, dict[str, Any]] = {}

    async def known(self, reference: str) -> dict[str, Any] | None:
        """A row as it stands within the batch."""
        if reference in self._after:
            return self._after[reference]
        if reference not in self._before:
            found = await self._hub.database.lookup(_ROW, reference)
            self._before[reference] = dict(zip(_COLUMNS, found[0], strict=True)) if found else None
        return self._before[reference]

    async def put(self, entry: _Entry, told: Told) -> None:
        """Write a row, or write it again: its place stays that of its first entry."""
        stood = await self.known(told.reference)
        place = {"position": entry.position, "at": entry.at, "member_id": entry.member} if stood is None else stood
        row = told.columns | {name: place[name] for name in ("position", "at", "member_id")}
        self._after[told.reference] = row | {"reference": told.reference}

    async def set_outcome(self, reference: str, was: tuple[str, ...], outcome: str) -> bool:
        """Change only how it ended, if it stands so; whether it did."""
        stood = await self.known(reference)
        if stood is None or stood["outcome"] not in was:
            return False
        self._after[reference] = stood | {"outcome": outcome}
        return True

    def steps(self) -> list[Step]:
        """What brings the tables there."""
        counts: Counter[Row] = Counter()
        steps: list[Step] = []
        for reference, row in self._after.items():
            before = self._before[reference]
            if before is None:
                steps.append(Step(_ADD, tuple(row[name] for name in _COLUMNS)))
            else:
                counts[self._alike(before)] -= 1
                steps.append(Step(_CHANGE, (*(row[name] for name in _CHANGED), reference)))
            counts[self._alike(row)] += 1
            steps += [Step(_LAW, (law, row["position"])) for law in row["laws"].split("; ") if law]
        return [*steps, *(Step(_COUNT, (*key, n)) for key, n in counts.items() if n)]

    def _alike(self, row: dict[str, Any]) -> Row:
        return (day_number(self._hub, row["at"]), *(row[name] for name in _COUNTED))


def day_number(hub: Hub, at: int) -> int:
    """Days from 1970-01-01 to the instant's local day."""
    return instant(at).astimezone(hub.zone).date().toordinal() - date(1970, 1, 1).toordinal()


async def catch_up(hub: Hub, batches: int = 4) -> bool:
    """Read on, so many batches at most; whether the log is up to date with what the ledger has sequenced."""
    for _ in range(batches):
        if await _advance(hub) < BATCH:
            return True
    return False


async def _advance(hub: Hub) -> int:
    start = await _position(hub)
    entries = await _entries(hub, start)
    if not entries:
        return 0
    batch = _Batch(hub)
    for entry in entries:
        await next_turn()  # on SQLite nothing below waits, and messages shall not wait for a whole batch
        if entry.kind in _TOLD_BY:
            await _disclosed(hub, batch, entry)
            await _corrected(batch, entry)
        elif entry.kind in _DECIDED_BY:
            told = await rows.refused(hub, entry.body, entry.reference)
            if told is not None:
                await batch.put(entry, told)
        elif entry.kind in _ENDED_BY:
            await _ended(hub, batch, entry)
    guard = Step(_MOVE, (entries[-1].position + 1, _STATE_ID, start), "log")
    try:
        await hub.database.commit(Unit((guard,), tuple(batch.steps())))
    except Stale:
        return BATCH  # another process was faster; there may be more
    return len(entries)


async def _disclosed(hub: Hub, batch: _Batch, entry: _Entry) -> None:
    told = await rows.disclosed(hub, entry.reference)
    if told is None:
        return
    await batch.put(entry, told)
    waited = rows.refusal_of(told.columns["submission_id"], told.columns["recipient"])
    await batch.set_outcome(waited, _STILL, "released")


async def _ended(hub: Hub, batch: _Batch, entry: _Entry) -> None:
    """What was kept is kept for good. What was taken out of the queue had no row yet, or one of a failed try."""
    outcome = _ENDED_BY[entry.kind]
    if outcome == "no_consent" and msgspec.json.decode(entry.body).get("reason") != lacking.LET_BE:
        return
    for share in await hub.database.lookup(_SHARE, entry.reference):
        if await batch.set_outcome(rows.refusal_of(*share), _STILL, outcome) or outcome == "no_consent":
            continue
        if not await batch.set_outcome(entry.reference, ("not_disclosed",), outcome):
            told = await rows.taken_out(hub, entry.reference, *share)
            await batch.put(entry, told._replace(columns=told.columns | {"outcome": outcome}))


async def _corrected(batch: _Batch, entry: _Entry) -> None:
    """The record in whose place this one stands counts no more."""
    corrected = msgspec.json.decode(entry.body, type=_Corrects).corrects if entry.kind == _CORRECTS else None
    if corrected is not None:
        await batch.set_outcome(corrected, (outside.RECORDED,), outside.CORRECTED)


async def _position(hub: Hub) -> int:
    found = await hub.database.lookup(_STATE, _STATE_ID)
    if found:
        return int(found[0][0])
    try:
        await hub.database.commit(Unit((Step(_FIRST, (_STATE_ID, 0), "log"),), ()))
    except Stale:
        return await _position(hub)
    return 0


async def _entries(hub: Hub, start: int) -> list[_Entry]:
    entry: Any = tables.LedgerEntry
    leaf: Any = tables.LedgerLeaf
    statement = (
        select(leaf.position, entry.at, entry.kind, entry.member_id, entry.reference, entry.body)
        .join(entry, col(entry.id) == col(leaf.entry_id))
        .where(col(leaf.position) >= start)
        .order_by(col(leaf.position))
        .limit(BATCH)
    )
    return [_Entry(*row) for row in await hub.database.query(statement)]


async def run(hub: Hub) -> None:
    """Read on at a walking pace until cancelled: a batch every few seconds keeps up with a state's daily traffic, and
    takes nothing worth naming from the path under load.
    """
    while True:
        with lasting("log"):
            await catch_up(hub, 1)
        await asyncio.sleep(PERIOD_S)
