"""The proof of one entry, in the text form of C2SP tlog-proof: a small file that a public key alone checks.

    c2sp.org/tlog-proof@v1
    extra               base64 of the entry's line (`hub.crypto.ledger`)
    index               its position in the ledger
    hash                base64, one line for each sibling from the leaf up
    (empty line)
    signed note         a checkpoint, with the cosignatures of witnesses

The line travels with the proof because it is what is proved: it holds the entry's salt, and shows this entry only.
"""

import base64
import binascii
import re
from typing import Self

from hub.crypto import notes, tree
from hub.crypto.checkpoint import Checkpoint, open_checkpoint
from hub.crypto.ledger import LedgerEntry, entry_of, leaf_of
from hub.crypto.notes import Verifier
from hub.errors import Malformed
from hub.model import Frozen

_HEADER = "c2sp.org/tlog-proof@v1"
_TEXT = re.compile(
    _HEADER + r"\nextra ([A-Za-z0-9+/]+={0,2})\nindex (0|[1-9][0-9]{0,18})\n((?:[A-Za-z0-9+/]{43}=\n){0,63})\n(.+)",
    re.DOTALL,
)
_MOST = 1 << 21


class Proof(Frozen, frozen=True, kw_only=True):
    """That one entry stands at one position of the ledger whose signed head this is. Nothing until verified."""

    line: bytes
    """The entry, as the tree commits to it."""
    position: int
    path: tuple[bytes, ...]
    """The sibling hashes from the leaf up, RFC 6962 section 2.1.1."""
    checkpoint: str
    """The signed note."""

    def encode(self) -> str:
        """The proof file's text."""
        path = "".join(f"{base64.b64encode(sibling).decode()}\n" for sibling in self.path)
        line = base64.b64encode(self.line).decode()
        return f"{_HEADER}\nextra {line}\nindex {self.position}\n{path}\n{self.checkpoint}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `encode` writes. Raises `Malformed`."""
        parts = _TEXT.fullmatch(text) if len(text) <= _MOST else None
        if not parts:
            raise Malformed("This is not a proof of a ledger entry.")
        try:
            line = base64.b64decode(parts[1], validate=True)
        except binascii.Error:
            raise Malformed("The proof's entry is not base64.") from None
        path = tuple(base64.b64decode(sibling) for sibling in parts[3].split())
        return cls(line=line, position=int(parts[2]), path=path, checkpoint=parts[4])

    @property
    def entry(self) -> LedgerEntry:
        """What is proved. Raises `Malformed`."""
        return entry_of(self.line)

    @property
    def head(self) -> Checkpoint:
        """The head it leads to, as good as the signature on it. Raises `Malformed`."""
        return Checkpoint.parse(notes.Note.parse(self.checkpoint).text)

    def verify(self, public_keys: tuple[Verifier, ...]) -> Checkpoint:
        """The signed head that this entry is in. No database, no network.

        Raises `IntegrityFailed` if a known key did not sign the head or the path does not lead to it, `Malformed` if
        it is no proof.
        """
        entry_of(self.line)
        head = open_checkpoint(self.checkpoint, public_keys)
        tree.verify_inclusion(leaf_of(self.line), self.position, head.size, head.root, self.path)
        return head
