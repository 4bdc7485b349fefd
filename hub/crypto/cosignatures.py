r"""Witness cosignatures (C2SP tlog-cosignature): what an outside party says it saw of the ledger, and when.

    signature = timestamp in 8 bytes ‖ Ed25519 over  "cosignature/v1\ntime <timestamp>\n" ‖ text of the checkpoint

A witness signs only heads that are consistent with each other, so two auditors who both see its cosignature see one
history. Rules kept here:
- Only a configured witness's line is kept: whoever may write the served head could otherwise fill it.
- Its key has an id and a type of its own (04), so a witness's key is never taken for the ledger's, nor the other way.
"""

from collections.abc import Iterable, Sequence

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from hub.crypto.notes import COSIGNATURE_V1, Note, Signature, Verifier
from hub.errors import IntegrityFailed, Malformed
from hub.model import Frozen

_LENGTH = 8 + 64


class Cosigned(Frozen, frozen=True, kw_only=True):
    """One verified cosignature."""

    witness: Verifier
    at: int
    """When the witness says it saw the head; microseconds UTC."""
    line: Signature

    @property
    def by(self) -> str:
        """The witness's name and key id, as it is stored."""
        return f"{self.witness.name}+{self.witness.key_id.hex()}"


class Witness:
    """Who cosigns; `seed` is an Ed25519 seed of 32 bytes (RFC 8032). Raises `Malformed` for another length."""

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != 32:
            raise Malformed("A witness's secret key is a file of 32 random bytes.")
        self._key = SigningKey(seed)
        self.verifier = Verifier(name, bytes(self._key.verify_key), COSIGNATURE_V1)

    def line(self, note: str, at_s: int) -> Signature:
        """The cosignature of a head that was verified; `at_s` in seconds since the epoch."""
        text = Note.parse(note).text
        signature = at_s.to_bytes(8, "big") + self._key.sign(_message(text, at_s)).signature
        return Signature(self.verifier.name, self.verifier.key_id, signature)


def cosigned(note: Note, witnesses: Sequence[Verifier]) -> tuple[Cosigned, ...]:
    """The good cosignatures of configured witnesses on a note; lines of others say nothing.

    Raises `IntegrityFailed` if a line under a known witness's key is wrong.
    """
    known = {(witness.name, witness.key_id): witness for witness in witnesses}
    found = {}
    for line in note.signatures:
        witness = known.get((line.name, line.key_id))
        if witness is not None and witness.algorithm == COSIGNATURE_V1:
            found[witness] = Cosigned(witness=witness, at=_verified(note.text, line, witness) * 1_000_000, line=line)
    return tuple(found.values())


def with_lines(note: str, lines: Iterable[str]) -> str:
    """The signed note with these signature lines beneath its own."""
    return note + "".join(lines)


def _verified(text: str, line: Signature, witness: Verifier) -> int:
    if len(line.signature) != _LENGTH:
        raise Malformed("A cosignature is a time and an Ed25519 signature.")
    at_s = int.from_bytes(line.signature[:8], "big")
    try:
        VerifyKey(witness.public).verify(_message(text, at_s), line.signature[8:])
    except (BadSignatureError, ValueError):
        raise IntegrityFailed("A witness's cosignature is wrong.", code="bad-signature") from None
    return at_s


def _message(text: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()
