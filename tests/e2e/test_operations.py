"""The operator's page, done: back up, rotate and rewrap keys, restore, and what the hub refuses to start with."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from hub.crypto.keyring import KeyKind, KeyRing
from tests.e2e.county import packet
from tests.e2e.shape import deployed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_keys_are_rotated_rewrapped_and_removed_while_packets_come_in(tmp_path: Path) -> None:
    async with deployed(tmp_path, None) as (hub, sender):
        before = await sender.hand_in("before", packet("sunrise"))
        await sender.settled([before])
        keys = tmp_path / "hub" / "keys.json"
        old = KeyRing.load(keys).active(KeyKind.ENCRYPTION).id

        beside = await hub.command("keys", "rotate", "--rewrap")
        assert (beside.code, "Another hub" in beside.err) == (3, True), "the old ring is still in use"
        assert KeyRing.load(keys).active(KeyKind.ENCRYPTION).id == old
        assert (await hub.command("keys", "rotate")).code == 0
        between = await sender.hand_in("between", packet("sunrise"))
        assert await hub.stop() == [0]
        hub.workers.clear()
        hub.start_worker()
        await hub.up()
        assert (await hub.command("keys", "remove", old)).code == 3, "records still need it"
        rewrapped = await hub.command("keys", "rewrap")
        assert rewrapped.code == 0, rewrapped
        assert f"keys remove {old}" in rewrapped.out
        assert (await hub.command("keys", "remove", old)).code == 0
        assert old not in (await hub.command("keys", "list")).out

        assert await hub.stop() == [0]
        hub.workers.clear()
        hub.start_worker()
        await hub.up()
        after = await sender.hand_in("after", packet("sunrise"))
        states = await sender.settled([between, after])
        assert {row["state"] for rows in states.values() for row in rows} == {"delivered"}
        shown = (await sender.call("GET", f"/v1/submissions/{before}")).json
        assert [item["title"] for item in shown["items"]] == ["Discharge summary"]
        assert (await hub.command("ledger", "verify")).code == 0
        assert "keys.rewrapped" in (await hub.ledger()).kinds


async def test_a_copy_made_while_serving_restores_with_its_ring_and_with_no_other(tmp_path: Path) -> None:
    async with deployed(tmp_path, None) as (hub, sender):
        await sender.settled([await sender.hand_in("1", packet("sunrise"))])
        data, kept = tmp_path / "hub", tmp_path / "kept"
        kept.mkdir()
        await asyncio.to_thread(_copy, data / "hub.sqlite", kept / "hub.sqlite")
        shutil.copy(data / "keys.json", kept)
        await sender.settled([await sender.hand_in("lost", packet("sunrise"))])
        assert await hub.stop() == [0]
        hub.workers.clear()
        for file in data.glob("hub.sqlite*"):
            file.unlink()
        shutil.copy(kept / "hub.sqlite", data)

        (data / "keys.json").unlink()
        assert (await hub.command("keys", "init")).code == 0
        refused = await hub.command("serve")
        assert (refused.code, refused.err.count("\n")) == (3, 1)
        assert "The key ring lacks the" in refused.err

        shutil.copy(kept / "keys.json", data)
        older = await hub.command("ledger", "verify")
        assert older.code == 1, "the head beside the data tells that the end is missing"
        (data / "ledger.head").rename(kept / "ledger.head")
        assert (await hub.command("ledger", "verify")).code == 0
        hub.start_worker()
        await hub.up()
        rows = await sender.settled([await sender.hand_in("new", packet("sunrise"))])
        assert [row["state"] for (row,) in rows.values()] == ["delivered"]


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as database, sqlite3.connect(target) as copy:
        database.backup(copy)
    database.close()
    copy.close()
