"""An outsider who looks in each day with a public key and the head of yesterday."""

import asyncio
import dataclasses
import os

import pytest

from hub.crypto.checkpoint import open_checkpoint, sign_checkpoint
from hub.crypto.follow import follow
from hub.crypto.keyring import KeyKind, KeyRing
from hub.crypto.tiles import WIDTH, Tile
from hub.crypto.tree import Frontier, root_of
from hub.errors import IntegrityFailed
from hub.ledger.proofs import public_keys
from tests import forks
from tests.api import an_api
from tests.hubs import a_hub
from tests.integration.test_tlog import grow
from tests.witnesses import Witness

RING = KeyRing.generate("hub.sonoma.example/ledger")
KEY = RING.active(KeyKind.LEDGER)


class Published:
    """A ledger of so many leaves, as its tiles say."""

    def __init__(self, size, history=b""):
        self.leaves = [history + n.to_bytes(32 - len(history), "big") for n in range(size)]
        self.nodes = {(level, n): node for level, n, node in Frontier().extend(self.leaves)}

    def read(self, path):
        if path == "checkpoint":
            return sign_checkpoint(KEY, len(self.leaves), root_of(self.leaves)).encode()
        tile = Tile.parse(path.removeprefix("tile/"))
        assert tile.fits(len(self.leaves)), path
        if tile.level == 0:
            return b"".join(self.leaves[tile.span.start : tile.span.stop])
        return b"".join(self.nodes[tile.level, n] for n in range(tile.span.start, tile.span.stop))

    def head(self):
        return open_checkpoint(self.read("checkpoint"), public_keys(RING))


@pytest.mark.parametrize("sizes", [(1, 2), (255, 256), (256, 257), (300, 70_000), (65_536, 70_000), (70_000, 70_000)])
def test_a_ledger_that_only_grew_is_the_continuation(sizes):
    old, new = (Published(size) for size in sizes)
    assert follow(new.read, public_keys(RING), old.head()).head == new.head()


def test_a_first_look_has_nothing_to_compare_with():
    assert follow(Published(5).read, public_keys(RING), None).head.size == 5


@pytest.mark.parametrize("size", [400, 500, 70_000])
def test_a_changed_history_shows_though_it_is_signed(size):
    kept = Published(400, b"old").head()
    with pytest.raises(IntegrityFailed, match="history was changed"):
        follow(Published(size, b"new").read, public_keys(RING), kept)


def test_a_ledger_that_shrank_or_is_another_or_a_stranger_s_is_refused():
    with pytest.raises(IntegrityFailed, match="shrunk from 400 to 300"):
        follow(Published(300).read, public_keys(RING), Published(400).head())
    with pytest.raises(IntegrityFailed):
        follow(Published(300).read, public_keys(KeyRing.generate()), None)


def test_a_tile_of_another_width_is_refused():
    new = Published(700)

    def torn(path):
        content = new.read(path)
        return content if path == "checkpoint" else content[:-32]

    assert WIDTH == 256
    with pytest.raises(IntegrityFailed):
        follow(torn, public_keys(RING), Published(300).head())


def command(*words):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    done = forks.run("hub", "ledger", "watch", *words, env=clean)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


async def test_the_command_follows_a_served_ledger_and_cosigns_it(migrated_url, tmp_path):
    witness, seed = Witness(), tmp_path / "witness.seed"
    seed.write_bytes(bytes(range(32)))
    async with a_hub(migrated_url) as plain:
        hub = dataclasses.replace(plain, witnesses=(witness.verifier,))
        async with an_api(hub) as api:
            url, key = f"http://127.0.0.1:{api.port}/tlog", public_keys(hub.ring)[0].encode()
            words = (url, "--key", key, "--kept", tmp_path / "kept.head")
            cosign = ("--cosign", seed, "--name", witness.verifier.name)
            code, out, err = await asyncio.to_thread(command, *words)
            assert (code, "0 entries; a first look" in out) == (0, True), err
            await grow(hub, 300)
            code, out, err = await asyncio.to_thread(command, *words)
            assert (code, "the continuation of the 0 that were kept" in out) == (0, True), err
            await grow(hub, 400)
            code, out, err = await asyncio.to_thread(command, *words, *cosign)
            assert (code, "the continuation of the 3" in out) == (0, True), err
            served = (await api.nobody("GET", "/tlog/checkpoint")).body.decode()
            assert witness.verifier.name in served
            assert (tmp_path / "kept.head").read_text() + served.splitlines(keepends=True)[-1] == served
            assert (await asyncio.to_thread(command, "ftp://x/tlog", *words[1:]))[0] == 2


async def test_the_command_says_why_it_reached_no_ledger(migrated_url, tmp_path):
    async with a_hub(migrated_url) as hub, an_api(hub) as api:
        words = ("--key", public_keys(hub.ring)[0].encode(), "--kept", tmp_path / "kept.head")
        code, _, err = await asyncio.to_thread(command, f"http://127.0.0.1:{api.port}/elsewhere", *words)
        assert (code, "There is no ledger under this address" in err) == (4, True), err
        port = api.port
    code, _, err = await asyncio.to_thread(command, f"http://127.0.0.1:{port}/tlog", *words)
    assert (code, "the connection is refused" in err) == (4, True), err
    assert not (tmp_path / "kept.head").exists()


async def test_the_command_finds_a_ledger_whose_end_was_cut_off(migrated_url, tmp_path):
    async with a_hub(migrated_url) as hub, an_api(hub) as api:
        await grow(hub, 30)
        url, key = f"http://127.0.0.1:{api.port}/tlog", public_keys(hub.ring)[0].encode()
        kept = tmp_path / "kept.head"
        longer = sign_checkpoint(hub.ring.active(KeyKind.LEDGER), 5_000, bytes(32))
        kept.write_text(longer)
        code, _, err = await asyncio.to_thread(command, url, "--key", key, "--kept", kept)
        assert (code, "has shrunk from 5,000 to" in err) == (1, True)
        assert kept.read_text() == longer, "the proof is kept"
