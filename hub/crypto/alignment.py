"""Lays stored entries beside the leaves that were recorded for them, and names what does not fit.

Leaves are salted hashes, so two that are equal are the same entry. At the first difference the next few of both sides
tell what happened: the entry turns up among later leaves (leaves before it lost their entries), the leaf turns up
among later entries (those before it do not belong), or neither (the entry was altered in its place).

Memory is bounded: by the look-ahead, by the number of faults listed, and by giving up on sides that drift far apart.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from hub.crypto.report import Fault, Finding

_LOOK_AHEAD = 1024
_MOST_FAULTS = 1000
_MOST_DRIFT = 1 << 16


class Alignment:
    """Feed both sides in position order; `finish` answers the faults."""

    def __init__(self) -> None:
        self.unlisted = 0
        self._position = 0
        self._entries: list[bytes | None] = []
        self._leaves: list[bytes] = []
        self._faults: list[tuple[Fault, int, bytes | None]] = []

    def feed(self, entries: Sequence[bytes | None], leaves: Sequence[bytes]) -> None:
        """The next leaf hashes computed from entries (None: no entry there), and the next recorded ones."""
        if not self._entries and not self._leaves and entries == leaves:
            self._position += len(leaves)
            return
        self._entries += entries
        self._leaves += leaves
        self._advance(_LOOK_AHEAD)
        self._drop_drift()

    def finish(self) -> tuple[Finding, ...]:
        """All faults, in order of position."""
        self._advance(1)
        self._take_leaves(len(self._leaves))
        self._take_entries(len(self._entries))
        return tuple(_merged(sorted(_with_moves(self._faults))))

    def _advance(self, least: int) -> None:
        """Go on while both sides still show `least` more items."""
        while True:
            self._skip_equal()
            if min(len(self._entries), len(self._leaves)) < least:
                return
            self._resolve(self._entries[0], self._leaves[0])

    def _skip_equal(self) -> None:
        count = min(len(self._entries), len(self._leaves))
        if not count or self._entries[0] != self._leaves[0]:
            return
        if self._entries[:count] != self._leaves[:count]:
            pairs = enumerate(zip(self._entries, self._leaves, strict=False))
            count = next(i for i, (entry, leaf) in pairs if entry != leaf)
        del self._entries[:count], self._leaves[:count]
        self._position += count

    def _resolve(self, entry: bytes | None, leaf: bytes) -> None:
        # Past the limit the ledger is known to be spoilt all over; finding out how is not worth the look-ahead.
        patient = len(self._faults) < _MOST_FAULTS
        lost = _distance(self._leaves, entry) if patient and entry is not None else 0
        added = _distance(self._entries, leaf) if patient else 0
        if entry is None:
            del self._entries[0]
            self._take_leaves(1)
        elif lost and (lost <= added or not added):
            self._take_leaves(lost)
        elif added:
            self._take_entries(added)
        else:
            self._note(Fault.ALTERED, None)
            del self._entries[0], self._leaves[0]
            self._position += 1

    def _take_leaves(self, count: int) -> None:
        """These leaves have lost their entries."""
        for leaf in self._leaves[:count]:
            self._note(Fault.MISSING, leaf)
            self._position += 1
        del self._leaves[:count]

    def _take_entries(self, count: int) -> None:
        """These entries do not belong here."""
        for entry in self._entries[:count]:
            if entry is not None:
                self._note(Fault.INSERTED, entry)
        del self._entries[:count]

    def _note(self, fault: Fault, leaf: bytes | None) -> None:
        if len(self._faults) < _MOST_FAULTS:
            self._faults.append((fault, self._position, leaf))
        else:
            self.unlisted += 1

    def _drop_drift(self) -> None:
        self._take_leaves(max(0, len(self._leaves) - _MOST_DRIFT))
        self._take_entries(max(0, len(self._entries) - _MOST_DRIFT))


def _distance(side: Sequence[bytes | None], wanted: bytes | None) -> int:
    """How far ahead on this side the wanted hash is; 0 if out of sight."""
    try:
        return side.index(wanted, 1, _LOOK_AHEAD)
    except ValueError:
        return 0


def _with_moves(faults: list[tuple[Fault, int, bytes | None]]) -> Iterator[tuple[int, Fault]]:
    """An entry that is missing in one place and stands in another was moved."""
    missing = {leaf for fault, _, leaf in faults if fault is Fault.MISSING}
    inserted = {leaf for fault, _, leaf in faults if fault is Fault.INSERTED}
    for fault, position, leaf in faults:
        if fault is Fault.MISSING:
            yield position, Fault.MOVED if leaf in inserted else fault
        elif fault is not Fault.INSERTED or leaf not in missing:
            yield position, fault


def _merged(faults: list[tuple[int, Fault]]) -> Iterator[Finding]:
    """Neighbours of one kind as one finding."""
    starts = [0, *(i for i, (a, b) in enumerate(pairwise(faults), 1) if not _adjoin(a, b)), len(faults)]
    for start, stop in pairwise(starts):
        if stop > start:
            yield Finding(faults[start][1], faults[start][0], stop - start)


def _adjoin(one: tuple[int, Fault], next_one: tuple[int, Fault]) -> bool:
    step = 0 if one[1] is Fault.INSERTED else 1
    return one[1] is next_one[1] and one[0] + step == next_one[0]
