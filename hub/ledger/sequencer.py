"""The sequencer: gives committed ledger entries their place in the Merkle tree, in batches, and signs the new head.

Any number of processes may try; each batch is won by whoever moves the one state row from the size it read. Entries
are placed in the order of their numbers. Two entries that exclude each other (a revocation and an intent) are
numbered under one row lock, so their order in the tree is the order in which they committed.
"""

import asyncio
import contextlib
from pathlib import Path

import structlog
from sqlalchemy import bindparam, select
from sqlmodel import col

from hub import telemetry
from hub.crypto.checkpoint import sign_checkpoint, verifier_of
from hub.crypto.keyring import KeyKind, KeyRing, KeyState
from hub.crypto.ledger import LedgerEntry, leaf_hashes
from hub.crypto.tree import Frontier
from hub.errors import ConfigurationError, HubError, IntegrityFailed, Stale
from hub.ledger.head_file import HeadFile, check_holds
from hub.ports import Clock
from hub.storage import tables
from hub.storage.database import Database, Step, Unit
from hub.storage.statements import Change, Check, Insert, InsertNew, Lookup, columns_of, table_of

BATCH = 1024
PERIOD_S = 0.25
BUSY_S = 0.1
"""After a batch of more than `FEW`: everybody waits for 6 ms while 800 entries are read and hashed."""
FEW = 100
HEAD_S = 1.0
"""How often the head is kept outside of the database while entries keep coming: that waits for the disk, and costs
0.6 ms of a processor. An old copy of the database that was put back is missed only if it is younger than this.
"""
SWEEP_S = 30.0
BEATEN_S = 2.0
"""Who was slower than another process leaves the next batches to it: else each does the work of all of them."""
_STATE_ID = 1
_LATE = {"sqlite": 0, "postgresql": 2_000}
"""How many numbers below the newest may still appear: transactions get a number before they commit."""
_SWEEP = {"sqlite": 0, "postgresql": 200_000}

_STATE = Lookup(tables.LedgerState, ("size", "frontier", "newest"), "id")
_FIRST = InsertNew(tables.LedgerState, ("id", "size", "frontier", "newest"), ("id",))
_MOVE = Change(tables.LedgerState, ("size", "frontier", "newest"), ("id", "size"), must_hit=True)
_KEY = Check(tables.KeyRecord, ("id", "state"))
_ADD_LEAF = Insert(tables.LedgerLeaf, columns_of(tables.LedgerLeaf))
_ADD_NODE = Insert(tables.LedgerNode, columns_of(tables.LedgerNode))
_ADD_CHECKPOINT = Insert(tables.Checkpoint, columns_of(tables.Checkpoint))
_ENTRIES = table_of(tables.LedgerEntry).c
_LEAVES = table_of(tables.LedgerLeaf).c
_AFTER = (
    select(*(_ENTRIES[name] for name in ("id", "at", "kind", "member_id", "reference", "body", "salt")))
    .where(_ENTRIES.id > bindparam("low"))
    .order_by(_ENTRIES.id)
    .limit(BATCH)
)
_UNPLACED = _AFTER.where(~select(_LEAVES.entry_id).where(_LEAVES.entry_id == _ENTRIES.id).exists())

_log = structlog.get_logger()


class Sequencer:
    """Runs beside the worker. `head_file` keeps the newest head outside of the database, against a rolled-back one;
    `keys` is the ring's file, read again when the ledger's key was rotated.
    """

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        clock: Clock,
        head_file: Path | None = None,
        keys: Path | None = None,
    ) -> None:
        self._database = database
        self._ring = ring
        self._clock = clock
        self._head = HeadFile(head_file) if head_file else None
        self._keys = keys
        self._checked = head_file is None
        self._unkept: str | None = None
        """A head that the file does not have yet."""
        self._kept_at = -HEAD_S
        self._beaten = False

    async def run(self) -> None:
        """Sequence until cancelled."""
        loop = asyncio.get_running_loop()
        swept = loop.time()
        while True:
            sweep = loop.time() - swept > SWEEP_S
            if sweep:
                swept = loop.time()
            placed = 0
            try:
                placed = await self.sequence(sweep=sweep)
            except Exception as error:  # noqa: BLE001 - a full disk must not end the sequencing; no message, only a code
                code = error.detail_code if isinstance(error, HubError) else type(error).__name__
                _log.error("sequencing failed", code=code)
                # What needs a person is not asked for every quarter of a second.
                await asyncio.sleep(SWEEP_S if isinstance(error, IntegrityFailed | ConfigurationError) else 0)
            if self._beaten:
                await asyncio.sleep(BEATEN_S)
            elif placed < BATCH:
                await asyncio.sleep(BUSY_S if placed > FEW else PERIOD_S)

    async def finish(self) -> None:
        """Sequence all that has committed by now; the file then holds its head, whatever was broken off before."""
        while await self.sequence(sweep=True) == BATCH or self._beaten:
            # Whoever was faster may have looked before the last of it was there.
            self._beaten = False
        self._checked = False
        await self._check_head()

    async def sequence(self, *, sweep: bool = False) -> int:
        """Place one batch; returns how many entries, none of them if another process was faster.

        Raises `IntegrityFailed` if the database is older than the head kept outside of it, `StorageFailed`.
        """
        await self._check_head()
        size, packed, newest = await self._state()
        entries = await self._unplaced(newest, sweep=sweep)
        if not entries:
            await self._keep_head()
            return 0
        frontier = Frontier.loads(size, packed)
        hashes = leaf_hashes(entries)
        nodes = [Step(_ADD_NODE, node) for node in frontier.extend(hashes)]
        root, now, key = frontier.root(), self._clock.now(), self._ring.active(KeyKind.LEDGER)
        note = sign_checkpoint(key, frontier.size, root)
        moved = (frontier.size, frontier.dumps(), max(newest, *(e.id for e in entries)), _STATE_ID, size)
        leaves = (
            Step(_ADD_LEAF, (position, e.id, leaf))
            for position, (e, leaf) in enumerate(zip(entries, hashes, strict=True), size)
        )
        unit = Unit(
            # No head is signed with a key after its retirement is on the ledger.
            (Step(_KEY, (key.id, KeyState.ACTIVE.value), "key"), Step(_MOVE, moved, "sequencer")),
            (*leaves, *nodes, Step(_ADD_CHECKPOINT, (frontier.size, root, note, now))),
        )
        try:
            await self._database.commit(unit)
        except Stale as stale:
            self._beaten = stale.detail_code != "key"
            if self._beaten:
                return 0
            self._renew_key(key.id)
            return await self.sequence(sweep=sweep)
        self._beaten = False
        self._unkept = note
        if asyncio.get_running_loop().time() - self._kept_at >= HEAD_S:
            await self._keep_head()
        telemetry.LEDGER_SIZE.set(frontier.size)
        return len(entries)

    async def _state(self) -> tuple[int, bytes, int]:
        rows = await self._database.lookup(_STATE, _STATE_ID)
        if not rows:
            first = Step(_FIRST, (_STATE_ID, 0, b"", 0), "sequencer")
            with contextlib.suppress(Stale):
                await self._database.commit(Unit((first,), ()))
            return 0, b"", 0
        return rows[0][0], rows[0][1], rows[0][2]

    async def _unplaced(self, newest: int, *, sweep: bool) -> list[LedgerEntry]:
        low = newest - (_SWEEP if sweep else _LATE)[self._database.dialect]
        statement = _UNPLACED if low < newest else _AFTER
        return [LedgerEntry(*row) for row in await self._database.query(statement, low=low)]

    async def _check_head(self) -> None:
        if self._checked or self._head is None:
            return
        head = self._head.read(tuple(verifier_of(key) for key in self._ring.all_of(KeyKind.LEDGER)))
        if head is not None:
            await check_holds(self._database, head)
        # A process that ended between its commit and this file left an older head in it.
        newest = select(col(tables.Checkpoint.note)).order_by(col(tables.Checkpoint.size).desc()).limit(1)
        for (note,) in await self._database.query(newest):
            await asyncio.to_thread(self._head.keep, note)
        self._checked = True

    async def _keep_head(self) -> None:
        if self._head is None or self._unkept is None:
            return
        await asyncio.to_thread(self._head.keep, self._unkept)
        self._kept_at, self._unkept = asyncio.get_running_loop().time(), None

    def _renew_key(self, retired: str) -> None:
        if self._keys is not None:
            self._ring = KeyRing.load(self._keys)
        if self._ring.active(KeyKind.LEDGER).id == retired:
            raise ConfigurationError("The ledger's key was rotated; start this process anew.")
