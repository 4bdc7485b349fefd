"""Destroying payloads: their data keys are dropped, and a tombstone on the ledger says what, why and under which rule.

What remains is ciphertext that nobody can open, here and in every copy of it. The entries that name the payload by its
digest stay as they are, so every proof made of them stays good.

    a copy of the whole database made before still holds the wrapped data key: it is dead once the key-encryption key
    of its time has been rotated, rewrapped and removed (`part2hub keys`), as the operator's page asks for.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select

from hub.context import Hub
from hub.errors import NotAvailable, Stale
from hub.record import entry
from hub.retention import holds
from hub.retention.candidates import Candidate, candidates
from hub.retention.forgetting import Forgetting, forgotten
from hub.retention.schedule import KINDS, Due, Schedule, due
from hub.storage import members
from hub.storage.database import Step, Unit
from hub.storage.facts import instant
from hub.storage.statements import Change, table_of
from hub.storage.tables.declared import Declared
from policies.days import day_of

DESTROYED = "payload.destroyed"


class Ran(NamedTuple):
    """What a run did, or would do, by kind: payloads destroyed, and kept by a legal hold though due."""

    destroyed: dict[str, int]
    held: dict[str, int]


async def run(hub: Hub, schedule: Schedule, *, by: str, dry: bool) -> Ran:
    """Destroy whatever is due and not held; `dry` only counts.

    Raises `StorageFailed`, `IntegrityFailed` for a member whose facts do not open; run again, it goes on from there.
    """
    ran = Ran(dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0))
    today = day_of(instant(hub.clock.now()), hub.zone)
    async for candidate in candidates(hub):
        found = await _due(hub, schedule, candidate, today)
        if found.day > today:
            continue
        if (await holds.read(hub.database)).cover(**candidate.covered_by):
            ran.held[candidate.kind] += 1
        elif dry or await destroy(hub, candidate, found, by=by):
            ran.destroyed[candidate.kind] += 1
    return ran


async def destroy(hub: Hub, candidate: Candidate, found: Due, *, by: str) -> bool:
    """Drop the data keys of one candidate's payloads; False if a hold came first or it was destroyed already."""
    while True:
        held = await holds.read(hub.database)
        if held.cover(**candidate.covered_by):
            return False
        rows = await _sealed(hub, candidate)
        if not rows:
            return False
        also = await forgotten(hub, candidate.id) if candidate.kind == "member" else Forgetting()
        drop = Change(candidate.model, ("wrapped_key",), (*_key(candidate.model), "wrapped_key"))
        body = {
            "kind": candidate.kind,
            "payloads": ["/".join(key) for *key, _ in rows],
            "start": candidate.start,
            "due": found.day.isoformat(),
            "law": found.law,
            "by": by,
        }
        tombstone = entry(DESTROYED, hub.clock.now(), body, member=candidate.member, reference=candidate.id)
        try:
            dropped = (Step(drop, (None, *row)) for row in rows)
            await hub.database.commit(Unit((held.unmoved, *also.guards), (*dropped, *also.writes, tombstone)))
        except Stale:
            continue  # a hold was placed, or something entered, meanwhile: look again
        return True


async def _due(hub: Hub, schedule: Schedule, candidate: Candidate, today: date) -> Due:
    start = day_of(instant(candidate.start), hub.zone)
    plain = due(schedule, candidate.kind, start, today, None)
    # Only what would go is opened to see how old the patient was.
    return plain if plain.day > today else due(schedule, candidate.kind, start, today, await _born(hub, candidate))


async def _born(hub: Hub, candidate: Candidate) -> date | None:
    if candidate.member is None:
        return None
    try:
        return date.fromisoformat((await members.facts_of(hub, candidate.member)).born)
    except (NotAvailable, ValueError):
        return None


async def _sealed(hub: Hub, candidate: Candidate) -> Sequence[Any]:
    table: Any = candidate.model
    columns = [getattr(table, name) for name in (*_key(candidate.model), "wrapped_key")]
    of = getattr(table, candidate.key) == candidate.id
    return await hub.database.query(select(*columns).where(of, table.wrapped_key.is_not(None)))


def _key(model: type[Declared]) -> tuple[str, ...]:
    return tuple(column.name for column in table_of(model).primary_key.columns)
