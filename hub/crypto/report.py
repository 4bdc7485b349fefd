"""What a verification of the ledger found, in words for a person and as JSON for a program.

A report names positions and counts only; what an entry says never gets into it.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Fault(StrEnum):
    ALTERED = "altered"
    MISSING = "missing"
    INSERTED = "inserted"
    MOVED = "moved"
    CHANGED = "changed"
    TRUNCATED = "truncated"
    FORKED = "forked"
    UNSIGNED = "unsigned"
    OUTDATED = "outdated"
    UNPROVEN = "unproven"
    UNVOUCHED = "unvouched"


_WORDS = {
    Fault.ALTERED: "Position {first}{to_last}: changed after it was recorded.",
    Fault.MISSING: "Position {first}{to_last}: the entry is missing.",
    Fault.INSERTED: "Before position {first}: {count:,} entries that were never recorded there.",
    Fault.MOVED: "Position {first}{to_last}: the entry stands in another place.",
    Fault.CHANGED: "Position {first}{to_last}: something here is not what was signed.",
    Fault.TRUNCATED: "Position {first}{to_last}: signed for, and gone from the end.",
    Fault.FORKED: "The signed head of {first:,} entries belongs to another history than this one.",
    Fault.UNSIGNED: "A checkpoint (number {first:,} of those given) is not signed by a known key of this ledger.",
    Fault.OUTDATED: "The head of {first:,} entries is signed with a key that had been retired before.",
    Fault.UNVOUCHED: "Position {first}{to_last}: no signed head vouches for what stands here; an export ends at one.",
    Fault.UNPROVEN: "No checkpoint vouches for any of these entries.",
}


class Finding(msgspec.Struct, frozen=True):
    """One fault and where it is. Positions count from zero."""

    fault: Fault
    first: int
    """The first bad position; `forked`, `outdated`: the head's size; `unsigned`: the checkpoint's number, from one."""
    count: int = 1
    """How many positions from there on; `inserted`: how many entries stand before it."""

    @property
    def words(self) -> str:
        """One sentence."""
        to_last = f" to {self.first + self.count - 1}" if self.count > 1 else ""
        return _WORDS[self.fault].format(first=self.first, to_last=to_last, count=self.count)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a verification."""

    entries: int
    """Leaves that were read."""
    proven: int
    """The size of the largest signed or trusted head that agrees with them."""
    checkpoints: int
    """Checkpoints with a good signature."""
    root: str
    """Hex of the Merkle tree hash of all that was read."""
    trusted_head: int | None
    """The size of the largest head that was kept outside, if one was given."""
    findings: tuple[Finding, ...]
    unlisted: int
    """Further faults, beyond those listed."""

    @property
    def intact(self) -> bool:
        """Nothing was found."""
        return not self.findings and not self.unlisted

    def json(self) -> bytes:
        """The report as JSON, with `intact`."""
        return msgspec.json.encode({"intact": self.intact, **msgspec.structs.asdict(self)})

    def text(self, more: Sequence[str] = ()) -> str:
        """The report for a person, a few lines; `more`: faults in words that were found beside it."""
        intact = self.intact and not more
        lines = [self._headline(intact=intact), *(f"  {finding.words}" for finding in self.findings)]
        if self.unlisted:
            lines.append(f"  And {self.unlisted:,} more faults.")
        lines += [f"  {words}" for words in more]
        newer = self.entries - self.proven
        if intact and newer:
            many = "entries are" if newer > 1 else "entry is"
            lines.append(f"{newer:,} {many} newer than the last signed head; nothing vouches for that yet.")
        if self.trusted_head is None:
            lines.append(
                "No head kept outside was given: had the newest entries been cut off together with their"
                " checkpoints, it would not show."
            )
        elif self.trusted_head < self.proven:
            lines.append(
                f"The newest head kept outside counts {self.trusted_head:,}: had what is newer been cut off together"
                " with its checkpoints, it would not show."
            )
        return "\n".join(lines) + "\n"

    def _headline(self, *, intact: bool) -> str:
        if not intact:
            return f"The ledger does NOT verify: {self.entries:,} entries read."
        return f"The ledger is intact: {self.entries:,} entries, {self.checkpoints:,} signed checkpoints."
