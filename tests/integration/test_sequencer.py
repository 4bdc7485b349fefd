"""The sequencer when things go wrong: killed at any step, an old database put back, its key rotated under it."""

import asyncio
import os
import signal
import sqlite3

import pytest
from sqlmodel import col, select

from hub.crypto.checkpoint import Checkpoint, open_signed, sign_checkpoint, verifier_of
from hub.crypto.keyring import KeyKind, KeyRing, rotate
from hub.crypto.notes import Note
from hub.crypto.report import Fault
from hub.errors import ConfigurationError, HubError, IntegrityFailed
from hub.ledger import sequencer as module
from hub.ledger.audit import audit
from hub.ledger.head_file import HeadFile
from hub.ledger.proofs import checkpoint, public_keys
from hub.ledger.sequencer import Sequencer
from hub.record import entry
from hub.storage import key_records
from hub.storage.database import Unit
from hub.storage.statements import Returning
from hub.storage.tables import Checkpoint as Stored
from tests import forks
from tests.hubs import MovableClock, a_hub, open_database


async def written(hub, count):
    steps = [
        entry("consent.documented", hub.clock.now(), {"n": n}, member="m1", reference=f"c{n}") for n in range(count)
    ]
    await asyncio.gather(*(hub.database.commit(Unit((), (step,))) for step in steps))


async def audited(hub, *heads):
    return await audit(hub.database, public_keys(hub.ring), heads, hub.clock.now() + 3_600_000_000)


def size_of(head):
    return Checkpoint.parse(Note.parse(head.read_bytes()).text).size


async def test_a_sequencer_killed_at_any_step_leaves_a_ledger_and_a_head_that_agree(migrated_url, tmp_path):
    head = tmp_path / "ledger.head"
    async with a_hub(migrated_url, keys=tmp_path / "keys.json") as hub:
        for step in range(1, 12):
            await written(hub, 3)
            words = (migrated_url, tmp_path / "keys.json", head, step)
            done = await asyncio.to_thread(forks.run, "tests.integration.killed_sequencer", *words, env=os.environ)
            assert done.returncode in (0, -signal.SIGKILL), done.stderr
            killed = done.returncode == -signal.SIGKILL
            kept = HeadFile(head).read(public_keys(hub.ring))
            found = await audited(hub, *([kept] if kept else []))
            assert not found.report.findings, step
            await Sequencer(hub.database, hub.ring, hub.clock, head).finish()
            kept = HeadFile(head).read(public_keys(hub.ring))
            assert kept is not None
            found = await audited(hub, kept)
            assert found.intact
            assert found.report.entries == found.report.proven == kept.size
            if not killed:
                break
        else:
            pytest.fail("the steps never ended")
        assert step > 4


async def test_a_sequencer_stopped_before_it_kept_its_head_keeps_it_at_the_end(migrated_url, tmp_path, monkeypatch):
    head, kept, tries = tmp_path / "ledger.head", HeadFile.keep, []

    def broken_off_once(self, note):
        tries.append(note)
        if len(tries) == 1:
            raise asyncio.CancelledError
        kept(self, note)

    monkeypatch.setattr(HeadFile, "keep", broken_off_once)
    async with a_hub(migrated_url, keys=tmp_path / "keys.json") as hub:
        await written(hub, 3)
        sequencer = Sequencer(hub.database, hub.ring, hub.clock, head)
        with pytest.raises(asyncio.CancelledError):
            await sequencer.sequence()
        assert not head.exists()
        await sequencer.finish()
        newest = Note.parse((await checkpoint(hub.database)).encode())
        assert size_of(head) == Checkpoint.parse(newest.text).size


async def test_the_head_is_kept_now_and_then_while_entries_come_and_at_once_when_none_do(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "HEAD_S", 3_600.0)
    head, sizes = tmp_path / "ledger.head", []
    async with a_hub(f"sqlite:///{tmp_path}/hub.sqlite", keys=tmp_path / "keys.json") as hub:
        await Sequencer(hub.database, hub.ring, hub.clock).finish()
        sequencer = Sequencer(hub.database, hub.ring, hub.clock, head)
        for count in (1, 1, 1, 0):
            await written(hub, count)
            await sequencer.sequence()
            sizes.append(size_of(head))
    first = sizes[0]
    assert sizes == [first, first, first, first + 2]


async def test_an_old_copy_of_the_database_is_not_signed_on(tmp_path):
    file, head, copy = tmp_path / "hub.sqlite", tmp_path / "ledger.head", tmp_path / "copy.sqlite"
    keys = tmp_path / "keys.json"
    async with a_hub(f"sqlite:///{file}", keys=keys) as hub:
        await Sequencer(hub.database, hub.ring, hub.clock, head).finish()
        with sqlite3.connect(file) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        source.close()
        target.close()
        await written(hub, 5)
        await Sequencer(hub.database, hub.ring, hub.clock, head).finish()
        ring, size = hub.ring, size_of(head)
    database = await open_database(f"sqlite:///{copy}")
    try:
        sequencer = Sequencer(database, ring, MovableClock(), head)
        with pytest.raises(IntegrityFailed) as refusal:
            await sequencer.sequence()
        assert refusal.value.detail_code == "restored-copy"
        assert size_of(head) == size, "the head that tells is not overwritten"
        kept = HeadFile(head).read(public_keys(ring))
        assert kept is not None
        found = await audit(database, public_keys(ring), [kept], 0)
        assert [finding.fault for finding in found.report.findings] == [Fault.TRUNCATED]

        head.unlink()  # the operator has put it away and knows what is missing
        assert await Sequencer(database, ring, MovableClock(), head).sequence() == 0
    finally:
        await database.close()


def test_the_kept_head_never_goes_back(tmp_path):
    key = KeyRing.generate().active(KeyKind.LEDGER)
    file = HeadFile(tmp_path / "ledger.head")
    keys = (verifier_of(key),)
    assert file.read(keys) is None
    for size, kept in ((5, 5), (3, 5), (9, 9)):
        file.keep(sign_checkpoint(key, size, bytes(32)))
        head = file.read(keys)
        assert head is not None
        assert head.size == kept
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.head"]


def test_a_kept_head_of_a_stranger_is_refused(tmp_path):
    stranger = KeyRing.generate().active(KeyKind.LEDGER)
    file = HeadFile(tmp_path / "ledger.head")
    file.keep(sign_checkpoint(stranger, 1, bytes(32)))
    with pytest.raises(HubError):
        file.read((verifier_of(KeyRing.generate().active(KeyKind.LEDGER)),))


async def test_a_running_sequencer_goes_on_with_the_rotated_key(migrated_url, tmp_path):
    keys = tmp_path / "keys.json"
    async with a_hub(migrated_url, keys=keys) as hub:
        sequencer = Sequencer(hub.database, hub.ring, hub.clock, keys=keys)
        unaware = Sequencer(hub.database, hub.ring, hub.clock)
        await sequencer.finish()
        ring = rotate(keys)
        await key_records.admit(hub.database, ring)
        await written(hub, 2)
        with pytest.raises(ConfigurationError):
            await unaware.sequence()
        await sequencer.finish()
        every = tuple(verifier_of(key) for key in ring.all_of(KeyKind.LEDGER))
        _, signers = open_signed(await checkpoint(hub.database), every)
        assert signers == (verifier_of(ring.active(KeyKind.LEDGER)),)
        found = await audit(hub.database, every, (), hub.clock.now() + 3_600_000_000)
        assert found.intact


async def test_a_head_signed_with_a_retired_key_is_found(migrated_url, tmp_path):
    keys = tmp_path / "keys.json"
    async with a_hub(migrated_url, keys=keys) as hub:
        await Sequencer(hub.database, hub.ring, hub.clock).finish()
        old = hub.ring
        ring = rotate(keys)
        await key_records.admit(hub.database, ring)
        await written(hub, 2)
        await Sequencer(hub.database, ring, hub.clock).finish()
        every = tuple(verifier_of(key) for key in ring.all_of(KeyKind.LEDGER))
        assert (await audit(hub.database, every, (), 0)).intact
        # The thief of the old key signs the very same head.
        ((size, root),) = await hub.database.query(
            select(Stored.size, Stored.root).order_by(col(Stored.size).desc()).limit(1)
        )
        forged = sign_checkpoint(old.active(KeyKind.LEDGER), size, root)
        change = Returning(
            "UPDATE checkpoint SET note = ? WHERE size = ? RETURNING 1",
            "UPDATE checkpoint SET note = $1 WHERE size = $2 RETURNING 1",
        )
        await hub.database.returning(change, (forged, size))
        found = await audit(hub.database, every, (), 0)
        assert [(finding.fault, finding.first) for finding in found.report.findings] == [(Fault.OUTDATED, size)]


async def test_stored_hashes_that_are_not_those_of_the_leaves_are_found(migrated_url):
    async with a_hub(migrated_url) as hub:
        await written(hub, 600)
        await Sequencer(hub.database, hub.ring, hub.clock).finish()
        assert (await audited(hub)).intact
        spoil = "UPDATE ledger_node SET hash = (SELECT hash FROM ledger_leaf WHERE position = 0) RETURNING 1"
        spoilt = await hub.database.returning(Returning(spoil, spoil), ())
        found = await audited(hub)
        assert (found.unfit, found.intact) == (len(spoilt), False)
        assert "stored hashes of the tree" in found.text()


async def test_a_sequencer_that_needs_a_person_does_not_ask_all_the_time(tmp_path, monkeypatch):
    asked, waits = [], []

    class Broken(Sequencer):
        async def sequence(self, *, sweep=False):
            asked.append(sweep)
            raise IntegrityFailed("no")

    async def sleep(seconds):
        waits.append(seconds)
        if len(waits) > 3:
            raise asyncio.CancelledError

    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub:
        monkeypatch.setattr(module.asyncio, "sleep", sleep)
        with pytest.raises(asyncio.CancelledError):
            await Broken(hub.database, hub.ring, hub.clock).run()
        monkeypatch.undo()
    assert module.SWEEP_S in waits
