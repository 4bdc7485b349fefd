"""The live ledger: sequenced, signed, and every tampering straight in the database found and placed."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.crypto.checkpoint import Checkpoint, open_checkpoint, verifier_of
from hub.crypto.keyring import KeyKind
from hub.crypto.report import Fault
from hub.ledger.audit import Audit, audit
from hub.ledger.sequencer import BATCH, Sequencer
from hub.ledger.unsigned import signed_size, waiting_s
from hub.record import entry
from hub.storage.database import Unit
from hub.storage.tables import LedgerEntry, LedgerLeaf
from tests.scenes import Scene, a_scene


async def a_day(scene: Scene, head: Path | None = None) -> Sequencer:
    """Some entries, sequenced in several batches, each with its signed head."""
    sequencer = Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock, head)
    await scene.consent()
    await sequencer.finish()
    for key in ("a", "b", "c"):
        await scene.submit(key)
        await scene.dispatch_all()
        await sequencer.finish()
    return sequencer


async def audited(scene: Scene, head: Path | None = None) -> Audit:
    keys = tuple(verifier_of(key) for key in scene.hub.ring.all_of(KeyKind.LEDGER))
    trusted: list[Checkpoint] = [open_checkpoint(head.read_text(), keys)] if head else []
    return await audit(scene.hub.database, keys, trusted, scene.hub.clock.now() + 3_600_000_000)


async def test_an_untouched_ledger_verifies_whole(migrated_url):
    async with a_scene(migrated_url) as scene:
        await a_day(scene)
        found = await audited(scene)
        assert found.intact
        assert found.report.proven == found.report.entries == len(await scene.rows(LedgerEntry.id))


async def test_two_sequencers_give_every_entry_one_place(migrated_url):
    async with a_scene(migrated_url) as scene:
        one = Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock)
        other = Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock)
        for key in "abcdefgh":
            await scene.submit(key)
            await asyncio.gather(one.sequence(), other.sequence())
        await one.finish()
        positions = await scene.rows(LedgerLeaf.position, LedgerLeaf.entry_id)
        assert [position for position, _ in positions] == list(range(len(positions)))
        assert sorted(entry for _, entry in positions) == [n for (n,) in await scene.rows(LedgerEntry.id)]
        assert (await audited(scene)).intact


TAMPERINGS = {
    "an edit": (
        ["UPDATE ledger_entry SET body = replace(CAST(body AS TEXT), 'harbor', 'lantern') WHERE id = 9"],
        Fault.ALTERED,
        8,
    ),
    "a deletion": (["DELETE FROM ledger_entry WHERE id = 9"], Fault.MISSING, 8),
    "a reordering": (
        [
            "UPDATE ledger_leaf SET entry_id = -1 WHERE position = 8",
            "UPDATE ledger_leaf SET entry_id = 9 WHERE position = 9",
            "UPDATE ledger_leaf SET entry_id = 10 WHERE position = 8",
        ],
        None,
        8,
    ),
    "a truncation": (
        ["DELETE FROM ledger_leaf WHERE position >= 8", "DELETE FROM ledger_entry WHERE id > 8"],
        Fault.TRUNCATED,
        8,
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_the_verifier_names_the_place_of(name, tmp_path):
    statements, fault, position = TAMPERINGS[name]
    file = tmp_path / "hub.sqlite"
    async with a_scene(f"sqlite:///{file}") as scene:
        await a_day(scene)
        assert (await audited(scene)).intact
        with sqlite3.connect(file) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
        found = await audited(scene)
    assert not found.intact
    first = found.report.findings[0]
    assert first.first == position
    assert fault is None or first.fault is fault


async def test_a_truncation_that_takes_its_signed_heads_along_shows_against_the_head_kept_outside(tmp_path):
    file, head = tmp_path / "hub.sqlite", tmp_path / "ledger.head"
    async with a_scene(f"sqlite:///{file}") as scene:
        await a_day(scene, head)
        with sqlite3.connect(file) as connection:
            size = connection.execute("SELECT size FROM checkpoint ORDER BY size").fetchone()[0]
            connection.execute("DELETE FROM ledger_leaf WHERE position >= ?", (size,))
            connection.execute("DELETE FROM ledger_entry WHERE id > ?", (size,))
            connection.execute("DELETE FROM checkpoint WHERE size > ?", (size,))
        connection.close()
        found = await audited(scene, head)
    assert [finding.fault for finding in found.report.findings] == [Fault.TRUNCATED]


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE ledger_entry SET id = -1 WHERE id = (SELECT max(id) FROM ledger_entry)",),
        ("UPDATE ledger_entry SET id = -1, at = at + 90000000000000 WHERE id = (SELECT max(id) FROM ledger_entry)",),
        ("UPDATE ledger_entry SET at = at - 90000000 WHERE id = (SELECT max(id) FROM ledger_entry)",),
        ("DELETE FROM ledger_leaf WHERE position >= {size}", "DELETE FROM checkpoint WHERE size > {size}"),
    ],
    ids=[
        "slipped in before others",
        "slipped in as of a time to come",
        "put behind others, as of before",
        "taken off the end with its heads",
    ],
)
async def test_an_entry_outside_of_the_tree_is_found(tmp_path, statements):
    file = tmp_path / "hub.sqlite"
    async with a_scene(f"sqlite:///{file}") as scene:
        await a_day(scene)
        await scene.submit("late")
        with sqlite3.connect(file) as connection:
            size = connection.execute("SELECT size FROM checkpoint ORDER BY size").fetchone()[0]
            for statement in statements:
                connection.execute(statement.format(size=size))
        connection.close()
        found = await audited(scene)
    told = json.loads(found.json())
    assert (told["intact"], told["unplaced"]) == (False, found.unplaced)
    assert found.unplaced > 0
    assert "does NOT verify" in found.text()


async def test_entries_that_wait_for_their_place_are_told_and_are_no_fault(migrated_url):
    """A copy of a working hub ends with some, and so does one that was broken off."""
    async with a_scene(migrated_url) as scene:
        sequencer = await a_day(scene)
        placed = len(await scene.rows(LedgerEntry.id))
        await scene.submit("late")
        found = await audited(scene)
        assert (found.intact, found.unplaced) == (True, 0)
        assert json.loads(found.json())["waiting"] == len(await scene.rows(LedgerEntry.id)) - placed > 0
        assert "for a place in the tree; nothing vouches for that yet" in found.text()
        await sequencer.finish()
        assert (await audited(scene)).waiting == 0


async def test_entries_that_are_placed_while_the_ledger_is_looked_at_are_no_fault(migrated_url, monkeypatch):
    """A hub that was broken off starts anew beside the command, and signs what has waited for long."""
    async with a_scene(migrated_url) as scene:
        sequencer, query = await a_day(scene), scene.hub.database.query
        await scene.submit("late")
        scene.hub.clock.ahead += 300_000_000

        async def meanwhile(statement, **given):
            if "SELECT checkpoint.at" in str(statement):
                monkeypatch.undo()
                await sequencer.finish()
            return await query(statement, **given)

        monkeypatch.setattr(scene.hub.database, "query", meanwhile)
        found = await audited(scene)
    assert (found.intact, found.unplaced, found.waiting) == (True, 0, 0)


async def test_a_hub_that_catches_up_batch_by_batch_raises_no_alarm(migrated_url):
    """It was broken off with more behind it than one batch holds; each head it signs then leaves some for the next."""
    async with a_scene(migrated_url) as scene:
        sequencer = await a_day(scene)
        await written(scene, 2 * BATCH + 100)
        scene.hub.clock.ahead += 3_600_000_000
        told = []
        while await sequencer.sequence():
            found = await audited(scene)
            told.append((found.intact, found.unplaced, found.waiting))
        assert told == [(True, 0, BATCH + 100), (True, 0, 100), (True, 0, 0)]
        await written(scene, 1, ago=3_600_000_000)
        assert (await audited(scene)).unplaced == 1, "the last head left nothing for the next"


async def test_a_ledger_is_verified_while_a_hub_writes_and_signs(tmp_path):
    """Nothing that is under way is a fault, and what was changed is found all the same."""
    file = tmp_path / "hub.sqlite"
    async with a_scene(f"sqlite:///{file}") as scene:
        sequencer = await a_day(scene)
        signing, writing = asyncio.create_task(sequencer.run()), asyncio.create_task(busily(scene))
        for by in "+-+-":
            put_into(file, f"UPDATE ledger_entry SET at = at {by} 1 WHERE id = 9")
            found = await audited(scene)
            words = [finding.words for finding in found.report.findings]
            assert words == (["Position 8: changed after it was recorded."] if by == "+" else [])
            assert (found.unplaced, found.unfit, found.unrecorded) == (0, 0, 0)
            await asyncio.sleep(0.3)  # a head is signed every quarter of a second
        assert not writing.done()
        writing.cancel()
        signing.cancel()
        assert found.report.entries > BATCH


async def busily(scene):
    while True:
        await written(scene, BATCH // 2)
        await asyncio.sleep(0.05)


async def written(scene, count, *, ago=0):
    at = scene.hub.clock.now() - ago
    entries = (entry("access.viewed", at, {"by": "a/b", "what": "log"}) for _ in range(count))
    await scene.hub.database.commit(Unit((), tuple(entries)))


def put_into(file, statement):
    with closing(sqlite3.connect(file, timeout=30)) as connection, connection:
        connection.execute(statement)


async def test_who_puts_under_a_head_what_has_committed_ends_although_entries_keep_coming(migrated_url, monkeypatch):
    """A command beside a busy hub returns."""
    async with a_scene(migrated_url) as scene:
        sequencer, more = await a_day(scene), iter("xyz")
        sequence = sequencer.sequence

        async def busily(**how):
            await scene.submit(next(more))
            return await sequence(**how)

        monkeypatch.setattr(sequencer, "sequence", busily)
        await sequencer.finish()
        assert list(more)
        assert (await audited(scene)).waiting == 0


async def test_who_is_beaten_by_another_process_still_puts_its_own_entry_under_a_head(migrated_url, monkeypatch):
    """Two commands at once: the faster one had looked before the other's entry was there."""
    async with a_scene(migrated_url) as scene:
        await a_day(scene)
        for key in ("late", "later"):
            await scene.submit(key)
        database, ring, clock = scene.hub.database, scene.hub.ring, scene.hub.clock
        ours, faster = (Sequencer(database, ring, clock) for _ in range(2))
        unplaced, commit = faster._unplaced, database.commit

        async def before(newest, *, sweep):
            return (await unplaced(newest, sweep=sweep))[:-1]

        async def beaten(unit):
            monkeypatch.setattr(database, "commit", commit)
            await faster.sequence()
            await commit(unit)

        monkeypatch.setattr(faster, "_unplaced", before)
        monkeypatch.setattr(database, "commit", beaten)
        await ours.finish()
        assert (await audited(scene)).waiting == 0


async def test_entries_that_wait_for_their_head_are_told_with_their_age(migrated_url):
    async with a_scene(migrated_url) as scene:
        sequencer = await a_day(scene)
        hub, late = scene.hub, scene.hub.clock.now() + 90_000_000
        assert await waiting_s(hub.database, late) == 0
        await scene.submit("d")
        assert 85 <= await waiting_s(hub.database, late) <= 90
        assert await signed_size(hub.database) < len(await scene.rows(LedgerEntry.id))
        await sequencer.finish()
        assert await waiting_s(hub.database, late) == 0
        assert await signed_size(hub.database) == len(await scene.rows(LedgerEntry.id))
