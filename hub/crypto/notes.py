"""Signed notes, after C2SP signed-note: a readable text and the signatures of those who vouch for it.

    text, ending in a newline
    (empty line)
    — key name base64(key id ‖ signature)        one line for each signature

Rules kept here:
- Reading is strict: one byte out of form and the note is `Malformed`.
- A signature of an unknown key proves nothing and hurts nothing: it is kept, so witnesses may add theirs.
- A wrong signature under a known key condemns the note, whatever else verifies.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import Self

import msgspec
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from hub.errors import IntegrityFailed, Malformed

ED25519 = b"\1"
COSIGNATURE_V1 = b"\4"
"""A witness's key (C2SP tlog-cosignature); it signs a time with the text."""
_ALGORITHMS = (ED25519, COSIGNATURE_V1)
_MAX_NOTE = 1 << 20
_MAX_SIGNATURES = 100
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_VERIFIER = re.compile(r"([^+]+)\+([0-9a-f]{8})\+(.+)", re.DOTALL)


class Verifier(msgspec.Struct, frozen=True):
    """A public key that is trusted to sign notes, under its name."""

    name: str
    public: bytes
    """Ed25519, 32 bytes."""
    algorithm: bytes = ED25519
    """What its signatures are made over, one byte."""

    @property
    def key_id(self) -> bytes:
        """SHA-256(name ‖ newline ‖ algorithm ‖ public key), its first four bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.algorithm + self.public).digest()[:4]

    def encode(self) -> str:
        """`name+id+base64`, the form Go's sumdb and other tools read."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.algorithm + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `encode` writes. Raises `Malformed`."""
        parts = _VERIFIER.fullmatch(text)
        key = _base64(parts[3]) if parts else b""
        if not parts or not _is_name(parts[1]) or len(key) != 33 or key[:1] not in _ALGORITHMS:
            raise Malformed("This is not a note verifier key.")
        verifier = cls(parts[1], key[1:], key[:1])
        if verifier.key_id.hex() != parts[2]:
            raise Malformed("The note verifier key does not match its own id.")
        return verifier


class Signature(msgspec.Struct, frozen=True):
    """One signature line. Says nothing until verified."""

    name: str
    key_id: bytes
    signature: bytes

    def encode(self) -> str:
        """The line, with its newline."""
        return f"\u2014 {self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


class Note(msgspec.Struct, frozen=True):
    """A text with its signatures, neither yet verified."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def encode(self) -> str:
        """The note as it is stored and published."""
        return f"{self.text}\n{''.join(signature.encode() for signature in self.signatures)}"

    @classmethod
    def parse(cls, note: str | bytes) -> Self:
        """Read a note. Raises `Malformed` for anything the specification does not allow."""
        text, empty, signatures = _decoded(note).rpartition("\n\n")
        lines = signatures.split("\n")
        # The last line ends in a newline too, hence an empty piece after it.
        if not empty or len(lines) < 2 or lines.pop() or len(lines) > _MAX_SIGNATURES:
            raise Malformed("A signed note is a text, an empty line and signature lines.")
        return cls(text + "\n", tuple(_signature(line) for line in lines))

    def with_signatures(self, more: Iterable[Signature]) -> "Note":
        """The same text with these signatures added, each once: how a witness's cosignature is kept."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *more))))


def sign(text: str, name: str, seed: bytes) -> Note:
    """The note of `text` with one Ed25519 signature.

    `seed` is the 32 bytes of RFC 8032. Raises `Malformed` for a text or name that a note cannot hold.
    """
    if not text.endswith("\n") or _CONTROL.search(text) or not _is_name(name):
        raise Malformed("A note's text ends in a newline, and its key name has no spaces or plus signs.")
    key = SigningKey(seed)
    verifier = Verifier(name, bytes(key.verify_key))
    return Note(text, (Signature(name, verifier.key_id, key.sign(text.encode()).signature),))


def verify(note: Note, verifiers: Iterable[Verifier]) -> tuple[Verifier, ...]:
    """Who of the known verifiers signed; at least one.

    Raises `IntegrityFailed` if none did, or if a signature under a known key is wrong.
    """
    known = {(v.name, v.key_id): v for v in verifiers if v.algorithm == ED25519}
    message = note.text.encode()
    signers: dict[Verifier, None] = {}
    for line in note.signatures:
        verifier = known.get((line.name, line.key_id))
        if verifier is None:
            continue
        try:
            VerifyKey(verifier.public).verify(message, line.signature)
        except (BadSignatureError, ValueError):
            raise IntegrityFailed("A signature under a known key is wrong.", code="bad-signature") from None
        signers[verifier] = None
    if not signers:
        raise IntegrityFailed("No known key signed this.", code="unknown-signer")
    return tuple(signers)


def _decoded(note: str | bytes) -> str:
    if len(note) > _MAX_NOTE:
        raise Malformed("A signed note is at most 1 MiB.")
    try:
        text = note.decode() if isinstance(note, bytes) else note
        text.encode()
    except UnicodeError:
        raise Malformed("A signed note is UTF-8.") from None
    if _CONTROL.search(text):
        raise Malformed("A signed note has no control characters.")
    return text


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    raw = _base64(parts[2]) if len(parts) == 3 else b""
    if len(raw) < 5 or parts[0] != "\u2014" or not _is_name(parts[1]):
        raise Malformed("A signature line of the note is not in its form.")
    return Signature(parts[1], raw[:4], raw[4:])


def _base64(text: str) -> bytes:
    """The bytes, or none if the text is not their one canonical base64."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)
