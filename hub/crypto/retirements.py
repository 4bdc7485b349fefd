"""Keys that the ledger itself retired: none of them may sign a head that covers the entry which says so.

Whoever steals a key after its rotation can sign nothing that passes for new.
"""

from collections.abc import Iterable, Sequence

import msgspec

from hub.crypto.ledger import LedgerEntry, entry_of
from hub.crypto.notes import Verifier
from hub.crypto.report import Fault, Finding
from hub.errors import Malformed

RETIRED = "key.retired"
"""The kind of entry; of a ledger key its body names the `verifier`."""
_IN_LINE = f'"{RETIRED}"'.encode()


class _Retired(msgspec.Struct):
    verifier: str | None = None


_decode = msgspec.json.Decoder(_Retired).decode


class Retirements:
    """What was signed with which key, and what was retired where; both may be told in any order."""

    def __init__(self) -> None:
        self._last_signed: dict[str, int] = {}
        self._retired: dict[str, int] = {}

    def signed(self, size: int, signers: Iterable[Verifier]) -> None:
        """A head of this size bears good signatures of these keys."""
        for signer in signers:
            key = signer.encode()
            self._last_signed[key] = max(self._last_signed.get(key, 0), size)

    def entries(self, entries: Sequence[LedgerEntry | None], first: int) -> None:
        """The next entries, from this position on."""
        for position, entry in enumerate(entries, first):
            if entry is not None and entry.kind == RETIRED:
                self._retire(entry.body, position)

    def lines(self, lines: Sequence[bytes], first: int) -> None:
        """The next lines of an export, from this position on."""
        for position, line in enumerate(lines, first):
            if _IN_LINE in line:
                try:
                    self.entries([entry_of(line)], position)
                except Malformed:
                    continue  # the roots tell

    def findings(self) -> list[Finding]:
        """A finding for each key that signed on; its newest head is named."""
        return [
            Finding(Fault.OUTDATED, self._last_signed[key], 0)
            for key, position in self._retired.items()
            if self._last_signed.get(key, 0) > position
        ]

    def _retire(self, body: bytes, position: int) -> None:
        try:
            retired = _decode(body)
        except (msgspec.DecodeError, TypeError):
            return
        if retired.verifier:
            self._retired.setdefault(retired.verifier, position)
