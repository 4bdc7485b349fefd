"""P7: what the ledger costs beyond the commit, how fast it verifies, and that neither depends on its size.

Append: the same units of one row, without and with the three entries that a message leaves (decided, intended,
concluded), committed 64 at a time on SQLite; then those entries' place in the tree; on the processor, and on the wall
clock, which a busy machine stretches. Verify: a million entries against the bare SHA-256 of the same bytes (line, leaf,
node), batch by batch in turns. Size: appending to, and proving from, a ledger of ten million entries against one of ten
thousand.
"""

import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from hub.context import Hub
from hub.crypto.checkpoint import sign_checkpoint, verifier_of
from hub.crypto.keyring import KeyKind, KeyRing
from hub.crypto.ledger import LedgerEntry, leaf_hashes, line_of
from hub.crypto.tree import Frontier
from hub.crypto.verifier import Verification
from hub.ledger import proofs
from hub.ledger.sequencer import Sequencer
from hub.model import new_id
from hub.record import APPEND, entry
from hub.storage import key_records
from hub.storage.database import Step, Unit
from hub.storage.sqlite import SqliteDatabase
from hub.storage.statements import Insert, columns_of
from hub.storage.tables import Checkpoint, LedgerLeaf, LedgerNode, LedgerState, Submission
from tests.bench.table import Line
from tests.hubs import a_hub

ROUNDS, MESSAGES, GROUP = 7, 2_000, 64
MILLION, BATCH = 1_000_000, 50_000
SMALL, LARGE = 10_000, 10_000_000
PROOFS = 300
BODY = b'{"attempt":"0190a3f2c1d24e5f8a9b0c1d2e3f4a5b","code":"","outcome":"delivered","receipt":{"status":202}}'
_ROW = Insert(Submission, columns_of(Submission))
_LEAF = Insert(LedgerLeaf, columns_of(LedgerLeaf)).sqlite
_NODE = Insert(LedgerNode, columns_of(LedgerNode)).sqlite


def lines() -> Iterator[Line]:
    """The lines of the table."""
    yield from asyncio.run(_append())
    yield from _verify()
    yield from asyncio.run(_sizes())


class _Spent(NamedTuple):
    """Microseconds a message: of the processor, and as the clock on the wall shows them."""

    processor: float
    wall: float


async def _append() -> list[Line]:
    found: list[_Spent] = []
    sequencing: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with a_hub(f"sqlite:///{folder}/hub.sqlite") as hub:
            sequencer = Sequencer(hub.database, hub.ring, hub.clock)
            await sequencer.finish()
            for turn in range(ROUNDS + 1):
                without = await _spent(_committed(hub, with_entries=False))
                entered = await _spent(_committed(hub, with_entries=True))
                placed = await _spent(sequencer.finish())
                if turn:  # the first round fills the caches
                    beyond = (e + p - w for e, p, w in zip(entered, placed, without, strict=True))
                    found.append(_Spent(*beyond))
                    sequencing.append(placed.processor)
    of_it = f"3 entries; of it placed in the tree {sorted(sequencing)[ROUNDS // 2]:.1f}"
    what = "ledger: a message's entries beyond its commit"
    return [
        Line("P7", what, [each.processor for each in found], 50, at_most=True, unit="µs", detail=of_it),
        Line("P7", "ledger: the same on the wall clock", [each.wall for each in found], 50, at_most=True, unit="µs"),
    ]


async def _spent(work: Coroutine[Any, Any, None]) -> _Spent:
    processor, wall = time.process_time(), time.perf_counter()
    await work
    return _Spent(
        (time.process_time() - processor) / MESSAGES * 1e6, (time.perf_counter() - wall) / MESSAGES * 1e6
    )  # fmt: skip


async def _committed(hub: Hub, *, with_entries: bool) -> None:
    now = hub.clock.now()
    units = [
        Unit((), (Step(_ROW, _row(now)), *(_entries(now) if with_entries else ()))) for _ in range(MESSAGES)
    ]  # fmt: skip
    for start in range(0, MESSAGES, GROUP):
        await asyncio.gather(*(hub.database.commit(unit) for unit in units[start : start + GROUP]))


def _row(now: int) -> tuple[object, ...]:
    return (new_id(), "harbor", os.urandom(32), bytes(32), "m1", "status_report", "treatment", "routine", "{}", now)


def _entries(now: int) -> tuple[Step, ...]:
    body = {"attempt": "0190a3f2c1d24e5f8a9b0c1d2e3f4a5b", "outcome": "delivered", "code": "", "receipt": None}
    kinds = ("decision.made", "disclosure.intended", "disclosure.concluded")
    return tuple(entry(kind, now, body, member="m1", reference="d1") for kind in kinds)


def _made(first: int, count: int) -> list[LedgerEntry]:
    salts = os.urandom(16 * count)
    return [
        LedgerEntry(first + n, 1_767_225_600_000_000 + n, "disclosure.concluded", f"{n:032x}", f"{n:032x}", BODY,
                    salts[16 * n : 16 * n + 16])
        for n in range(count)
    ]  # fmt: skip


def _verify() -> Iterator[Line]:
    key = KeyRing.generate().active(KeyKind.LEDGER)
    live, offline = [], []
    for _ in range(5):
        bare = ours = read = 0.0
        verifications = [Verification([], [verifier_of(key)]) for _ in range(2)]
        for start in range(0, MILLION, BATCH):
            made = _made(start, BATCH)
            written, leaves = [line_of(each) for each in made], leaf_hashes(made)
            bare += _timed(lambda: _bare(written))  # noqa: B023 - called at once
            ours += _timed(lambda: verifications[0].feed(made, leaves))  # noqa: B023 - as above
            read += _timed(lambda: verifications[1].feed_lines(written))  # noqa: B023 - as above
        assert verifications[0].finish().root == verifications[1].finish().root
        live.append(bare / ours)
        offline.append(bare / read)
        print(".", end="", flush=True, file=sys.stderr)
    rate = f"{MILLION / ours / 1000:.0f},000 entries a second"
    yield Line("P7", "ledger: a million entries verified, to bare SHA-256", live, 0.5, detail=rate)
    yield Line("P7", "ledger: the same from an export", offline, 0.5)


def _bare(written: list[bytes]) -> bytes:
    """The hashing that nobody can leave out: each line, each leaf, each node."""
    nodes = [sha256(b"\0" + sha256(line).digest()).digest() for line in written]
    while len(nodes) > 1:
        nodes = [sha256(b"\1" + left + right).digest() for left, right in zip(nodes[::2], nodes[1::2], strict=False)]
    return nodes[0]


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


async def _sizes() -> Iterator[Line]:
    appends: dict[int, list[float]] = {SMALL: [], LARGE: []}
    proving: dict[int, list[float]] = {SMALL: [], LARGE: []}
    with tempfile.TemporaryDirectory() as folder:
        hubs = {size: await _grown(Path(folder) / f"{size}.sqlite", size) for size in (SMALL, LARGE)}
        for turn in range(ROUNDS + 1):
            for size, hub in hubs.items():
                entered = await _spent(_committed(hub, with_entries=True))
                placed = await _spent(Sequencer(hub.database, hub.ring, hub.clock).finish())
                append = entered.processor + placed.processor
                wanted = [size * n // PROOFS + 1 for n in range(PROOFS)]
                started = time.process_time()
                for number in wanted:
                    await proofs.inclusion(hub, number)
                proof = (time.process_time() - started) / PROOFS * 1e6
                if turn:
                    appends[size].append(append)
                    proving[size].append(proof)
        for hub in hubs.values():
            await hub.database.close()
    many = sorted(proving[LARGE])[ROUNDS // 2]
    return iter((
        Line("P7", "ledger: append, ten million to ten thousand", _ratios(appends), 1.5, at_most=True),
        Line("P7", "ledger: a proof, the same", _ratios(proving), 3, at_most=True, detail=f"{many:.0f} µs"),
    ))  # fmt: skip


def _ratios(found: dict[int, list[float]]) -> list[float]:
    return [many / few for few, many in zip(found[SMALL], found[LARGE], strict=True)]


async def _grown(path: Path, size: int) -> Hub:
    """A hub whose ledger holds so many entries, whole and signed."""
    async with a_hub(f"sqlite:///{path}") as hub:
        ring, clock = hub.ring, hub.clock
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("PRAGMA synchronous = OFF")
    store.execute("DELETE FROM ledger_entry")
    frontier = Frontier()
    for start in range(0, size, BATCH):
        store.execute("BEGIN")
        made = _made(start + 1, min(BATCH, size - start))
        hashes = leaf_hashes(made)
        store.executemany(
            APPEND.sqlite.replace("(", '("id", ', 1).replace("VALUES (", "VALUES (?, "),
            ((e.id, e.at, e.kind, e.member, e.reference, e.salt, e.body) for e in made),
        )
        store.executemany(_LEAF, ((e.id - 1, e.id, leaf) for e, leaf in zip(made, hashes, strict=True)))
        store.executemany(_NODE, frontier.extend(hashes))
        store.execute("COMMIT")
        if start % 1_000_000 == 0:
            print(".", end="", flush=True, file=sys.stderr)
    note = sign_checkpoint(ring.active(KeyKind.LEDGER), size, frontier.root())
    state = Insert(LedgerState, ("id", "size", "frontier", "newest")).sqlite
    store.execute(state, (1, size, frontier.dumps(), size))
    store.execute(Insert(Checkpoint, columns_of(Checkpoint)).sqlite, (size, frontier.root(), note, clock.now()))
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    database = SqliteDatabase(path)
    await key_records.admit(database, ring)
    return replace(hub, database=database)
