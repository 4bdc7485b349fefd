"""The evidence pack: the sample with its stories and proofs, signed, in one ZIP that `check` verifies offline.

README.txt               how to check it, also by hand
manifest.json            seed, root, population, sample, and the SHA-256 of every other file
manifest.note            the manifest's digest, signed with the ledger's key (C2SP signed-note)
checkpoint.txt           the signed head that the sample was drawn from
keys.txt, successions.txt  the ledger's public keys, and how each handed over to the next
population.json          the positions that could be drawn, and which of them were made outside of the hub; numbers only
sample/001/story.json    one drawn disclosure or entry
sample/001/N.tlog-proof  its ledger entries, each with its inclusion proof (C2SP tlog-proof)
"""

import hashlib
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hub.context import Hub
from hub.crypto import notes
from hub.crypto.checkpoint import Checkpoint
from hub.crypto.keyring import KeyKind
from hub.crypto.proof import Proof
from hub.crypto.succession import successions
from hub.errors import Malformed, NotAvailable, Unavailable
from hub.ledger.proofs import checkpoint, head_of, inclusions, public_keys
from hub.model import Frozen, new_id
from hub.record import entry
from hub.sampling import population, story
from hub.sampling.check import FORMAT, HOW_TO, RECORDED, signed_text
from hub.sampling.draw import draw
from hub.storage.database import Unit

MOST = 1_000
_encode = msgspec.json.Encoder(order="sorted").encode


class Order(Frozen, frozen=True, kw_only=True):
    """What is to be sampled. Instants are microseconds UTC, `until` exclusive."""

    seed: str
    count: int
    since: int
    until: int
    of: str = "disclosures"
    """or `entries`"""
    by: str
    """Who asked for it, as it stands on the ledger."""


async def write_pack(hub: Hub, order: Order, file: Path) -> dict[str, Any]:
    """Draw, gather, sign and write, whole or not at all, closed to other users; answers the manifest.

    That it was drawn, by whom and which, is on the ledger. Raises `Malformed`, `Unavailable` before the first signed
    head, `IntegrityFailed` if the ledger does not hold what was signed, `StorageFailed`.
    """
    if not 1 <= order.count <= MOST or order.since >= order.until or order.of not in ("disclosures", "entries"):
        raise Malformed(f"A sample is 1 to {MOST:,} disclosures or entries of a period that has begun before it ends.")
    note = await _signed_head(hub)
    head = head_of(hub, note)
    read = population.disclosures if order.of == "disclosures" else population.entries
    members = await read(hub, order.since, order.until, head.size)
    sample = [members[n] for n in draw(head.root, order.seed, len(members), order.count)]
    files = _enclosed(hub, note) | {"population.json": _encode(_told(order, members))}
    files |= await _gathered(hub, order, sample, head.size)
    manifest = _manifest(hub, order, head, len(members), sample) | {"files": _digests(files)}
    await _record(hub, order, manifest, sample)
    _write(file, files | _signed(hub, manifest))
    return manifest


async def _signed_head(hub: Hub) -> str:
    try:
        return await checkpoint(hub.database)
    except NotAvailable:
        raise Unavailable("The ledger has no signed head yet; a moment after its first entry it has.") from None


async def _gathered(hub: Hub, order: Order, sample: list[population.Member], size: int) -> dict[str, bytes]:
    """The story of each that was drawn, with its proofs."""
    gather, files = _disclosure if order.of == "disclosures" else _entry, dict[str, bytes]()
    for number, member in enumerate(sample, 1):
        told = await gather(hub, member, size)
        files |= {f"sample/{number:03}/{name}": content for name, content in told.items()}
    return files


def _manifest(hub: Hub, order: Order, head: Checkpoint, among: int, sample: list[population.Member]) -> dict[str, Any]:
    """What was drawn from what; `among`: how many could be."""
    return {
        "format": FORMAT,
        "made_at": hub.clock.now(),
        "ledger": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "seed": order.seed,
        "count": order.count,
        "population": among,
        "sample": [member.position for member in sample],
    }


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _enclosed(hub: Hub, note: str) -> dict[str, bytes]:
    """What every pack holds, whatever was drawn."""
    return {
        "README.txt": HOW_TO.encode(),
        "checkpoint.txt": note.encode(),
        "keys.txt": "".join(f"{key.encode()}\n" for key in public_keys(hub.ring)).encode(),
        "successions.txt": "".join(f"{each}\n" for each in successions(hub.ring)).encode(),
    }


def _told(order: Order, members: list[population.Member]) -> dict[str, Any]:
    """The population as the pack tells of it."""
    return {
        "of": order.of,
        "since": order.since,
        "until": order.until,
        "positions": [member.position for member in members],
        "outside": [member.position for member in members if member.kind == RECORDED],
    }


async def _disclosure(hub: Hub, member: population.Member, size: int) -> dict[str, bytes]:
    if member.reference is None:
        raise NotAvailable
    told = await story.of_disclosure(hub, member.reference)
    # What came after the head is told in the story; a proof in this head it cannot have.
    numbers = [e["entry"] for e in told["entries"] if e["position"] is not None and e["position"] < size]
    return {"story.json": msgspec.json.format(_encode(told))} | dict(_proofs(await inclusions(hub, numbers, size=size)))


async def _entry(hub: Hub, member: population.Member, size: int) -> dict[str, bytes]:
    proofs = await inclusions(hub, [member.entry], size=size)
    found = proofs[member.entry].entry
    told = {
        "entry": found.id, "at": found.at, "kind": found.kind, "member": found.member, "reference": found.reference,
        "body": msgspec.Raw(found.body), "position": member.position,
    }  # fmt: skip
    return {"story.json": msgspec.json.format(_encode(told))} | dict(_proofs(proofs))


def _proofs(found: dict[int, Proof]) -> Iterator[tuple[str, bytes]]:
    for proof in found.values():
        yield f"{proof.position}.tlog-proof", proof.encode().encode()


def _signed(hub: Hub, manifest: dict[str, Any]) -> dict[str, bytes]:
    content = msgspec.json.format(_encode(manifest))
    key = hub.ring.active(KeyKind.LEDGER)
    return {
        "manifest.json": content,
        "manifest.note": notes.sign(signed_text(content), key.name, key.secret).encode().encode(),
    }


async def _record(hub: Hub, order: Order, manifest: dict[str, Any], sample: list[population.Member]) -> None:
    """Who drew it, and which: reading is recorded, too."""
    names = ("seed", "root", "size", "population", "sample")
    body = {name: manifest[name] for name in names} | {"of": order.of, "by": order.by}
    drawn = [member.reference for member in sample if member.reference is not None]
    looked = [
        entry("access.viewed", hub.clock.now(), {"by": order.by, "what": "audit_sample"}, reference=reference)
        for reference in dict.fromkeys(drawn)
    ]
    await hub.database.commit(Unit((), (entry("audit.sampled", hub.clock.now(), body), *looked)))


def _write(file: Path, files: dict[str, bytes]) -> None:
    beside = file.with_name(f".{file.name}.{new_id()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)
    except OSError:
        raise Malformed("The pack cannot be written there: it is one file, in a folder that exists.") from None
