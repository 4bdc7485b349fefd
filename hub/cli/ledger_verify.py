"""`part2hub ledger verify`: a live ledger, an export, or the proof of one entry; the last two with no database."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hub.cli.files import read_keys, read_text
from hub.crypto.checkpoint import Checkpoint, open_checkpoint
from hub.crypto.cosignatures import cosigned
from hub.crypto.export import keys_in, verify_file
from hub.crypto.notes import Note, Verifier
from hub.crypto.proof import Proof
from hub.errors import IntegrityFailed, Malformed

_MOST_NOTE = 1 << 20
_MOST_PROOF = 1 << 21


def run(args: argparse.Namespace) -> int:
    """Verify what was asked; answers the exit code. Raises `HubError`."""
    if args.proof is not None:
        return _proof(args)
    if args.export is not None:
        return _export(args)
    return asyncio.run(_live(args))


async def _live(args: argparse.Namespace) -> int:
    from hub.bootstrap import migrate  # noqa: PLC0415
    from hub.bootstrap.opening import open_hub  # noqa: PLC0415
    from hub.ledger.audit import audit  # noqa: PLC0415 - an export is verified without any of this
    from hub.ledger.head_file import HeadFile  # noqa: PLC0415
    from hub.ledger.proofs import public_keys  # noqa: PLC0415
    from hub.settings import read_settings  # noqa: PLC0415

    settings = read_settings()
    await asyncio.to_thread(migrate, settings)
    async with open_hub(settings, channels=False) as hub:
        keys = _keys(args) or public_keys(hub.ring)
        kept = HeadFile(settings.data / "ledger.head").read(keys)
        heads = [*_heads(args, keys), *([kept] if kept else [])]
        found = await audit(hub.database, keys, heads, hub.clock.now())
    sys.stdout.write(found.json().decode() + "\n" if args.json else found.text())
    return 0 if found.intact else 1


def _export(args: argparse.Namespace) -> int:
    if not args.export.is_file():
        raise Malformed("There is no such file.", field=args.export.name)
    heads = _heads(args, keys_in(args.export, _keys(args)))
    report = verify_file(args.export, _keys(args), heads)
    sys.stdout.write(report.json().decode() + "\n" if args.json else report.text())
    if not args.key and not args.json:
        print("No --key was given: the keys are those the file names, so this shows damage, but no forgery.")
    return 0 if report.intact else 1


def _proof(args: argparse.Namespace) -> int:
    if not args.key:
        raise Malformed("A proof is checked with a public key that you were given: --key.")
    proof = Proof.parse(read_text(args.proof, _MOST_PROOF))
    head = proof.verify(_keys(args))
    witnessed = _witnessed(proof.checkpoint, _witnesses(args))
    entry = proof.entry
    if args.json:
        told = {
            "intact": True, "ledger": head.origin, "size": head.size, "root": head.root.hex(),
            "position": proof.position, "entry": {
                "id": entry.id, "at": entry.at, "kind": entry.kind, "member": entry.member,
                "reference": entry.reference, "body": msgspec.Raw(entry.body),
            },
        }  # fmt: skip
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        return 0
    at = datetime.fromtimestamp(entry.at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    print(f"Proved: entry {entry.id}, {entry.kind}, {at},")
    print(
        f"stands at position {proof.position} of the ledger {head.origin}, in the signed head of {head.size:,} entries."
    )
    for line in witnessed:
        print(line)
    return 0


def _keys(args: argparse.Namespace) -> tuple[Verifier, ...]:
    return read_keys(args.key)


def _witnesses(args: argparse.Namespace) -> tuple[Verifier, ...]:
    return tuple(Verifier.parse(key) for key in args.witness)


def _heads(args: argparse.Namespace, keys: tuple[Verifier, ...]) -> list[Checkpoint]:
    return [_head(file, keys, _witnesses(args)) for file in args.head]


def _head(file: Path, keys: tuple[Verifier, ...], witnesses: tuple[Verifier, ...]) -> Checkpoint:
    note = read_text(file, _MOST_NOTE)
    try:
        head = open_checkpoint(note, keys)
    except IntegrityFailed:
        raise IntegrityFailed("The head kept outside is not signed by a key of this ledger.") from None
    _witnessed(note, witnesses)
    return head


def _witnessed(note: str, witnesses: tuple[Verifier, ...]) -> list[str]:
    """A line for each witness asked for. Raises `IntegrityFailed` if one of them did not cosign the head."""
    found = cosigned(Note.parse(note), witnesses)
    if missing := [witness.name for witness in witnesses if witness not in {each.witness for each in found}]:
        raise IntegrityFailed(f"Not cosigned by {', '.join(missing)}.")
    when = (datetime.fromtimestamp(each.at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC") for each in found)
    return [f"Seen by {each.witness.name} on {at}." for each, at in zip(found, when, strict=True)]
