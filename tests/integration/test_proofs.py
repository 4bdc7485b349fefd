"""Proofs from a live ledger of several thousand entries: made from few rows, checked before they are given."""

import asyncio
import dataclasses

import pytest
from sqlmodel import select

from hub.crypto import tree
from hub.crypto.keyring import KeyKind, KeyRing, rotate
from hub.crypto.proof import Proof
from hub.errors import IntegrityFailed, NotAvailable, Unavailable
from hub.ledger import proofs
from hub.ledger.sequencer import Sequencer
from hub.record import entry
from hub.storage import key_records
from hub.storage.database import Unit
from hub.storage.statements import Returning
from hub.storage.tables import Checkpoint, LedgerEntry
from tests.hubs import a_hub


async def written(hub, count):
    steps = [entry("consent.recorded", hub.clock.now(), {"n": n}, member="m1", reference=f"c{n}") for n in range(count)]
    await asyncio.gather(*(hub.database.commit(Unit((), (step,))) for step in steps))


async def rows(hub, *columns):
    return await hub.database.query(select(*columns).order_by(columns[0]))


async def test_every_entry_has_a_proof_in_the_newest_head_and_in_earlier_ones(migrated_url):
    async with a_hub(migrated_url) as hub:
        sequencer = Sequencer(hub.database, hub.ring, hub.clock)
        for count in (3, 300, 900):
            await written(hub, count)
            await sequencer.finish()
        ids = [n for (n,) in await rows(hub, LedgerEntry.id)]
        sizes = [size for (size,) in await rows(hub, Checkpoint.size)]
        assert len(ids) == sizes[-1] > 1200
        found = await proofs.inclusions(hub, ids)
        keys = proofs.public_keys(hub.ring)
        assert {proof.verify(keys).size for proof in found.values()} == {len(ids)}
        assert [found[n].position for n in ids] == list(range(len(ids)))
        assert [found[n].entry.id for n in ids] == ids
        early = await proofs.inclusion(hub, ids[1], size=sizes[0])
        assert Proof.parse(early.encode()).verify(keys).size == sizes[0]

        heads = {size: proofs.head_of(hub, note) for size, note in await rows(hub, Checkpoint.size, Checkpoint.note)}
        for size in sizes:
            proof = await proofs.consistency(hub, size, sizes[-1])
            tree.verify_consistency(size, sizes[-1], heads[size].root, heads[sizes[-1]].root, proof.path)


async def test_an_entry_waits_for_its_place_and_no_proof_is_made_of_what_is_not_there(migrated_url):
    async with a_hub(migrated_url) as hub:
        sequencer = Sequencer(hub.database, hub.ring, hub.clock)
        with pytest.raises(NotAvailable):
            await proofs.inclusion(hub, 1)
        await sequencer.finish()
        await written(hub, 1)
        (*_, (last,)) = await rows(hub, LedgerEntry.id)
        with pytest.raises(Unavailable):
            await proofs.inclusion(hub, last)
        with pytest.raises(NotAvailable):
            await proofs.inclusion(hub, 10_000)
        await sequencer.finish()
        with pytest.raises(Unavailable):
            await proofs.inclusion(hub, last, size=last - 1)
        assert (await proofs.inclusion(hub, last)).position == last - 1


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE ledger_node SET hash = (SELECT hash FROM ledger_leaf WHERE position = 0) RETURNING 1",
        "DELETE FROM ledger_node RETURNING 1",
        "UPDATE ledger_entry SET member_id = 'm2' WHERE id = 3 RETURNING 1",
    ],
)
async def test_no_proof_is_given_that_does_not_lead_to_what_was_signed(migrated_url, tampering):
    async with a_hub(migrated_url) as hub:
        await written(hub, 600)
        await Sequencer(hub.database, hub.ring, hub.clock).finish()
        await hub.database.returning(Returning(tampering, tampering), ())
        with pytest.raises(IntegrityFailed):
            await proofs.inclusion(hub, 3)


async def test_a_proof_made_before_a_rotation_verifies_after_it(migrated_url, tmp_path):
    async with a_hub(migrated_url, keys=tmp_path / "keys.json") as hub:
        await written(hub, 5)
        await Sequencer(hub.database, hub.ring, hub.clock).finish()
        before = await proofs.inclusion(hub, 2)
        ring = rotate(tmp_path / "keys.json")
        await key_records.admit(hub.database, ring)
        rotated = dataclasses.replace(hub, ring=ring)
        await written(rotated, 5)
        await Sequencer(hub.database, ring, hub.clock).finish()
        after = await proofs.inclusion(rotated, 2)
        for proof in (before, after):
            proof.verify(proofs.public_keys(ring))
        assert KeyRing.load(tmp_path / "keys.json").active(KeyKind.LEDGER) == ring.active(KeyKind.LEDGER)
        with pytest.raises(IntegrityFailed):
            after.verify(proofs.public_keys(ring)[:1])
