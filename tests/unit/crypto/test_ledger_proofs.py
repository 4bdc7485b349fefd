"""Tiles, and the proof file of one entry: made from stored hashes, checked with a public key alone."""

import hashlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.crypto import tree
from hub.crypto.checkpoint import sign_checkpoint, verifier_of
from hub.crypto.keyring import KeyKind, KeyRing, rotate
from hub.crypto.ledger import LedgerEntry, leaf_hash, line_of
from hub.crypto.proof import Proof
from hub.crypto.tiles import Span, Tile, folded, spans
from hub.errors import IntegrityFailed, Malformed

KEY = KeyRing.generate("hub.sonoma.example/ledger").active(KeyKind.LEDGER)
KEYS = (verifier_of(KEY),)


class Stored:
    """Leaves and nodes as the hub stores them, appended in batches."""

    def __init__(self, *batches):
        self.frontier, self.leaves, self.nodes = tree.Frontier(), [], {}
        for count in batches:
            fresh = [hashlib.sha256(b"leaf %d" % (len(self.leaves) + n)).digest() for n in range(count)]
            self.leaves += fresh
            for level, position, node in self.frontier.extend(fresh):
                assert (level, position) not in self.nodes
                self.nodes[level, position] = node

    def row(self, span):
        if span.level == 0:
            return self.leaves[span.start : span.stop]
        return [self.nodes[span.level, n] for n in range(span.start, span.stop)]

    def hashes(self, ranges):
        return [folded([self.row(span) for span in spans(leaves)]) for leaves in ranges]


LARGE = Stored(255, 1, 1, 70_000 - 257)


def test_the_tree_of_the_specifications_example_has_the_nodes_of_its_tiles():
    assert sorted({level for level, _ in LARGE.nodes}) == [1, 2]
    assert len([1 for level, _ in LARGE.nodes if level == 1]) == 256 + 17
    assert len([1 for level, _ in LARGE.nodes if level == 2]) == 1
    assert LARGE.nodes[1, 272] == tree.root_of(LARGE.leaves[272 * 256 : 273 * 256])
    assert LARGE.nodes[2, 0] == tree.root_of(LARGE.leaves[:65_536])


@pytest.mark.parametrize(
    ("path", "tile"),
    [
        ("0/x001/x234/067", (0, 1234067, 256)),
        ("0/273.p/112", (0, 273, 112)),
        ("2/000.p/1", (2, 0, 1)),
        ("entries/000", (None, 0, 256)),
        ("entries/x001/000.p/255", (None, 1000, 255)),
    ],
)
def test_tiles_are_addressed_as_the_specification_writes_them(path, tile):
    assert Tile.parse(path) == tile
    assert Tile(*tile).path == path


@pytest.mark.parametrize(
    "path",
    [
        "0/0",
        "00/000",
        "0/x000/000",
        "0/1000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/x01/000",
        "64/000/",
        "a/000",
    ],
)
def test_any_other_spelling_of_a_tile_is_refused(path):
    with pytest.raises(Malformed):
        Tile.parse(path)


@pytest.mark.parametrize(
    ("tile", "size", "there"),
    [
        ((0, 273, 112), 70_000, True),
        ((0, 273, 113), 70_000, False),
        ((1, 1, 17), 70_000, True),
        ((1, 1, 18), 70_000, False),
        ((2, 0, 1), 70_000, True),
        ((3, 0, 1), 70_000, False),
        ((0, 0, 256), 256, True),
        ((60, 0, 1), 70_000, False),
    ],
)
def test_a_tree_has_the_tiles_of_its_size_and_no_others(tile, size, there):
    assert Tile(*tile).fits(size) is there


@given(st.integers(1, 70_000).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
@settings(max_examples=40)
def test_an_inclusion_proof_from_stored_rows_is_the_one_from_all_leaves(case):
    index, size = case
    assert LARGE.hashes(tree.inclusion_ranges(index, size)) == tree.inclusion_proof(LARGE.leaves, index, size)


@given(st.integers(0, 70_000).flatmap(lambda new: st.tuples(st.integers(0, new), st.just(new))))
@settings(max_examples=40)
def test_a_consistency_proof_from_stored_rows_is_the_one_from_all_leaves(case):
    old, new = case
    assert LARGE.hashes(tree.consistency_ranges(old, new)) == tree.consistency_proof(LARGE.leaves, old, new)


@given(st.lists(st.integers(0, 700), max_size=5))
@settings(max_examples=30)
def test_the_nodes_do_not_depend_on_the_batches(batches):
    assert Stored(*batches).nodes == Stored(sum(batches)).nodes


@given(st.integers(1, 2**40).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_a_proof_reads_rows_by_the_logarithm_of_the_ledger(case):
    pieces = [span for leaves in tree.inclusion_ranges(*case) for span in spans(leaves)]
    levels = case[1].bit_length()
    assert sum(span.stop - span.start for span in pieces) <= 256 * 2 * (levels // 8 + 1)
    assert len(pieces) <= 2 * levels


@pytest.mark.parametrize("rows", [[], [[]], [[b"a" * 32] * 3]])
def test_rows_that_are_not_whole_are_refused(rows):
    with pytest.raises(IntegrityFailed):
        folded(rows)


def test_a_range_is_read_at_the_highest_tile_level_it_fits():
    assert spans((0, 65_536 + 512)) == [Span(2, 0, 1), Span(1, 256, 258)]


def entries(count):
    return [
        LedgerEntry(n, 1_700_000_000_000_000, "consent.recorded", "m1", f"c{n}", b"{}", bytes([n]) * 16)
        for n in range(1, count + 1)
    ]


FIVE = entries(5)
LEAVES = [leaf_hash(entry) for entry in FIVE]


def proof_of(position, key=KEY):
    return Proof(
        line=line_of(FIVE[position]),
        position=position,
        path=tuple(tree.inclusion_proof(LEAVES, position)),
        checkpoint=sign_checkpoint(key, len(LEAVES), tree.root_of(LEAVES)),
    )


@pytest.mark.parametrize("position", range(5))
def test_a_proof_file_is_read_back_and_verifies_with_the_public_key_alone(position):
    text = proof_of(position).encode()
    assert text.startswith("c2sp.org/tlog-proof@v1\nextra ")
    read = Proof.parse(text)
    assert read == proof_of(position)
    assert read.verify(KEYS).size == 5
    assert read.entry == FIVE[position]


def test_a_proof_of_another_entry_position_path_or_head_is_refused():
    good = proof_of(2)
    other_head = sign_checkpoint(KEY, 5, tree.root_of(LEAVES[::-1]))
    shorter = sign_checkpoint(KEY, 4, tree.root_of(LEAVES[:4]))
    for change in (
        {"line": line_of(FIVE[3])},
        {"line": good.line.replace(b"consent.recorded", b"consent.revoked")},
        {"position": 3},
        {"position": 5},
        {"path": good.path[:-1]},
        {"path": (*good.path[:-1], bytes(32))},
        {"checkpoint": other_head},
        {"checkpoint": shorter},
        {"checkpoint": good.checkpoint.replace("\n5\n", "\n6\n")},
    ):
        with pytest.raises(IntegrityFailed):
            msgspec.structs.replace(good, **change).verify(KEYS)


def test_a_proof_under_a_stranger_s_key_is_refused():
    stranger = KeyRing.generate("hub.sonoma.example/ledger").active(KeyKind.LEDGER)
    with pytest.raises(IntegrityFailed):
        proof_of(1, stranger).verify(KEYS)


def test_a_proof_outlives_a_rotation_of_the_key_that_signed_its_head(tmp_path):
    before = KeyRing.create(tmp_path / "keys.json")
    proof = proof_of(0, before.active(KeyKind.LEDGER))
    after = rotate(tmp_path / "keys.json")
    proof.verify(tuple(verifier_of(key) for key in after.all_of(KeyKind.LEDGER)))
    with pytest.raises(IntegrityFailed):
        proof.verify((verifier_of(after.active(KeyKind.LEDGER)),))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text.replace("@v1", "@v2"),
        lambda text: text.replace("index 2", "index 02"),
        lambda text: text.replace("index 2", "index two"),
        lambda text: text.replace("extra ", "extra ="),
        lambda text: text.partition("\n\n")[0],
        lambda text: text + "junk",
        lambda text: text.replace("\n\n", "\nshort\n\n", 1),
    ],
)
def test_a_text_that_is_no_proof_is_refused(spoil):
    with pytest.raises(Malformed):
        Proof.parse(spoil(proof_of(2).encode())).verify(KEYS)
