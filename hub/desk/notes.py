"""What people write about a work item: sealed, in order, each with its author; the ledger says that, not what."""

from typing import NamedTuple

from hub.context import Hub
from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.errors import Malformed
from hub.model import new_id
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Insert, Lookup, columns_of
from hub.storage.tables import WorkNote

MOST = 4_000
_ADD = Insert(WorkNote, columns_of(WorkNote))
_OF = Lookup(WorkNote, ("id", "at", "by", "key_id", "wrapped_key", "sealed"), "work_id")


class Note(NamedTuple):
    at: int
    by: str
    text: str


async def add(hub: Hub, work: str, text: str, *, by: str) -> None:
    """Write something down about a work item. Raises `Malformed` for nothing, or for too much."""
    if not text.strip() or len(text) > MOST:
        raise Malformed(f"A note has 1 to {MOST} characters.", field="note")
    await hub.database.commit(Unit((), noted(hub, work, text, by=by, at=hub.clock.now())))


def noted(hub: Hub, work: str, text: str, *, by: str, at: int) -> tuple[Step, ...]:
    """The same inside another unit; `at`: microseconds UTC."""
    note = new_id()
    sealed = envelope.seal(hub.ring, f"work-note/{note}", text.strip().encode())
    row = (note, work, at, by, sealed.key_id, sealed.wrapped_key, sealed.ciphertext)
    return Step(_ADD, row), entry("work.noted", at, {"work": work, "note": note, "by": by}, reference=work)


async def of(hub: Hub, work: str) -> list[Note]:
    """The notes on a work item, oldest first, opened."""
    return [
        Note(at, by, envelope.open(hub.ring, f"work-note/{note}", Sealed(*sealed)).decode())
        for note, at, by, *sealed in sorted(await hub.database.lookup(_OF, work))
    ]
