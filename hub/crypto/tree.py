"""The Merkle tree of the ledger: RFC 6962 section 2.1, from leaf hashes to roots and proofs.

    leaf = SHA-256(00 ‖ data)      node = SHA-256(01 ‖ left ‖ right)      root of no leaves = SHA-256()

The two prefixes keep a node from being passed off as a leaf. A proof is first a list of leaf
ranges, each of which stands for its subtree's hash, so that whoever stores the leaves reads only those.
"""

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Self

from hub.errors import IntegrityFailed

EMPTY_ROOT = sha256().digest()
_SIZE = 32
_LIMIT = 1 << 63

TILE_HEIGHT = 8
"""C2SP tlog-tiles: a tile is 256 hashes, and stands as one hash in a tile of the level above."""

Range = tuple[int, int]
"""Leaves from, inclusive, to, exclusive."""
Node = tuple[int, int, bytes]
"""Tile level, position within it, hash: the root of 256 ** level leaves."""


def leaf_hash(data: bytes) -> bytes:
    """MTH({d}) of RFC 6962: the hash of one leaf, 32 bytes."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to append and to tell the root, whatever the size.

    Holds one hash for each complete subtree, largest first: as many as `size` has one-bits.
    """

    __slots__ = ("_edge", "size")

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        """Raises `IntegrityFailed` if the edge is not one of a tree of that size."""
        if not 0 <= size < _LIMIT or len(edge) != size.bit_count() or any(len(h) != _SIZE for h in edge):
            raise IntegrityFailed("The stored edge of the ledger tree does not fit its size.")
        self.size = size
        self._edge = list(edge)

    @classmethod
    def loads(cls, size: int, packed: bytes) -> Self:
        """The frontier that `dumps` packed at `size`. Raises `IntegrityFailed`."""
        return cls(size, [packed[i : i + _SIZE] for i in range(0, len(packed), _SIZE)])

    def dumps(self) -> bytes:
        """The hashes one after the other, largest subtree first; 32 bytes for each one-bit of `size`."""
        return b"".join(self._edge)

    def extend(self, leaf_hashes: Sequence[bytes]) -> list[Node]:
        """Append leaves. One pass for each level, in which hashing is nearly all the work.

        Answers the nodes completed by them that tiles above level 0 are made of.
        """
        nodes, finished, level = leaf_hashes, [], 0
        completed: list[Node] = []
        while nodes:
            if level and not level % TILE_HEIGHT:
                first, tile_level = self.size >> level, level // TILE_HEIGHT
                completed += [(tile_level, position, node) for position, node in enumerate(nodes, first)]
            if self.size >> level & 1:
                nodes = [self._edge.pop(), *nodes]
            if len(nodes) & 1:
                finished.append(nodes[-1])
            nodes = [
                sha256(b"\1" + left + right).digest() for left, right in zip(nodes[::2], nodes[1::2], strict=False)
            ]
            level += 1
        self._edge += reversed(finished)
        self.size += len(leaf_hashes)
        return completed

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves so far."""
        if not self._edge:
            return EMPTY_ROOT
        root = self._edge[-1]
        for subtree in reversed(self._edge[:-1]):
            root = node_hash(subtree, root)
        return root


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of these leaves."""
    frontier = Frontier()
    frontier.extend(leaf_hashes)
    return frontier.root()


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """PATH(m, D[n]) of RFC 6962 section 2.1.1, as ranges. Raises `IntegrityFailed` for no such leaf."""
    if not 0 <= index < size < _LIMIT:
        raise IntegrityFailed("The tree has no such leaf.")
    start, end, ranges = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """PROOF(m, D[n]) of RFC 6962 section 2.1.2, as ranges. Raises `IntegrityFailed` if old > new."""
    if not 0 <= old <= new < _LIMIT:
        raise IntegrityFailed("A tree of that size does not come before the other.")
    start, end, ranges = 0, new, []
    while old not in {0, end}:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # the old tree ends with a subtree that the verifier cannot know from its root
        ranges.append((start, end))
    return ranges[::-1]


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int, size: int | None = None) -> list[bytes]:
    """The audit path of a leaf in the tree of the first `size` leaves (all by default)."""
    size = len(leaf_hashes) if size is None else size
    return _hashed(leaf_hashes, inclusion_ranges(index, size))


def consistency_proof(leaf_hashes: Sequence[bytes], old: int, new: int | None = None) -> list[bytes]:
    """The proof that the tree of `old` leaves is the beginning of the tree of `new` (all by default)."""
    new = len(leaf_hashes) if new is None else new
    return _hashed(leaf_hashes, consistency_ranges(old, new))


def verify_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Raises `IntegrityFailed` unless the leaf hash is at `index` of the tree with that size and root."""
    ranges = inclusion_ranges(index, size)
    found = leaf
    for (start, _), sibling in _matched(ranges, proof):
        found = node_hash(found, sibling) if start > index else node_hash(sibling, found)
    _same(found, root)


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raises `IntegrityFailed` unless the first tree is the beginning of the second.

    The empty tree is the beginning of every tree.
    """
    steps = _matched(consistency_ranges(old, new), proof)
    if old == 0:
        _same(EMPTY_ROOT, old_root)
        if new == 0:
            _same(EMPTY_ROOT, new_root)
        return
    # Either the old tree is a complete subtree of the new one, or its last such part opens the proof.
    first = steps.pop(0)[1] if old & (old - 1) and steps else old_root
    found_old = found_new = first
    for (start, _), sibling in steps:
        if start < old:
            found_old, found_new = node_hash(sibling, found_old), node_hash(sibling, found_new)
        else:
            found_new = node_hash(found_new, sibling)
    _same(found_old, old_root)
    _same(found_new, new_root)


def _split(width: int) -> int:
    """The largest power of two smaller than `width`."""
    return 1 << (width - 1).bit_length() - 1


def _hashed(leaf_hashes: Sequence[bytes], ranges: list[Range]) -> list[bytes]:
    if any(end > len(leaf_hashes) for _, end in ranges):
        raise IntegrityFailed("The tree has fewer leaves than the proof is about.")
    return [root_of(leaf_hashes[start:end]) for start, end in ranges]


def _matched(ranges: list[Range], proof: Sequence[bytes]) -> list[tuple[Range, bytes]]:
    if len(ranges) != len(proof) or any(len(sibling) != _SIZE for sibling in proof):
        raise IntegrityFailed("The proof is not of the form its tree sizes ask for.")
    return list(zip(ranges, proof, strict=True))


def _same(found: bytes, given: bytes) -> None:
    if not compare_digest(found, given):
        raise IntegrityFailed("The proof does not lead to the root.")
