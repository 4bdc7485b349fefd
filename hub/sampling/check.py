"""Verifying an evidence pack with nothing but a public key: signature, digests, the draw itself, every proof.

The file may come from anybody; it is read within bounds, and what does not fit is named, never repaired.
"""

import hashlib
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from hub.crypto import notes
from hub.crypto.checkpoint import Checkpoint, open_checkpoint
from hub.crypto.export import keys_of
from hub.crypto.notes import Note, Verifier
from hub.crypto.proof import Proof
from hub.errors import HubError, IntegrityFailed, Malformed
from hub.model import Frozen
from hub.sampling.draw import draw

FORMAT = "part2hub/audit-pack/v1"
RECORDED = "disclosure.recorded"
"""The kind of entry of a disclosure that was made outside of the hub."""
_MOST_FILE = 1 << 26
_MOST_FILES = 100_000
_SIGNED = ("manifest.json", "manifest.note")
_PROOF = re.compile(r"sample/([0-9]{3,4})/([0-9]+)\.tlog-proof")

HOW_TO = """\
An evidence pack of a Part2 Hub: a random sample of its disclosures (or of its ledger entries), each with its story and
its proofs. It speaks of the people in the sample and of nobody else; keep it as closed as a patient's record.

To check it with the hub's program, no database and no setup needed:

    part2hub audit verify THIS-FILE --key KEY

KEY is the ledger's public key as it was handed to you, not as this file says.

To check it by hand:

1. manifest.note is a signed note (C2SP signed-note, Ed25519): its second line is the SHA-256 of manifest.json in hex.
2. manifest.json names every other file with its SHA-256.
3. checkpoint.txt is the ledger's signed head (C2SP tlog-checkpoint): its size and root are those of the manifest.
4. The sample was not chosen. Let N be the number of positions in population.json. For counter = 0, 1, 2, ...: take
   SHA-256 of the four lines below, each with its newline, as one big-endian number r:
       part2hub/sample/v1
       the root in hex
       the seed
       the counter
   If r >= N * floor(2^256 / N), go on with the next counter; else r mod N is the next index, unless drawn already.
   The positions at these indexes are `sample` in the manifest, in this order: sample/001, sample/002, ...
5. Each .tlog-proof is a proof in the form of C2SP tlog-proof: its `extra` line is base64 of the entry; the leaf is
   SHA-256(00 || SHA-256(entry)); the hashes lead from it to the root (RFC 6962 section 2.1.1).
6. Whether population.json is complete shows against an export of the whole ledger (part2hub ledger export): the
   positions of all first entries of the kind disclosure.intended in the period and of all of the kind
   disclosure.recorded, or of all entries.
7. `outside` in population.json are the positions of the latter: disclosures made outside of the hub (by telephone, on
   paper, face to face), recorded in the period, whenever they were made. Their stories say how and when, and whether
   the record stands.
"""


class _Manifest(Frozen, frozen=True, kw_only=True):
    format: str
    made_at: int
    ledger: str
    size: int
    root: str
    seed: str
    count: int
    population: int
    sample: tuple[int, ...]
    files: dict[str, str]


class _Population(Frozen, frozen=True, kw_only=True):
    of: str
    positions: tuple[int, ...]
    outside: tuple[int, ...] | None = None
    """Of these, what was made outside of the hub and recorded afterwards; none: a pack from before it was told."""


class Checked(NamedTuple):
    """What was verified."""

    ledger: str
    size: int
    population: int
    sample: int
    outside: int
    """How many of the sample were made outside of the hub, and recorded afterwards."""
    proofs: int
    faults: tuple[str, ...]
    """What does not fit, a sentence each; none: all of it does."""


def signed_text(manifest: bytes) -> str:
    """The text that is signed for a manifest of these bytes."""
    return f"{FORMAT}\n{hashlib.sha256(manifest).hexdigest()}\n"


def check(file: Path, given: Sequence[Verifier]) -> Checked:
    """Verify a pack. No keys given: those that the pack itself names, which shows damage but no forgery.

    Raises `Malformed` for a file that is no pack, `IntegrityFailed` if the ledger did not sign its manifest or head.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _check(archive, given)
    except (OSError, KeyError, zipfile.BadZipFile, EOFError, NotImplementedError, UnicodeError, msgspec.DecodeError):
        raise Malformed("This file is not an evidence pack, or it is damaged.") from None


def _check(archive: zipfile.ZipFile, given: Sequence[Verifier]) -> Checked:
    names = archive.namelist()
    if len(names) > _MOST_FILES:
        raise Malformed("An evidence pack does not hold so many files.")
    keys = keys_of(archive, given)
    raw = _read(archive, "manifest.json")
    note = Note.parse(_read(archive, "manifest.note"))
    signers = notes.verify(note, keys)
    manifest = msgspec.json.decode(raw, type=_Manifest)
    if note.text != signed_text(raw) or not any(key.name == manifest.ledger for key in signers):
        raise IntegrityFailed("The manifest is not the one that was signed.")
    head = open_checkpoint(_read(archive, "checkpoint.txt"), keys)
    faults = [*_files(archive, names, manifest), *_head(manifest, head)]
    proofs, outside = 0, set[int]()
    if not faults:
        population = msgspec.json.decode(_read(archive, "population.json"), type=_Population)
        faults += _drawn(population, manifest, head)
        proofs, wrong = _proofs(archive, names, manifest, head, keys)
        faults += wrong or _told_apart(archive, population, manifest)
        outside = set(population.outside or ()) & set(manifest.sample)
    sizes = (head.size, manifest.population, len(manifest.sample), len(outside))
    return Checked(manifest.ledger, *sizes, proofs, tuple(faults))


def _files(archive: zipfile.ZipFile, names: list[str], manifest: _Manifest) -> Iterator[str]:
    listed = sorted([*manifest.files, *_SIGNED])
    if sorted(names) != listed:
        yield "The files are not those that the manifest names."
        return
    for name, digest in manifest.files.items():
        if hashlib.sha256(_read(archive, name)).hexdigest() != digest:
            yield f"{name} was changed."


def _head(manifest: _Manifest, head: Checkpoint) -> Iterator[str]:
    if (manifest.ledger, manifest.size, manifest.root) != (head.origin, head.size, head.root.hex()):
        yield "The manifest speaks of another head than the signed one."


def _drawn(population: _Population, manifest: _Manifest, head: Checkpoint) -> Iterator[str]:
    positions = population.positions
    if list(positions) != sorted(set(positions)) or (positions and positions[-1] >= head.size):
        yield "The population is not a list of positions of this head, in order."
        return
    drawn = [positions[n] for n in draw(head.root, manifest.seed, len(positions), manifest.count)]
    if list(manifest.sample) != drawn or manifest.population != len(positions):
        yield "The sample is not what this seed draws from this population."


def _proofs(
    archive: zipfile.ZipFile, names: list[str], manifest: _Manifest, head: Checkpoint, keys: tuple[Verifier, ...]
) -> tuple[int, list[str]]:
    """How many proofs are good, and what is wrong with others; each drawn position has its own proof."""
    faults, proved = [], set()
    good = 0
    for name in names:
        if not (parts := _PROOF.fullmatch(name)):
            continue
        try:
            proof = Proof.parse(_read(archive, name).decode())
            if proof.verify(keys) != head or proof.position != int(parts[2]):
                raise IntegrityFailed("Another head.")
        except HubError:
            faults.append(f"{name} does not prove its entry.")
            continue
        good += 1
        proved.add((int(parts[1]), proof.position))
    missing = [n for n, position in enumerate(manifest.sample, 1) if (n, position) not in proved]
    return good, faults + [f"sample/{n:03} has no proof of what was drawn." for n in missing]


def _told_apart(archive: zipfile.ZipFile, population: _Population, manifest: _Manifest) -> Iterator[str]:
    """Of what was drawn the entries themselves say which was made outside of the hub."""
    if population.outside is None:
        return
    for n, position in enumerate(manifest.sample, 1):
        drawn = Proof.parse(_read(archive, f"sample/{n:03}/{position}.tlog-proof").decode()).entry
        if (drawn.kind == RECORDED) != (position in population.outside):
            yield f"sample/{n:03} is not of the kind that the population says."


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        content = file.read(_MOST_FILE + 1)
    if len(content) > _MOST_FILE:
        raise Malformed("A file of an evidence pack has at most 64 MiB.")
    return content
