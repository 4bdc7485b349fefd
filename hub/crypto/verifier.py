"""The independent verifier: is the ledger still what was signed, and if not, where?

It trusts nothing in the database: not the entries, not the leaf hashes stored beside them, not the checkpoints; only
the public keys it is given and heads that were kept outside. Whatever the store holds, the answer is a report.

Rules kept here:
- An entry that does not give its recorded leaf is named by position.
- A leaf that was replaced together with its entry shows at the next signed root: the range between two heads is named.
- A signed head that does not fit while a later one does is a second history (a fork).
- Fewer leaves than a signed or trusted head counts is a truncation, or an old backup put back.
- A head signed with a key that the ledger had retired before is named.
- Memory does not grow with the ledger, only with the number of checkpoints (some 200 bytes each).
"""

from collections.abc import Iterable, Sequence
from itertools import islice

from hub.crypto.alignment import Alignment
from hub.crypto.checkpoint import Checkpoint, open_signed
from hub.crypto.ledger import LedgerEntry, leaf_hash, leaf_hashes, leaves_of
from hub.crypto.notes import Verifier
from hub.crypto.report import Fault, Finding, Report
from hub.crypto.retirements import Retirements
from hub.crypto.tree import Frontier, Node
from hub.errors import IntegrityFailed, Malformed

_BATCH = 4096
_MOST_FINDINGS = 1000
_NO_LEAF = bytes(32)
_NO_ENTRY = b""  # of another length than a leaf, so that spoiling both sides does not make them equal


def verify(
    entries: Iterable[LedgerEntry | None],
    leaves: Iterable[bytes | None],
    checkpoints: Iterable[str | bytes],
    public_keys: Sequence[Verifier],
    trusted_heads: Sequence[Checkpoint] = (),
) -> Report:
    """Verify a ledger against its leaf hashes, both in position order, and its signed checkpoints.

    `None` stands for an entry or leaf that the store lacks at a position it should have. `trusted_heads` were
    kept where whoever can write the database cannot.
    """
    verification = Verification(checkpoints, public_keys, trusted_heads)
    entry_stream, leaf_stream = iter(entries), iter(leaves)
    while True:
        entry_batch, leaf_batch = list(islice(entry_stream, _BATCH)), list(islice(leaf_stream, _BATCH))
        if not entry_batch and not leaf_batch:
            return verification.finish()
        verification.feed(entry_batch, leaf_batch)


def verify_export(
    lines: Iterable[bytes],
    checkpoints: Iterable[str | bytes],
    public_keys: Sequence[Verifier],
    trusted_heads: Sequence[Checkpoint] = (),
) -> Report:
    """Verify an export: one leaf to a line, in position order, with no recorded hashes and no database. It ends at a
    signed head, so whatever stands behind the last one was put there.
    """
    verification = Verification(checkpoints, public_keys, trusted_heads)
    stream = iter(lines)
    while batch := list(islice(stream, _BATCH)):
        verification.feed_lines(batch)
    return verification.finish(whole=True)


class Verification:
    """A verification under way, for whoever reads the ledger in batches; `verify` in steps."""

    def __init__(
        self,
        checkpoints: Iterable[str | bytes],
        public_keys: Sequence[Verifier],
        trusted_heads: Sequence[Checkpoint] = (),
    ) -> None:
        self._findings: list[Finding] = []
        self._unlisted = 0
        self._signed = 0
        self._heads: dict[int, list[bytes]] = {}
        self._retirements = Retirements()
        self._nodes: list[Node] = []
        self._read_checkpoints(checkpoints, tuple(public_keys))
        self._trusted = max((head.size for head in trusted_heads), default=None)
        for head in trusted_heads:
            self._add_head(head)
        self._sizes = sorted(self._heads)
        self._next = 0
        self._frontier = Frontier()
        self._alignment = Alignment()
        self._agreed = 0
        self._in_doubt: list[int] = []
        self._compare()

    def feed(self, entries: Sequence[LedgerEntry | None], leaves: Sequence[bytes | None]) -> None:
        """The next entries and recorded leaf hashes, in position order."""
        recorded = _sound(leaves)
        self._retirements.entries(entries, self._frontier.size)
        self._alignment.feed(_computed(entries), recorded)
        self._grow(recorded)

    def feed_lines(self, lines: Sequence[bytes]) -> None:
        """The next lines of an export, without their newlines."""
        self._retirements.lines(lines, self._frontier.size)
        self._grow(leaves_of(lines))
        self._nodes.clear()

    def take_nodes(self) -> list[Node]:
        """The nodes of the tree that were completed since the last call, to compare with stored ones."""
        nodes, self._nodes = self._nodes, []
        return nodes

    def finish(self, *, whole: bool = False) -> Report:
        """The report. Nothing can be fed afterwards. `whole`: nothing may stand behind the last head."""
        size = self._frontier.size
        for finding in self._alignment.finish():
            self._note(finding)
        if self._in_doubt:
            self._note(Finding(Fault.CHANGED, self._agreed, self._in_doubt[0] - self._agreed))
        if self._sizes and self._sizes[-1] > size:
            self._note(Finding(Fault.TRUNCATED, size, self._sizes[-1] - size))
        for finding in self._retirements.findings():
            self._note(finding)
        if whole and 0 < self._agreed < size and not self._findings:
            self._note(Finding(Fault.UNVOUCHED, self._agreed, size - self._agreed))
        if (size or (whole and not self._sizes)) and not self._agreed and not self._findings:
            self._note(Finding(Fault.UNPROVEN, 0, size))
        return Report(
            entries=size,
            proven=self._agreed,
            checkpoints=self._signed,
            root=self._frontier.root().hex(),
            trusted_head=self._trusted,
            findings=tuple(self._findings),
            unlisted=self._unlisted + self._alignment.unlisted,
        )

    def _read_checkpoints(self, checkpoints: Iterable[str | bytes], public_keys: tuple[Verifier, ...]) -> None:
        for number, note in enumerate(checkpoints, 1):
            try:
                head, signers = open_signed(note, public_keys)
            except (Malformed, IntegrityFailed):
                self._note(Finding(Fault.UNSIGNED, number))
                continue
            self._add_head(head)
            self._signed += 1
            self._retirements.signed(head.size, signers)

    def _add_head(self, head: Checkpoint) -> None:
        roots = self._heads.setdefault(head.size, [])
        if head.root not in roots:
            roots.append(head.root)

    def _grow(self, leaves: Sequence[bytes]) -> None:
        """Append leaves, stopping at the size of every head to compare roots."""
        start = 0
        while start < len(leaves):
            room = self._sizes[self._next] - self._frontier.size if self._next < len(self._sizes) else len(leaves)
            batch = leaves[start : start + room]
            self._nodes += self._frontier.extend(batch)
            start += len(batch)
            self._compare()

    def _compare(self) -> None:
        size = self._frontier.size
        if self._next == len(self._sizes) or self._sizes[self._next] != size:
            return
        self._next += 1
        roots = self._heads[size]
        if self._frontier.root() not in roots:
            self._in_doubt.append(size)
            return
        # What is here now was signed at this size; whatever else was signed up to here was another history.
        for fork in [*self._in_doubt, *([size] if len(roots) > 1 else [])]:
            self._note(Finding(Fault.FORKED, fork, 0))
        self._in_doubt.clear()
        self._agreed = size

    def _note(self, finding: Finding) -> None:
        if len(self._findings) < _MOST_FINDINGS:
            self._findings.append(finding)
        else:
            self._unlisted += 1


def _computed(entries: Sequence[LedgerEntry | None]) -> list[bytes | None]:
    try:
        return list(leaf_hashes(entries))  # type: ignore[arg-type]  # None is rare and falls through
    except (AttributeError, TypeError, ValueError, OverflowError):
        return [_one(entry) for entry in entries]


def _one(entry: LedgerEntry | None) -> bytes | None:
    """The leaf of an entry, unless it holds what no entry can: a database lets anything be written over a number."""
    try:
        return leaf_hash(entry) if entry else None
    except (AttributeError, TypeError, ValueError, OverflowError):
        return _NO_ENTRY


def _sound(leaves: Sequence[bytes | None]) -> list[bytes]:
    return [leaf if isinstance(leaf, bytes) and len(leaf) == 32 else _NO_LEAF for leaf in leaves]
