"""`part2hub keys`: make, rotate and list the key ring. Shows ids and fingerprints, never a secret."""

import argparse
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from hub.crypto.checkpoint import verifier_of
from hub.crypto.keyring import DEFAULT_ORIGIN, ROTATING, KeyKind, KeyRing, rotate
from hub.errors import ConfigurationError

_HELP = """\
The key ring is one file that holds every secret of this hub. Lose it and nothing stored can be read again:
keep a copy of it apart from the copies of the database, since whoever holds both can read everything.

  part2hub keys init      make a key ring (never overwrites one)
  part2hub keys rotate    add new keys; the old ones still open old records and verify old checkpoints
  part2hub keys list      ids, dates and fingerprints, and the public keys that auditors need

Exit codes: 0 done, 2 the command was not understood, 3 the key ring was refused (a line says why).
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `keys` command to the command line."""
    parser = subparsers.add_parser(
        "keys",
        help="make, rotate and list the keys of this hub",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="init|rotate|list")
    init = actions.add_parser("init", help="make a key ring; never overwrites one")
    init.add_argument(
        "--origin",
        type=_origin,
        default=DEFAULT_ORIGIN,
        help="the name of this hub's ledger in its signed checkpoints, as hub.county.example/ledger",
    )
    turn = actions.add_parser("rotate", help="add new keys and retire the old ones")
    turn.add_argument(
        "--only",
        choices=[kind.value for kind in ROTATING],
        action="append",
        help="rotate this kind only (may be given again); else encryption and ledger",
    )
    listing = actions.add_parser("list", help="ids, kinds, states, dates and fingerprints")
    for action in (init, turn, listing):
        action.add_argument(
            "--keys",
            metavar="PATH",
            default=os.environ.get("HUB_KEYS") or Path(os.environ.get("HUB_DATA", "data")) / "keys.json",
            help="the key ring file (default: $HUB_KEYS, else keys.json in $HUB_DATA)",
        )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; answers the exit code: 0 done, 3 refused."""
    try:
        if args.action == "init":
            ring = KeyRing.create(args.keys, args.origin)
        elif args.action == "rotate" and args.only:
            ring = rotate(args.keys, tuple(KeyKind(kind) for kind in dict.fromkeys(args.only)))
        elif args.action == "rotate":
            ring = rotate(args.keys)
        else:
            ring = KeyRing.load(args.keys)
    except ConfigurationError as refusal:
        print(f"part2hub keys: {refusal.message}", file=sys.stderr)
        return 3
    print(_listing(ring))
    return 0


def _listing(ring: KeyRing) -> str:
    lines = [f"{'KIND':<11} {'STATE':<8} {'CREATED (UTC)':<17} {'FINGERPRINT':<17} ID"]
    for key in sorted(ring.keys, key=lambda key: (key.kind, key.created_at)):
        created = datetime.fromtimestamp(key.created_at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")
        lines.append(f"{key.kind:<11} {key.state:<8} {created:<17} {key.fingerprint:<17} {key.id}")
    lines += ["", "Public keys of the ledger, for auditors and witnesses:"]
    lines += [f"  {verifier_of(key).encode()}" for key in ring.all_of(KeyKind.LEDGER)]
    return "\n".join(lines)


def _origin(text: str) -> str:
    if not re.fullmatch(r"[^\s+]{1,200}", text):
        raise argparse.ArgumentTypeError("a ledger's name has no spaces or plus signs")
    return text
