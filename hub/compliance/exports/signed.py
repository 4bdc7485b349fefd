"""What vouches for an export: a signed note with its digest, its extent, and the ledger's head when it was made.

    part2hub/export/v1
    kind log                        form csv, rows 1204, scope harbor (or: all), made 2026-11-26T14:00:00Z
    sha256 HEX                      of the file
    head SIZE BASE64                of the ledger; `none` before the first head
    (empty line)
    signature lines                 C2SP signed-note, by the ledger's key

The first line of a checkpoint names a ledger and its second is a number, so neither passes for the other.
"""

import base64
import re
from collections.abc import Iterable
from typing import Self

from hub.crypto import notes
from hub.crypto.checkpoint import Checkpoint
from hub.crypto.keyring import Key
from hub.crypto.notes import Note, Verifier
from hub.errors import IntegrityFailed, Malformed
from hub.model import Frozen

LABEL = "part2hub/export/v1"
_TEXT = re.compile(
    LABEL + r"\nkind ([a-z]+)\nform ([a-z]+)\nrows ([0-9]+)\nscope ([a-z0-9_-]+)\nmade ([0-9TZ:-]+)\n"
    r"sha256 ([0-9a-f]{64})\nhead (none|[0-9]+ [A-Za-z0-9+/]{43}=)\n"
)


class Statement(Frozen, frozen=True, kw_only=True):
    """What the note says."""

    kind: str
    form: str
    rows: int
    scope: str
    made: str
    digest: str
    """SHA-256 of the file, hex."""
    head: str = "none"
    """Size and root of the ledger."""

    def sign(self, key: Key) -> str:
        """The signed note."""
        text = (
            f"{LABEL}\nkind {self.kind}\nform {self.form}\nrows {self.rows}\nscope {self.scope}\nmade {self.made}\n"
            f"sha256 {self.digest}\nhead {self.head}\n"
        )
        return notes.sign(text, key.name, key.secret).encode()

    @classmethod
    def open(cls, note: str, verifiers: Iterable[Verifier]) -> Self:
        """What a note of a known key says. Raises `Malformed`, `IntegrityFailed`."""
        parsed = Note.parse(note)
        notes.verify(parsed, verifiers)
        parts = _TEXT.fullmatch(parsed.text)
        if not parts:
            raise Malformed("This is not the note of an export.")
        kind, form, rows, scope, made, digest, head = parts.groups()
        return cls(kind=kind, form=form, rows=int(rows), scope=scope, made=made, digest=digest, head=head)

    def check(self, digest: str) -> None:
        """Raises `IntegrityFailed` unless the file's digest is the one that was signed."""
        if digest != self.digest:
            raise IntegrityFailed("The file is not the one that was signed.", code="digest")


def head_line(checkpoint: Checkpoint) -> str:
    """A ledger's head as it stands in a note."""
    return f"{checkpoint.size} {base64.b64encode(checkpoint.root).decode()}"
