import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.crypto import tree
from hub.errors import IntegrityFailed

VECTORS = Path(__file__).parents[2] / "vectors"
REFERENCE = json.loads((VECTORS / "rfc6962.json").read_text())
ARGON = json.loads((VECTORS / "rfc6962-argon2020.json").read_text())

H = bytes.fromhex
LEAVES = [hashlib.sha256(b"\0" + H(leaf)).digest() for leaf in REFERENCE["leaves"]]
ROOTS = [H(root) for root in REFERENCE["roots"]]
OTHER = H("abacaba000000000000000000000000000000000000000000060061e00123456")

counts = st.integers(min_value=0, max_value=70)


def leaves(count):
    return [hashlib.sha256(b"leaf %d" % i).digest() for i in range(count)]


def naive_root(hashes):
    """MTH as RFC 6962 section 2.1 writes it."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\1" + naive_root(hashes[:k]) + naive_root(hashes[k:])).digest()


def refuses(check, *args):
    try:
        check(*args)
    except IntegrityFailed:
        return True
    return False


def test_the_published_hashes_of_leaves_and_nodes():
    hasher = REFERENCE["hasher"]
    assert H(hasher["empty_root"]) == tree.EMPTY_ROOT == tree.Frontier().root()
    for case in hasher["leaves"]:
        assert tree.leaf_hash(H(case["data"])) == H(case["hash"])
    for case in hasher["nodes"]:
        assert tree.node_hash(H(case["left"]), H(case["right"])) == H(case["hash"])


def test_the_published_root_at_every_size():
    frontier = tree.Frontier()
    for leaf, root in zip(REFERENCE["leaves"], ROOTS, strict=True):
        frontier.extend([tree.leaf_hash(H(leaf))])
        assert frontier.root() == root


@pytest.mark.parametrize("case", REFERENCE["inclusion"])
def test_the_published_inclusion_proofs_are_made_and_accepted(case):
    proof, root = [H(h) for h in case["proof"]], ROOTS[case["size"] - 1]
    assert tree.inclusion_proof(LEAVES, case["index"], case["size"]) == proof
    tree.verify_inclusion(LEAVES[case["index"]], case["index"], case["size"], root, proof)


@pytest.mark.parametrize("case", REFERENCE["consistency"])
def test_the_published_consistency_proofs_are_made_and_accepted(case):
    proof, old, new = [H(h) for h in case["proof"]], case["old"], case["new"]
    assert tree.consistency_proof(LEAVES, old, new) == proof
    tree.verify_consistency(old, new, ROOTS[old - 1], ROOTS[new - 1], proof)


def test_proofs_of_a_public_log_of_nearly_a_thousand_million_leaves_are_accepted():
    size, root = ARGON["size"], H(ARGON["root"])
    inclusion, consistency = ARGON["inclusion"], ARGON["consistency"]
    path = [H(h) for h in inclusion["proof"]]
    tree.verify_inclusion(H(inclusion["leaf"]), inclusion["index"], size, root, path)
    old_root, proof = H(consistency["old_root"]), [H(h) for h in consistency["proof"]]
    tree.verify_consistency(consistency["old"], size, old_root, root, proof)


@pytest.mark.parametrize("case", [c for c in REFERENCE["inclusion"] if c["proof"]])
def test_a_spoilt_inclusion_proof_is_refused(case):
    index, size, proof = case["index"], case["size"], [H(h) for h in case["proof"]]
    leaf, root = LEAVES[index], ROOTS[size - 1]
    check = tree.verify_inclusion
    for wrong in (index - 1, index + 1, index ^ 2):
        assert refuses(check, leaf, wrong, size, root, proof)
    for wrong in (size * 2, size // 2):
        assert refuses(check, leaf, index, wrong, root, proof)
    for wrong in (tree.EMPTY_ROOT, OTHER, b""):
        assert refuses(check, leaf, index, size, wrong, proof)
    for wrong in (OTHER, b"WrongLeaf"):
        assert refuses(check, wrong, index, size, root, proof)
    for wrong in _spoilt(proof, root):
        assert refuses(check, leaf, index, size, root, wrong)


@pytest.mark.parametrize("case", [c for c in REFERENCE["consistency"] if c["proof"]])
def test_a_spoilt_consistency_proof_is_refused(case):
    old, new, proof = case["old"], case["new"], [H(h) for h in case["proof"]]
    old_root, new_root = ROOTS[old - 1], ROOTS[new - 1]
    check = tree.verify_consistency
    for wrong in (old - 1, old + 1, old ^ 2):
        assert refuses(check, wrong, new, old_root, new_root, proof)
    for wrong in (new * 2, new // 2):
        assert refuses(check, old, wrong, old_root, new_root, proof)
    assert refuses(check, old, new, OTHER, new_root, proof)
    assert refuses(check, old, new, old_root, OTHER, proof)
    assert refuses(check, old, new, new_root, old_root, proof)
    for wrong in [*_spoilt(proof, old_root), *_spoilt(proof, new_root)]:
        assert refuses(check, old, new, old_root, new_root, wrong)


def _spoilt(proof, root):
    flipped = [[bytes([h[0] ^ 8]) + h[1:] if i == j else h for j, h in enumerate(proof)] for i in range(len(proof))]
    return [
        [],
        [*proof, b""],
        [*proof, root],
        [b"", *proof],
        [root, *proof],
        proof[:-1],
        [*proof, proof[0]],
        *flipped,
    ]


def test_a_tree_cannot_shrink_and_equal_sizes_need_equal_roots():
    check = tree.verify_consistency
    assert refuses(check, 2, 1, ROOTS[1], ROOTS[0], [])
    assert refuses(check, 1, 2, ROOTS[0], ROOTS[1], [])
    assert refuses(check, 1, 1, ROOTS[0], ROOTS[1], [])
    assert refuses(check, 0, 0, tree.EMPTY_ROOT, ROOTS[1], [])
    assert refuses(check, 0, 1, tree.EMPTY_ROOT, ROOTS[0], [tree.EMPTY_ROOT])
    assert refuses(check, 0, 1, OTHER, ROOTS[0], [])
    check(0, 1, tree.EMPTY_ROOT, ROOTS[0], [])


def test_no_leaf_is_in_the_empty_tree():
    for index, size in ((0, 0), (1, 0), (1, 1), (-1, 1), (2, 1)):
        assert refuses(tree.verify_inclusion, OTHER, index, size, OTHER, [])


@given(st.lists(counts, max_size=6))
def test_leaves_appended_in_any_batches_give_the_root_of_the_definition(batches):
    every = leaves(sum(batches))
    frontier, done = tree.Frontier(), 0
    for count in batches:
        frontier.extend(every[done : done + count])
        done += count
        assert (frontier.size, frontier.root()) == (done, naive_root(every[:done]))


@given(counts, counts)
def test_a_frontier_put_away_and_taken_up_again_goes_on_as_before(before, after):
    every = leaves(before + after)
    first = tree.Frontier()
    first.extend(every[:before])
    packed = first.dumps()
    assert len(packed) == 32 * before.bit_count()
    again = tree.Frontier.loads(before, packed)
    again.extend(every[before:])
    assert again.root() == naive_root(every)


@pytest.mark.parametrize(("size", "packed"), [(1, b""), (0, b"x"), (2, b"a" * 64), (3, b"a" * 63), (-1, b"")])
def test_an_edge_that_does_not_fit_its_size_is_refused(size, packed):
    with pytest.raises(IntegrityFailed):
        tree.Frontier.loads(size, packed)


@given(st.integers(1, 70).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_every_leaf_of_every_tree_has_a_proof_and_it_proves_no_other_leaf(case):
    size, index = case
    every = leaves(size)
    proof, root = tree.inclusion_proof(every, index), naive_root(every)
    tree.verify_inclusion(every[index], index, size, root, proof)
    for other in range(size):
        if other != index:
            assert refuses(tree.verify_inclusion, every[index], other, size, root, proof)
            assert refuses(tree.verify_inclusion, every[other], index, size, root, proof)


@given(st.integers(0, 70).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_every_tree_is_shown_to_be_the_beginning_of_a_later_one_and_a_changed_one_is_not(case):
    old, new = case
    every = leaves(new)
    proof = tree.consistency_proof(every, old)
    tree.verify_consistency(old, new, naive_root(every[:old]), naive_root(every), proof)
    if old:
        changed = [OTHER, *every[1:old]]
        assert refuses(tree.verify_consistency, old, new, naive_root(changed), naive_root(every), proof)


def test_a_proof_is_not_made_from_too_few_leaves():
    with pytest.raises(IntegrityFailed):
        tree.inclusion_proof(LEAVES[:4], 1, 8)
    with pytest.raises(IntegrityFailed):
        tree.consistency_proof(LEAVES[:4], 3, 8)
