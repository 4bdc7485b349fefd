"""`part2hub ledger`: verify the ledger, live or as an export, and write an export for an auditor."""

import argparse
import asyncio
import sys
from pathlib import Path

from hub.crypto.checkpoint import Checkpoint, open_checkpoint, verifier_of
from hub.crypto.keyring import KeyKind, KeyRing
from hub.crypto.notes import Verifier
from hub.crypto.verifier import verify_export
from hub.errors import HubError, IntegrityFailed, Malformed
from hub.settings import Settings, read_settings

_HELP = """\
The ledger is a Merkle tree of everything the hub decided, disclosed and was told, with signed heads.

  part2hub ledger verify                         the live ledger, against its keys and the head kept beside it
  part2hub ledger export --out FOLDER            entries.jsonl, checkpoints and public keys, for an auditor
  part2hub ledger verify --export FOLDER         an export, with no database and no secret;
                                                 --key NAME+ID+BASE64 uses a key you were given instead of the folder's

Exit codes: 0 intact, 1 something was changed (the lines say where), 2 not understood, 3 configuration, 4 no database.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `ledger` command to the command line."""
    parser = subparsers.add_parser(
        "ledger",
        help="verify or export the disclosure ledger",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="verify|export")
    check = actions.add_parser("verify", help="find edits, deletions, reorderings, truncations, forks")
    check.add_argument("--export", type=Path, metavar="FOLDER", help="verify an export instead of the live ledger")
    check.add_argument(
        "--key", action="append", default=[], help="a public key to trust (as `part2hub keys list` shows)"
    )
    check.add_argument("--head", type=Path, metavar="FILE", help="a signed head that was kept outside the database")
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    export = actions.add_parser("export", help="write the ledger for an auditor")
    export.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; answers the exit code. Raises `HubError` for what the caller's boundary explains."""
    if args.action == "export":
        return asyncio.run(_export(read_settings(), args.out))
    if args.export is not None:
        return _verify_export(args)
    return asyncio.run(_verify_live(read_settings(), args))


async def _verify_live(settings: Settings, args: argparse.Namespace) -> int:
    from hub.audit import audit  # noqa: PLC0415 - an export is verified without any of this
    from hub.bootstrap import open_hub  # noqa: PLC0415

    async with open_hub(settings, channels=False) as hub:
        keys = tuple(Verifier.parse(key) for key in args.key) or _public_keys(hub.ring)
        head = _head(args.head or settings.data / "ledger.head", keys, required=args.head is not None)
        found = await audit(hub.database, keys, head, hub.clock.now())
    sys.stdout.write(found.report.json().decode() + "\n" if args.json else found.text() + "\n")
    return 0 if found.intact else 1


def _verify_export(args: argparse.Namespace) -> int:
    folder: Path = args.export
    try:
        given = args.key or (folder / "keys.txt").read_text().split()
        keys = tuple(Verifier.parse(key) for key in given)
        notes = (folder / "checkpoints.txt").read_text(encoding="utf-8").split("\n\n\n")
        head = _head(args.head, keys, required=True) if args.head else None
        with (folder / "entries.jsonl").open("rb") as file:
            report = verify_export((line.rstrip(b"\n") for line in file), filter(None, notes), keys, head)
    except OSError:
        raise Malformed("The folder does not hold an export: entries.jsonl, checkpoints.txt, keys.txt.") from None
    sys.stdout.write(report.json().decode() + "\n" if args.json else report.text() + "\n")
    return 0 if report.intact else 1


async def _export(settings: Settings, folder: Path) -> int:
    from sqlalchemy import select  # noqa: PLC0415
    from sqlmodel import col  # noqa: PLC0415

    from hub.audit import lines  # noqa: PLC0415
    from hub.bootstrap import open_hub  # noqa: PLC0415
    from hub.storage.tables import Checkpoint as Stored  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    async with open_hub(settings, channels=False) as hub:
        count = 0
        with (folder / "entries.jsonl").open("wb") as file:
            async for line in lines(hub.database):
                file.write(line + b"\n")
                count += 1
        notes = await hub.database.query(select(col(Stored.note)).order_by(col(Stored.size)))
        keys = _public_keys(hub.ring)
    (folder / "checkpoints.txt").write_text("\n\n".join(row[0] for row in notes), encoding="utf-8")
    (folder / "keys.txt").write_text("".join(f"{key.encode()}\n" for key in keys))
    print(f"{count:,} entries and {len(notes):,} signed heads written to {folder}")
    return 0


def _public_keys(ring: KeyRing) -> tuple[Verifier, ...]:
    return tuple(verifier_of(key) for key in ring.all_of(KeyKind.LEDGER))


def _head(file: Path, keys: tuple[Verifier, ...], *, required: bool) -> Checkpoint | None:
    try:
        note = file.read_text(encoding="utf-8")
    except OSError:
        if required:
            raise Malformed("The head file cannot be read.") from None
        return None
    try:
        return open_checkpoint(note, keys)
    except (Malformed, IntegrityFailed) as error:
        raise HubError("The head kept outside the database is not signed by a key of this ledger.") from error
