"""An export of the whole ledger in one file, and its verification with nothing but a public key.

A ZIP of

    entries.jsonl      one line to an entry, in position order (`hub.crypto.ledger`)
    checkpoints.txt    the signed heads, an empty line between two (C2SP tlog-checkpoint)
    keys.txt           the ledger's public keys
    successions.txt    how each key handed over to the next (`hub.crypto.succession`)
    README.txt         how to check it without this program

Read in pieces of bounded size, whatever the file claims to hold.
"""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from hub.crypto.checkpoint import Checkpoint
from hub.crypto.notes import Verifier
from hub.crypto.report import Report
from hub.crypto.succession import trusted
from hub.crypto.verifier import verify_export
from hub.errors import Malformed

ENTRIES, CHECKPOINTS, KEYS, SUCCESSIONS, README = (
    "entries.jsonl", "checkpoints.txt", "keys.txt", "successions.txt", "README.txt",
)  # fmt: skip
BETWEEN = "\n"
"""An empty line after each signed note."""
_MOST_LINE = 1 << 20
_MOST_KEYS = 1 << 20
_DAMAGED = (OSError, KeyError, zipfile.BadZipFile, EOFError, NotImplementedError, UnicodeError)
"""What reading a file raises that is no export."""

HOW_TO = """\
The ledger of a Part2 Hub: everything it decided, disclosed and was told, in the order in which it was recorded.

These entries name people by numbers of the hub's own; keep the file as closed as a patient's record.

To check it with the hub's program, no database and no setup needed:

    part2hub ledger verify --export THIS-FILE --key KEY

KEY is the ledger's public key as it was handed to you, not as this file says: the newest or any older one, since
each has signed with the next (successions.txt). Add --head FILE for a signed head you have kept or a witness gave you.

To check it with a program of your own:

1. A line of entries.jsonl, without its newline, is an entry. Its leaf is SHA-256(00 || SHA-256(line)), 00 one byte.
2. The leaves, in order, are the leaves of a Merkle tree as RFC 6962 section 2.1 describes.
3. checkpoints.txt holds signed notes (C2SP signed-note, tlog-checkpoint): name, number of leaves n, root, signature.
   For each, the root must be that of the first n leaves, and the Ed25519 signature must be good.
4. An entry of the kind key.retired ends the use of the key it names: no later head may be signed with it.
"""


def verify_file(file: Path, given: Sequence[Verifier], heads: Sequence[Checkpoint] = ()) -> Report:
    """Verify an export with these keys, those they handed over to, and heads that were kept outside.

    No keys given: those that the file itself names, which shows damage but no forgery. Raises `Malformed` for a file
    that is no export.
    """
    try:
        with zipfile.ZipFile(file) as archive, archive.open(ENTRIES) as entries, archive.open(CHECKPOINTS) as notes:
            keys = keys_of(archive, given)
            return verify_export(_lines(entries), _notes(notes), keys, heads)
    except _DAMAGED:
        raise Malformed("This file is not an export of a ledger, or it is damaged.") from None


def keys_in(file: Path, given: Sequence[Verifier]) -> tuple[Verifier, ...]:
    """The keys that an export is verified with. Raises `Malformed`."""
    try:
        with zipfile.ZipFile(file) as archive:
            return keys_of(archive, given)
    except _DAMAGED:
        raise Malformed("This file is not an export of a ledger, or it is damaged.") from None


def keys_of(archive: zipfile.ZipFile, given: Sequence[Verifier]) -> tuple[Verifier, ...]:
    """The given keys and their successors, or all that the archive names. Raises `Malformed`, `KeyError`."""
    if not given:
        return tuple(Verifier.parse(line) for line in _small(archive, KEYS).split())
    with archive.open(SUCCESSIONS) as notes:
        return trusted(given, _notes(notes))


def _small(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as file:
        content = file.read(_MOST_KEYS + 1)
    if len(content) > _MOST_KEYS:
        raise Malformed("The list of keys is too long.")
    return content.decode()


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(_MOST_LINE):
        yield line.removesuffix(b"\n")


def _notes(file: IO[bytes]) -> Iterator[str]:
    """Signed notes: text, an empty line, signatures; then an empty line."""
    note, empties = b"", 0
    while line := file.readline(_MOST_LINE):
        empties += line == b"\n"
        if empties == 2:
            yield note.decode()
            note, empties = b"", 0
            continue
        note += line
        if len(note) > _MOST_LINE:
            raise Malformed("A signed note is at most 1 MiB.")
    if note:
        yield note.decode()
