"""How one ledger key hands over to the next: a note that both sign.

    part2hub/ledger-key/v1
    name+id+base64          the predecessor's public key
    name+id+base64          the successor's

    — signature of the predecessor
    — signature of the successor

So whoever was given one public key, years ago or today, verifies what was signed before and after it. After the theft
of a key the older keys prove nothing of this kind, since the thief can sign as well: the newest key is given by hand.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

from hub.crypto import notes
from hub.crypto.checkpoint import verifier_of
from hub.crypto.keyring import Key, KeyKind, KeyRing
from hub.crypto.notes import Note, Verifier
from hub.errors import IntegrityFailed, Malformed

_TEXT = re.compile(r"part2hub/ledger-key/v1\n([^\n]+)\n([^\n]+)\n")


def successions(ring: KeyRing) -> list[str]:
    """A note for each ledger key that followed another, oldest first."""
    return [_note(before, after) for before, after in pairwise(ring.all_of(KeyKind.LEDGER))]


def trusted(given: Iterable[Verifier], handed_over: Iterable[str]) -> tuple[Verifier, ...]:
    """The given keys and those they handed over to or took over from, also in several steps.

    Raises `Malformed` for what is no such note.
    """
    keys = dict.fromkeys(given)
    pairs = [pair for note in handed_over if (pair := _pair(Note.parse(note)))]
    while known := [pair for pair in pairs if len(keys.keys() & set(pair)) == 1]:
        keys |= dict.fromkeys(key for pair in known for key in pair)
    return tuple(keys)


def _note(before: Key, after: Key) -> str:
    text = f"part2hub/ledger-key/v1\n{verifier_of(before).encode()}\n{verifier_of(after).encode()}\n"
    note = notes.sign(text, before.name, before.secret)
    return note.with_signatures(notes.sign(text, after.name, after.secret).signatures).encode()


def _pair(note: Note) -> tuple[Verifier, Verifier] | None:
    """The two keys of a note, unless one of them did not sign it. Raises `Malformed`."""
    parts = _TEXT.fullmatch(note.text)
    if not parts:
        raise Malformed("This is not the succession of a ledger key.")
    pair = Verifier.parse(parts[1]), Verifier.parse(parts[2])
    try:
        signers = notes.verify(note, pair)
    except IntegrityFailed:
        return None
    # A key may hand over only its own ledger's name.
    return pair if set(signers) == set(pair) and pair[0].name == pair[1].name else None
