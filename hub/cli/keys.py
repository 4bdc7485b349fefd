"""`part2hub keys`: make, rotate, rewrap and list the key ring. Shows ids and fingerprints, never a secret."""

import argparse
import base64
import contextlib
import os
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hub.crypto.checkpoint import verifier_of
from hub.crypto.keyring import DEFAULT_ORIGIN, ROTATING, KeyKind, KeyRing, remove, rotate
from hub.errors import ConfigurationError

if TYPE_CHECKING:
    from hub.context import Hub
    from hub.settings import Settings

T = TypeVar("T")

_HELP = """\
The key ring is one file that holds every secret of this hub. Lose it and nothing stored can be read again:
keep a copy of it apart from the copies of the database, since whoever holds both can read everything.

  part2hub keys init                make a key ring (never overwrites one)
  part2hub keys rotate              add new keys; the old ones still open old records and verify old checkpoints
  part2hub keys rewrap              after every process was restarted: put old records under the new key
  part2hub keys rotate --rewrap     both at once, while nothing serves
  part2hub keys remove ID           take out an old key that nothing depends on any more
  part2hub keys list                ids, dates and fingerprints, and the public keys that auditors and partners need

A rewrap changes no record, only what its own key is wrapped in. It may be interrupted and run again.

Exit codes: 0 done, 1 some records stay under an old key, 2 the command was not understood, 3 the key ring was refused
(a line says why), 4 the database is not available.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `keys` command to the command line."""
    parser = subparsers.add_parser(
        "keys",
        help="make, rotate and list the keys of this hub",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="init|rotate|rewrap|remove|list")
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
    turn.add_argument("--rewrap", action="store_true", help="and put every record under the new key at once")
    anew = actions.add_parser("rewrap", help="put every record under the active key")
    out = actions.add_parser("remove", help="take out an old key that nothing depends on any more")
    out.add_argument("id", help="as `keys list` shows it")
    listing = actions.add_parser("list", help="ids, kinds, states, dates and fingerprints")
    for action in (init, turn, anew, out, listing):
        action.add_argument(
            "--keys",
            type=Path,
            metavar="PATH",
            default=Path(os.environ.get("HUB_KEYS") or Path(os.environ.get("HUB_DATA", "data")) / "keys.json"),
            help="the key ring file (default: $HUB_KEYS, else keys.json in $HUB_DATA)",
        )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; answers the exit code. Raises `StorageFailed` for what the caller's boundary explains."""
    act = {"init": _init, "rotate": _rotate, "rewrap": _rewrap, "remove": _remove, "list": _list}[args.action]
    try:
        return act(args)
    except ConfigurationError as refusal:
        print(f"part2hub keys: {refusal.message}", file=sys.stderr)
        return 3


def _init(args: argparse.Namespace) -> int:
    # The very first command, in an empty folder: the hub's own is made closed to others.
    with contextlib.suppress(OSError):
        args.keys.parent.mkdir(mode=0o700, exist_ok=True)
    print(_listing(KeyRing.create(args.keys, args.origin)))
    return 0


def _list(args: argparse.Namespace) -> int:
    print(_listing(KeyRing.load(args.keys)))
    return 0


def _rotate(args: argparse.Namespace) -> int:
    from hub.bootstrap import alone_on_file  # noqa: PLC0415 - so that --help is fast

    kinds = tuple(KeyKind(kind) for kind in dict.fromkeys(args.only or ("encryption", "ledger")))
    settings = _settings(args)
    if _no_database(settings):
        print(_listing(rotate(args.keys, kinds)))
        return 0
    # Only the ring that the data depends on is rotated, and the new keys are put down beside the data.
    _on_hub(settings, _nothing)
    with alone_on_file(settings) if args.rewrap else contextlib.nullcontext():
        print(_listing(rotate(args.keys, kinds)))
        _on_hub(settings, _nothing)
        return _rewrap(args) if args.rewrap else 0


def _rewrap(args: argparse.Namespace) -> int:
    from hub.storage.rewrap import rewrap  # noqa: PLC0415

    done = _on_hub(_settings(args), lambda hub: rewrap(hub, _told))
    counts = ", ".join(f"{count:,} {name}" for name, count in done.records.items())
    print(f"{counts or 'Nothing had to be'} rewrapped.")
    for key in done.released:
        print(f"Nothing depends on {key} any more. Once every process was restarted: part2hub keys remove {key}")
    if done.left:
        print(f"{done.left:,} records stay under another key: restart every process, then run this again.")
    return 1 if done.left else 0


def _remove(args: argparse.Namespace) -> int:
    from hub.storage import key_records  # noqa: PLC0415
    from hub.storage.rewrap import sealed_under  # noqa: PLC0415

    async def depends(hub: "Hub") -> bool:
        known = [record for record in await key_records.recorded(hub.database) if record.id == args.id]
        return any(map(key_records.needed, known)) or await sealed_under(hub.database, args.id) > 0

    if _on_hub(_settings(args), depends):
        raise ConfigurationError("Stored records or the ledger may depend on this key; `keys rewrap` frees old ones.")
    print(_listing(remove(args.keys, args.id)))
    return 0


def _settings(args: argparse.Namespace) -> "Settings":
    import msgspec  # noqa: PLC0415

    from hub.settings import read_settings  # noqa: PLC0415

    return msgspec.structs.replace(read_settings(), keys=args.keys)


def _no_database(settings: "Settings") -> bool:
    """Whether there is nothing yet that could depend on the ring."""
    return settings.sqlite_path is not None and not settings.sqlite_path.exists()


def _on_hub(settings: "Settings", act: "Callable[[Hub], Awaitable[T]]") -> T:
    """Act on the opened hub; opening it checks the ring against the data and records what is new in it."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    return on_hub(act, settings=settings)


async def _nothing(_hub: "Hub") -> None: ...


def _told(table: str, done: int, total: int) -> None:
    print(f"{table.replace('_', ' ')}: {done:,} of {total:,}", file=sys.stderr, flush=True)


def _listing(ring: KeyRing) -> str:
    lines = [f"{'KIND':<11} {'STATE':<8} {'CREATED (UTC)':<17} {'FINGERPRINT':<17} ID"]
    for key in sorted(ring.keys, key=lambda key: (key.kind, key.created_at)):
        created = datetime.fromtimestamp(key.created_at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")
        lines.append(f"{key.kind:<11} {key.state:<8} {created:<17} {key.fingerprint:<17} {key.id}")
    lines += ["", "Public keys of deliveries, for partners' APIs (Ed25519, newest last; /.well-known/jwks.json too):"]
    lines += [f"  {key.id} {_base64url(key.public)}" for key in ring.all_of(KeyKind.DELIVERY)]
    lines += ["", "Public keys of the ledger, for auditors and witnesses:"]
    lines += [f"  {verifier_of(key).encode()}" for key in ring.all_of(KeyKind.LEDGER)]
    return "\n".join(lines)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _origin(text: str) -> str:
    if not re.fullmatch(r"[^\s+]{1,200}", text):
        raise argparse.ArgumentTypeError("a ledger's name has no spaces or plus signs")
    return text
