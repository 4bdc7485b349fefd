"""A ledger entry and its leaf: which bytes of an entry the tree commits to.

An entry is one line of JSON, its commitment is the line's hash, and the commitment is what the log holds:

    line       = ["part2hub/entry/v1",id,at,"kind",member,reference,"salt in base64",body]
    commitment = SHA-256(line)
    leaf       = SHA-256(00 ‖ commitment)          RFC 6962

so an export with one line to an entry is its own proof material: hash each line, and the roots must come out. To
tools that follow the log over HTTP (tlog-tiles) its entries are the commitments: they check every one of them
against the tree and learn nothing of any.

Rules kept here:
- The salt is secret to whoever sees only hashes: without it a line could be guessed from the few things it may say.
- Everything before the body is fixed JSON, and the body is the rest; so no two entries have one leaf.
- The bytes never change meaning: another layout gets another label.
"""

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from hub.crypto.tree import leaf_hash as _hash_of_leaf
from hub.errors import Malformed

LABEL = "part2hub/entry/v1"
_encode = msgspec.json.Encoder().encode


class LedgerEntry(msgspec.Struct, frozen=True, gc=False):
    """One fact on the record."""

    id: int
    at: int
    """Microseconds since the epoch, UTC."""
    kind: str
    """`noun.verb`."""
    member: str | None
    """The hub's own id of the person it concerns."""
    reference: str | None
    """The hub's own id of the thing it concerns."""
    body: bytes
    """Canonical JSON of ids and codes, in the bytes that were stored."""
    salt: bytes
    """16 random bytes."""


def line_of(entry: LedgerEntry) -> bytes:
    """The bytes the tree commits to, one line without its newline."""
    body = msgspec.Raw(entry.body)
    return _encode((LABEL, entry.id, entry.at, entry.kind, entry.member, entry.reference, entry.salt, body))


def commitment(line: bytes) -> bytes:
    """What the log shows of an entry to everybody, 32 bytes."""
    return sha256(line).digest()


def leaf_of(line: bytes) -> bytes:
    """The leaf of an entry's line in the RFC 6962 tree, 32 bytes."""
    return _hash_of_leaf(commitment(line))


def leaf_hash(entry: LedgerEntry) -> bytes:
    """The entry's leaf in the RFC 6962 tree, 32 bytes."""
    return leaf_of(line_of(entry))


def leaf_hashes(entries: Iterable[LedgerEntry]) -> list[bytes]:
    """The leaves of many entries; what `leaf_hash` gives, at nearly the speed of SHA-256 itself."""
    encode, label, raw = _encode, LABEL, msgspec.Raw
    lines = [encode((label, e.id, e.at, e.kind, e.member, e.reference, e.salt, raw(e.body))) for e in entries]
    return leaves_of(lines)


def leaves_of(lines: Iterable[bytes]) -> list[bytes]:
    """The leaves of many lines; what `leaf_of` gives."""
    return [sha256(b"\0" + sha256(line).digest()).digest() for line in lines]


class _Line(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    label: str
    id: int
    at: int
    kind: str
    member: str | None
    reference: str | None
    salt: bytes
    body: msgspec.Raw


_decode = msgspec.json.Decoder(_Line).decode


def entry_of(line: bytes) -> LedgerEntry:
    """The entry in a line of an export. Raises `Malformed`."""
    try:
        read = _decode(line)
    except (msgspec.DecodeError, UnicodeError):
        raise Malformed("This line is not a ledger entry.") from None
    entry = LedgerEntry(read.id, read.at, read.kind, read.member, read.reference, bytes(read.body), read.salt)
    if read.label != LABEL or line_of(entry) != line:
        raise Malformed("This line is not a ledger entry in its canonical form.")
    return entry
