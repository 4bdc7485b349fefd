"""Rewrapping: after a rotation, every data key is wrapped anew by the active key-encryption key.

Rules kept here:
- Only the wrapped key changes, and only if it still is what was read: a record that is sealed anew or destroyed
  meanwhile stays as that left it. Ciphertexts are neither read nor written.
- What is already under the active key is passed over, so an interrupted run is taken up by the next one.
- The old keys are released only when no record is left under them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlmodel import col

from hub.context import Hub
from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.crypto.keyring import KeyKind, KeyRing
from hub.errors import IntegrityFailed
from hub.record import entry
from hub.storage import key_records
from hub.storage.database import Database, Step, Unit
from hub.storage.key_records import RELEASED
from hub.storage.statements import Change, Row, table_of
from hub.storage.tables import (
    ConsentDocument,
    Evidence,
    Inbound,
    Item,
    Matter,
    MatterEvent,
    Member,
    PacketDraft,
    Person,
    Webhook,
    WorkNote,
)
from hub.storage.tables.declared import Declared

BATCH = 500

Told = Callable[[str, int, int], None]
"""Called after each batch with the table's name, the records done in it and how many there were to do."""


class _Place(NamedTuple):
    """A table with sealed rows; `record` is the record id that its module binds, to be filled with the row's key."""

    model: type[Declared]
    key: tuple[str, ...]
    record: str


PLACES = (
    _Place(Member, ("id",), "{}"),
    _Place(Item, ("submission_id", "id"), "{}/{}"),
    _Place(ConsentDocument, ("consent_id",), "consent-document/{}"),
    _Place(Evidence, ("disclosure_id", "kind"), "evidence/{}/{}"),
    _Place(PacketDraft, ("id", "number"), "packet-draft/{}/{}"),
    _Place(Matter, ("id",), "matter/{}"),
    _Place(MatterEvent, ("id",), "matter-event/{}"),
    _Place(Inbound, ("id",), "inbound/{}"),
    _Place(Person, ("id",), "person/{}"),
    _Place(Webhook, ("id",), "webhook/{}"),
    _Place(WorkNote, ("id",), "work-note/{}"),
)


class Rewrapped(NamedTuple):
    """What a run did, by table; `left` are the records still under another key, `released` the keys now free."""

    records: dict[str, int]
    left: int
    released: tuple[str, ...]


async def rewrap(hub: Hub, told: Told = lambda *_: None) -> Rewrapped:
    """Wrap every data key under the ring's active key, batch by batch, and put it on the ledger.

    A record whose wrapped key does not open stays as it is and is counted in `left`. Raises `StorageFailed`; run
    again, it goes on from there.
    """
    counts = {table_of(place.model).name: await _rewrap_table(hub, place, told) for place in PLACES}
    records = {name: count for name, count in counts.items() if count}
    left = sum([await _count(hub.database, place.model, _stale(place.model, hub.ring)) for place in PLACES])
    released = () if left else await _free_keys(hub.database, hub.ring)
    if released or records:
        body = {"key": hub.ring.sealing_id, "records": records, "left": left, "released": released}
        trace = entry("keys.rewrapped", hub.clock.now(), body, reference=hub.ring.sealing_id)
        await hub.database.commit(Unit((), (*map(key_records.release, released), trace)))
    return Rewrapped(records, left, released)


async def sealed_under(database: Database, key_id: str) -> int:
    """How many records are wrapped by this key."""
    return sum([await _count(database, place.model, _column(place.model, "key_id") == key_id) for place in PLACES])


async def _rewrap_table(hub: Hub, place: _Place, told: Told) -> int:
    name = table_of(place.model).name
    change = Change(place.model, ("key_id", "wrapped_key"), (*place.key, "wrapped_key"))
    total = await _count(hub.database, place.model, _stale(place.model, hub.ring))
    done, after = 0, None
    while rows := await _batch(hub, place, after):
        after = rows[-1][: len(place.key)]
        steps = [step for row in rows if (step := _step(hub.ring, place, change, row))]
        if steps:
            await hub.database.commit(Unit((), tuple(steps)))
        done += len(steps)
        told(name, done, total)
    return done


async def _batch(hub: Hub, place: _Place, after: Row | None) -> list[Row]:
    key = [_column(place.model, name) for name in place.key]
    wanted = [*key, _column(place.model, "key_id"), _column(place.model, "wrapped_key")]
    statement = select(*wanted).where(_stale(place.model, hub.ring)).order_by(*key).limit(BATCH)
    if after is not None:
        statement = statement.where(tuple_(*key) > tuple_(*after))
    return await hub.database.query(statement)


def _step(ring: KeyRing, place: _Place, change: Change, row: Row) -> Step | None:
    *key, key_id, wrapped = row
    try:
        fresh = envelope.rewrap(ring, place.record.format(*key), Sealed(key_id, wrapped, b""))
    except IntegrityFailed:
        return None
    return Step(change, (fresh.key_id, fresh.wrapped_key, *key, wrapped))


async def _free_keys(database: Database, ring: KeyRing) -> tuple[str, ...]:
    return tuple(
        record.id
        for record in await key_records.recorded(database)
        if record.kind == KeyKind.ENCRYPTION and record.state != RELEASED and record.id != ring.sealing_id
    )


async def _count(database: Database, model: type[Declared], which: ColumnElement[bool]) -> int:
    # A destroyed record has no wrapped key and depends on no key any more.
    alive = _column(model, "wrapped_key").is_not(None)
    statement = select(func.count()).select_from(table_of(model)).where(alive, which)
    return int((await database.query(statement))[0][0])


def _stale(model: type[Declared], ring: KeyRing) -> Any:
    """Condition: sealed, and under another key than the active one."""
    return _column(model, "wrapped_key").is_not(None) & (_column(model, "key_id") != ring.sealing_id)


def _column(model: type[Declared], name: str) -> Any:
    return col(getattr(model, name))
