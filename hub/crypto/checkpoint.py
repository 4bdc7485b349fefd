"""The checkpoint: the ledger's signed head, in the text form of C2SP tlog-checkpoint.

    origin              which ledger; also the name of its key
    size                how many leaves, in decimal
    root                base64 of the Merkle tree hash

Whoever keeps one checkpoint can later tell whether the ledger still holds all it held then.
"""

import base64
import re
from typing import Self

import msgspec

from hub.crypto import notes
from hub.crypto.keyring import Key
from hub.crypto.notes import Note, Verifier
from hub.errors import Malformed

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n((?:[^\n]+\n)*)")


class Checkpoint(msgspec.Struct, frozen=True):
    """The head of a ledger at one size. As good as the signature it came with."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Lines that other logs may add; the hub writes none."""

    @property
    def text(self) -> str:
        """The text of the note."""
        root = base64.b64encode(self.root).decode()
        return "".join(f"{line}\n" for line in (self.origin, self.size, root, *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a note. Raises `Malformed`."""
        parts = _TEXT.fullmatch(text)
        if not parts:
            raise Malformed("This is not a checkpoint.")
        root = base64.b64decode(parts[3])
        checkpoint = cls(parts[1], int(parts[2]), root, tuple(parts[4].split("\n")[:-1]))
        # Two spellings of one head could be signed apart; only the canonical one counts.
        if checkpoint.text != text:
            raise Malformed("This is not a checkpoint in its canonical form.")
        return checkpoint


def sign_checkpoint(key: Key, size: int, root: bytes) -> str:
    """A signed note of the head, by a ledger key of the key ring."""
    return notes.sign(Checkpoint(key.name, size, root).text, key.name, key.secret).encode()


def open_checkpoint(note: str | bytes, verifiers: tuple[Verifier, ...]) -> Checkpoint:
    """The head that a signed note vouches for, signed by the ledger it names.

    Raises `Malformed`, or `IntegrityFailed` if no known key of that ledger signed it.
    """
    return open_signed(note, verifiers)[0]


def open_signed(note: str | bytes, verifiers: tuple[Verifier, ...]) -> tuple[Checkpoint, tuple[Verifier, ...]]:
    """The head, and which of the known keys signed it; raises as `open_checkpoint`."""
    parsed = Note.parse(note)
    checkpoint = Checkpoint.parse(parsed.text)
    # A key may vouch only for the ledger whose name it bears.
    signers = notes.verify(parsed, (verifier for verifier in verifiers if verifier.name == checkpoint.origin))
    return checkpoint, signers


def verifier_of(key: Key) -> Verifier:
    """The public half of a ledger key, to hand to auditors and witnesses."""
    return Verifier(key.name, key.public)
