"""The public ledger over HTTP, followed by an outsider who knows the specification and one public key."""

import asyncio
import dataclasses
import hashlib
from contextlib import asynccontextmanager

import pytest

from hub.crypto import tree
from hub.crypto.checkpoint import open_checkpoint
from hub.crypto.cosignatures import cosigned
from hub.crypto.notes import COSIGNATURE_V1, Note, Verifier
from hub.crypto.tiles import Tile
from hub.errors import ConfigurationError
from hub.ledger.proofs import checkpoint, inclusion, public_keys
from hub.ledger.published import BEAT_US
from hub.ledger.sequencer import Sequencer
from hub.record import entry
from hub.settings import read_settings
from hub.storage.database import Unit
from tests.api import an_api
from tests.hubs import a_hub
from tests.witnesses import Witness

WITNESS, STRANGER = Witness(), Witness("witness.example/unknown", bytes(32))


@asynccontextmanager
async def a_log(url, count):
    """A served hub with at least so many entries, published."""
    async with a_hub(url) as plain:
        hub = dataclasses.replace(plain, witnesses=(WITNESS.verifier,))
        async with an_api(hub) as api:
            await grow(hub, count)
            yield hub, api.nobody


async def grow(hub, count):
    steps = [entry("consent.recorded", hub.clock.now(), {"n": n}, member="m1", reference=f"c{n}") for n in range(count)]
    await asyncio.gather(*(hub.database.commit(Unit((), (step,))) for step in steps))
    await Sequencer(hub.database, hub.ring, hub.clock).finish()
    hub.clock.ahead += BEAT_US


async def get(outsider, path):
    answer = await outsider("GET", f"/tlog/{path}")
    assert answer.status == 200, (path, answer.body)
    return answer


async def every_tile(outsider, level, size):
    """All hashes of a level, tile by tile, as a client that follows the log reads them."""
    hashes, count = b"", size >> 8 * level
    for number in range(-(-count // 256)):
        tile = Tile(level, number, min(256, count - number * 256))
        hashes += (await get(outsider, f"tile/{tile.path}")).body
    return [hashes[i : i + 32] for i in range(0, len(hashes), 32)]


async def test_an_outsider_follows_the_log_with_the_public_key_alone(migrated_url):
    async with a_log(migrated_url, 700) as (hub, outsider):
        answer = await get(outsider, "checkpoint")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        head = open_checkpoint(answer.body, public_keys(hub.ring))
        leaves = await every_tile(outsider, 0, head.size)
        assert len(leaves) == head.size > 700
        assert tree.root_of(leaves) == head.root
        above = await every_tile(outsider, 1, head.size)
        assert above == [tree.root_of(leaves[n * 256 : n * 256 + 256]) for n in range(head.size // 256)]
        for number in range(-(-head.size // 256)):
            width = min(256, head.size - number * 256)
            bundle = await get(outsider, f"tile/{Tile(None, number, width).path}")
            entries = [bundle.body[i : i + 34] for i in range(0, len(bundle.body), 34)]
            assert {each[:2] for each in entries} == {b"\0\x20"}
            hashed = [hashlib.sha256(b"\0" + each[2:]).digest() for each in entries]
            assert hashed == leaves[number * 256 : number * 256 + width]
            assert "immutable" in bundle.headers["Cache-Control"]


async def test_the_published_head_moves_on_a_slow_beat_only(migrated_url):
    async with a_log(migrated_url, 3) as (hub, outsider):
        before = (await get(outsider, "checkpoint")).body
        hub.clock.ahead += BEAT_US - hub.clock.now() % BEAT_US  # the beat's first moment
        now = (await get(outsider, "checkpoint")).body
        step = entry("inquiry.made", hub.clock.now(), {}, member="m1", reference="i1")
        await hub.database.commit(Unit((), (step,)))
        await Sequencer(hub.database, hub.ring, hub.clock).finish()
        assert (await get(outsider, "checkpoint")).body == now == before
        size = open_checkpoint(now, public_keys(hub.ring)).size
        newer = Tile(0, 0, size + 1).path
        assert (await outsider("GET", f"/tlog/tile/{newer}")).status == 404
        assert (await outsider("GET", f"/tlog/tile/entries/{newer.partition('/')[2]}")).status == 404
        hub.clock.ahead += BEAT_US
        assert (await get(outsider, "checkpoint")).body != now
        await get(outsider, f"tile/{newer}")


@pytest.mark.parametrize("path", ["0/0", "0/000.p/999", "x/000", "0/-01", "entries/1", "0/000.p/1/2", "..%2f..%2fkeys"])
async def test_what_is_no_tile_is_refused(tmp_path, path):
    async with a_log(f"sqlite:///{tmp_path / 'hub.sqlite'}", 3) as (_, outsider):
        answer = await outsider("GET", f"/tlog/tile/{path}")
        assert answer.status == 400
        assert answer.json["code"] == "malformed"


async def test_before_the_first_head_the_empty_tree_s_is_signed_and_nothing_else_is_there(migrated_url):
    async with a_hub(migrated_url) as hub, an_api(hub) as api:
        head = (await get(api.nobody, "checkpoint")).body
        found = open_checkpoint(head, public_keys(hub.ring))
        assert (found.size, found.root) == (0, hashlib.sha256().digest())
        assert (await api.nobody("GET", "/tlog/tile/0/000.p/1")).status == 404


async def test_nobody_vouches_for_the_empty_tree(migrated_url):
    async with a_hub(migrated_url) as plain:
        hub = dataclasses.replace(plain, witnesses=(WITNESS.verifier,))
        async with an_api(hub) as api:
            head = (await get(api.nobody, "checkpoint")).body.decode()
            offered = WITNESS.cosigned(head, 1_700_000_000).encode()
            assert (await api.nobody("POST", "/tlog/cosignatures", data=offered)).status == 409


async def test_a_known_witness_s_cosignature_is_kept_and_served_once(migrated_url):
    async with a_log(migrated_url, 3) as (hub, outsider):
        head = (await get(outsider, "checkpoint")).body.decode()
        for at in (1_700_000_000, 1_700_000_500):
            offered = STRANGER.cosigned(WITNESS.cosigned(head, at))
            assert (await outsider("POST", "/tlog/cosignatures", data=offered.encode())).status == 204
        served = (await get(outsider, "checkpoint")).body.decode()
        assert served == WITNESS.cosigned(head, 1_700_000_000)
        (found,) = cosigned(Note.parse(served), [WITNESS.verifier])
        assert found.at == 1_700_000_000_000_000
        open_checkpoint(served, public_keys(hub.ring))
        # The cosigned head goes into proofs, too.
        assert WITNESS.verifier.name in (await inclusion(hub, 1)).checkpoint


async def test_a_cosignature_that_is_wrong_unknown_or_of_another_head_is_not_kept(migrated_url):
    async with a_log(migrated_url, 3) as (hub, outsider):
        head = (await get(outsider, "checkpoint")).body.decode()
        await grow(hub, 3)
        later = (await get(outsider, "checkpoint")).body.decode()
        wrong = head + WITNESS.line(later, 1_700_000_000).encode()
        refusals = {
            "unknown-witness": STRANGER.cosigned(head),
            "bad-signature": wrong,
            "malformed": "no note",
        }
        for code, offered in refusals.items():
            answer = await outsider("POST", "/tlog/cosignatures", data=offered.encode())
            assert (answer.status, answer.json["code"]) == (400, code)
        unpublished = await _unpublished_head(hub)
        answer = await outsider("POST", "/tlog/cosignatures", data=WITNESS.cosigned(unpublished).encode())
        assert (answer.status, answer.json["code"]) == (409, "another-head")
        assert (await get(outsider, "checkpoint")).body.decode() == later


async def _unpublished_head(hub):
    step = entry("consent.recorded", hub.clock.now(), {}, member="m1", reference="c")
    await hub.database.commit(Unit((), (step,)))
    await Sequencer(hub.database, hub.ring, hub.clock).finish()
    return await checkpoint(hub.database)


def test_witnesses_are_named_in_a_file_of_cosignature_keys(tmp_path):
    file = tmp_path / "witnesses"
    file.write_text(f"{WITNESS.verifier.encode()}\n{STRANGER.verifier.encode()}\n")
    assert read_settings({"HUB_WITNESSES": str(file)}).witnesses == (WITNESS.verifier, STRANGER.verifier)
    for text in ("junk", Verifier("ledger.example", bytes(32)).encode()):
        file.write_text(text)
        with pytest.raises(ConfigurationError):
            read_settings({"HUB_WITNESSES": str(file)})
    with pytest.raises(ConfigurationError):
        read_settings({"HUB_WITNESSES": str(tmp_path / "absent")})
    assert WITNESS.verifier.algorithm == COSIGNATURE_V1
