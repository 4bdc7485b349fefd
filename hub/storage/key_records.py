"""Which keys the data here depends on: their ids, states and fingerprints, never a secret.

By these rows a restored database tells which key ring it needs. A ring that lacks one of them is refused before
anything is read or written, since records would stay closed, or be sealed and signed under a stranger's keys.
"""

import contextlib
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.crypto.checkpoint import verifier_of
from hub.crypto.keyring import Key, KeyKind, KeyRing, KeyState
from hub.crypto.retirements import RETIRED
from hub.errors import ConfigurationError, Stale
from hub.model import now_us
from hub.record import entry
from hub.storage.database import Database, Step, Unit
from hub.storage.statements import Change, InsertNew, columns_of
from hub.storage.tables import KeyRecord

RELEASED = "released"
"""State of a key that nothing in the database depends on any more; the ring may be without it."""
_BOUND = {KeyKind.ENCRYPTION, KeyKind.IDENTIFIER, KeyKind.TOKEN, KeyKind.LEDGER}
"""What stored data needs to be opened, found or verified; a delivery was verified when it arrived."""
_ADD = InsertNew(KeyRecord, columns_of(KeyRecord), ("id",))
_RETIRE = Change(KeyRecord, ("state",), ("id", "state"), must_hit=True)
_MOVE = Change(KeyRecord, ("state",), ("id", "state"))


class Recorded(NamedTuple):
    id: str
    kind: str
    state: str
    fingerprint: str


async def recorded(database: Database) -> list[Recorded]:
    """Every key that this database was ever used with. Raises `StorageFailed`."""
    columns = (col(getattr(KeyRecord, name)) for name in Recorded._fields)
    return [Recorded(*row) for row in await database.query(select(*columns))]


async def admit(database: Database, ring: KeyRing) -> None:
    """Check the ring against what the data depends on, then record what is new in it.

    Raises `ConfigurationError` naming the key that is missing, `StorageFailed`.
    """
    known = {record.id: record for record in await recorded(database)}
    held = {key.id: key for key in ring.keys}
    for record in known.values():
        key = held.get(record.id)
        if (key is None or key.fingerprint != record.fingerprint) and needed(record):
            raise ConfigurationError(
                f"The key ring lacks the {record.kind} key {record.id} (fingerprint {record.fingerprint}) that this "
                "database depends on; put the right key ring back."
            )
    for key in ring.keys:
        if key.id not in known:
            # Another process that starts in this moment may be faster.
            with contextlib.suppress(Stale):
                await database.commit(Unit((Step(_ADD, _row(key)),), ()))
        elif key.state is KeyState.RETIRED and known[key.id].state == KeyState.ACTIVE:
            retired = Step(_RETIRE, (KeyState.RETIRED.value, key.id, KeyState.ACTIVE.value), "key")
            with contextlib.suppress(Stale):
                await database.commit(Unit((retired,), (_retirement(key, ring),)))


def release(key_id: str) -> Step:
    """The step that frees a retired key: nothing depends on it any more."""
    return Step(_MOVE, (RELEASED, key_id, "retired"))


def needed(record: Recorded) -> bool:
    """Whether stored data may depend on this key."""
    return record.kind in _BOUND and record.state != RELEASED


def _retirement(key: Key, ring: KeyRing) -> Step:
    """The ledger says from where on nothing is signed with this key, and with which one instead."""
    follower = ring.active(key.kind)
    body = {"key": key.id, "kind": key.kind.value, "successor": follower.id}
    if key.kind is KeyKind.LEDGER:
        body |= {"verifier": verifier_of(key).encode(), "successor_verifier": verifier_of(follower).encode()}
    return entry(RETIRED, now_us(), body, reference=key.id)


def _row(key: Key) -> tuple[str, str, str, int, str]:
    return (key.id, key.kind.value, key.state.value, key.created_at, key.fingerprint)
