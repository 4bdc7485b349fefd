"""The ring and the data: a rotation, the rewrap of every record, and the refusal of a ring that does not belong."""

import json

import msgspec
import pytest
from sqlmodel import select

from hub.bootstrap.opening import open_hub
from hub.compliance import matters
from hub.compliance.matters import Opening
from hub.crypto import envelope
from hub.crypto.envelope import Sealed
from hub.crypto.keyring import KeyKind, KeyRing, remove, rotate
from hub.desk import notes
from hub.errors import ConfigurationError
from hub.people import accounts
from hub.seal import open_item
from hub.settings import read_settings
from hub.storage import consent_papers, key_records, members, rewrap
from hub.storage.statements import Returning
from hub.storage.tables import (
    ConsentDocument,
    Evidence,
    Item,
    LedgerEntry,
    Matter,
    MatterEvent,
    Member,
    Person,
    WorkNote,
)
from tests.scenes import NAME, SECRET, a_scene

PAPER = b"%PDF-1.4\nsigned with ink"
EMERGENCY = {
    "determined_by": "clinician",
    "determined_by_name": "Dr. Ibarra",
    "consent": "unobtainable",
    "recipient_name": "Nurse Oduya",
    "recipient_facility": "Valley Clinic",
    "discloser_name": "Counselor Pell",
    "nature": "Overdose at home",
}
COUNTS = {"member": 1, "item": 8, "consent_document": 1, "evidence": 1, "matter": 1, "matter_event": 1}
COUNTS |= {"person": 1, "work_note": 1}
"""What `filled` seals, by table."""


@pytest.fixture
def settings(migrated_url, tmp_path):
    environment = {"HUB_DATA": str(tmp_path), "HUB_DATABASE_URL": migrated_url, "HUB_DEMO": "1"}
    return read_settings(environment)


@pytest.fixture
async def filled(settings):
    """A hub with a record in every sealed table; answers its member and a consent with its paper."""
    async with a_scene(settings.database_url, keys=settings.keys) as scene:
        consent = await scene.consent()
        await consent_papers.keep(scene.hub, consent, PAPER, by="harbor")
        for number in range(7):
            await scene.submit(f"k{number}")
        emergency = {"kind": "emergency_disclosure", "recipients": ("valley-clinic",), "emergency": EMERGENCY}
        await scene.submit("e", **emergency)
        complaint = Opening(kind="complaint", organization="harbor", received_at=0, words={"what": "A loud word"})
        await matters.open_matter(scene.hub, complaint, by="harbor/privacy")
        await notes.add(scene.hub, "w1", "Called the clinic", by="harbor/privacy")
        await accounts.add(
            scene.hub, email="ana@harbor.test", name="Ana", roles=("privacy",), organizations=("harbor",), by="county"
        )
        return scene.member, consent


async def rows(hub, *columns):
    return await hub.database.query(select(*columns).order_by(*columns))


async def sealed(hub):
    """Every sealed record: which key wraps it, the wrapped key, the ciphertext."""
    models = (Member, Item, ConsentDocument, Evidence, Matter, MatterEvent, Person, WorkNote)
    return [row for model in models for row in await rows(hub, model.sealed, model.key_id, model.wrapped_key)]


async def test_after_a_rewrap_everything_opens_without_the_old_key(settings, filled, monkeypatch):
    monkeypatch.setattr(rewrap, "BATCH", 3)
    member, consent = filled
    old = KeyRing.load(settings.keys).active(KeyKind.ENCRYPTION).id
    rotate(settings.keys)
    told = []
    async with open_hub(settings, channels=False) as hub:
        before = await sealed(hub)
        done = await rewrap.rewrap(hub, lambda *words: told.append(words))
        after = await sealed(hub)
    assert done == (COUNTS, 0, (old,))
    assert [words for words in told if words[0] == "item"] == [("item", n, 8) for n in (3, 6, 8)]
    assert [row[0] for row in after] == [row[0] for row in before], "no ciphertext changes"
    assert {row[1] for row in before} == {old}
    assert old not in {row[1] for row in after}

    remove(settings.keys, old)
    async with open_hub(settings, channels=False) as hub:
        assert (await members.facts_of(hub, member)).family == NAME[1]
        assert (await consent_papers.paper_of(hub, consent)).content == PAPER
        for submission, item, *parts in await rows(
            hub, Item.submission_id, Item.id, Item.key_id, Item.wrapped_key, Item.sealed
        ):
            assert open_item(hub.ring, submission, item, Sealed(*parts)).content.decode().startswith(SECRET)
        ((disclosure, *parts),) = await rows(
            hub,
            Evidence.disclosure_id,
            Evidence.key_id,
            Evidence.wrapped_key,
            Evidence.sealed,
        )
        plain = envelope.open(hub.ring, f"evidence/{disclosure}/emergency", Sealed(*parts))
        assert msgspec.json.decode(plain)["nature"] == EMERGENCY["nature"]


async def test_a_rewrap_is_on_the_ledger_with_numbers_only(settings, filled):
    old = KeyRing.load(settings.keys).active(KeyKind.ENCRYPTION).id
    new = rotate(settings.keys).active(KeyKind.ENCRYPTION).id
    async with open_hub(settings, channels=False) as hub:
        await rewrap.rewrap(hub)
        bodies = [
            json.loads(body)
            for kind, body in await rows(hub, LedgerEntry.kind, LedgerEntry.body)
            if kind == "keys.rewrapped"
        ]
    assert bodies == [{"key": new, "left": 0, "records": COUNTS, "released": [old]}]


async def test_an_interrupted_rewrap_is_taken_up_where_it_stopped(settings, filled, monkeypatch):
    monkeypatch.setattr(rewrap, "BATCH", 3)
    rotate(settings.keys)

    def interrupt(table, done, total):
        if (table, done) == ("item", 6):
            raise KeyboardInterrupt

    async with open_hub(settings, channels=False) as hub:
        with pytest.raises(KeyboardInterrupt):
            await rewrap.rewrap(hub, interrupt)
        assert not any(record.state == "released" for record in await key_records.recorded(hub.database))
        done = await rewrap.rewrap(hub)
        again = await rewrap.rewrap(hub)
    assert done.records == {name: count for name, count in COUNTS.items() if name != "member"} | {"item": 2}
    assert (done.left, len(done.released)) == (0, 1)
    assert again == ({}, 0, ())


async def test_what_does_not_open_keeps_the_old_key_from_being_released(settings, filled):
    rotate(settings.keys)
    damage = "UPDATE member SET wrapped_key = sealed RETURNING id"
    async with open_hub(settings, channels=False) as hub:
        await hub.database.returning(Returning(damage, damage), ())
        done = await rewrap.rewrap(hub)
    assert (done.left, done.released) == (1, ())


async def test_a_destroyed_record_stays_destroyed_and_holds_no_key_back(settings, filled):
    rotate(settings.keys)
    destroy = "UPDATE item SET wrapped_key = NULL RETURNING id"
    async with open_hub(settings, channels=False) as hub:
        await hub.database.returning(Returning(destroy, destroy), ())
        done = await rewrap.rewrap(hub)
        assert {wrapped for (wrapped,) in await rows(hub, Item.wrapped_key)} == {None}
    assert ("item" in done.records, done.left, len(done.released)) == (False, 0, 1)


async def test_the_database_knows_its_keys_by_fingerprint_and_holds_no_secret(settings, filled):
    ring = rotate(settings.keys)
    async with open_hub(settings, channels=False) as hub:
        known = await key_records.recorded(hub.database)
    assert {(k.id, k.kind.value, k.state.value, k.fingerprint) for k in ring.keys} == set(known)


async def test_a_stranger_s_ring_is_refused_with_the_key_that_is_missing(settings, filled):
    async with open_hub(settings, channels=False):
        pass
    needed = KeyRing.load(settings.keys).active(KeyKind.ENCRYPTION)
    settings.keys.unlink()
    KeyRing.create(settings.keys)
    with pytest.raises(ConfigurationError, match="lacks the") as refusal:
        async with open_hub(settings, channels=False):
            pass
    assert "\n" not in refusal.value.message
    assert needed.secret.hex() not in refusal.value.message


async def test_an_old_copy_of_the_ring_is_refused_after_a_rotation(settings, filled):
    copy = settings.keys.read_bytes()
    new = rotate(settings.keys).active(KeyKind.ENCRYPTION)
    async with open_hub(settings, channels=False):
        pass
    settings.keys.write_bytes(copy)
    with pytest.raises(ConfigurationError, match="lacks the") as refusal:
        async with open_hub(settings, channels=False):
            pass
    assert new.id in refusal.value.message or "ledger" in refusal.value.message


async def test_an_old_delivery_key_may_be_missing_since_nothing_stored_needs_it(settings, filled):
    old = KeyRing.load(settings.keys).active(KeyKind.DELIVERY).id
    async with open_hub(settings, channels=False):
        pass
    rotate(settings.keys, (KeyKind.DELIVERY,))
    remove(settings.keys, old)
    async with open_hub(settings, channels=False) as hub:
        assert hub.ring.active(KeyKind.DELIVERY).id != old
