"""`part2hub ledger`: verify the ledger, live or as an export; export it; prove one entry."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli import ledger_verify, ledger_watch

if TYPE_CHECKING:
    from hub.context import Hub
    from hub.crypto.proof import Proof

_HELP = """\
The ledger is a Merkle tree of everything the hub decided, disclosed and was told, with signed heads.

  part2hub ledger verify                         the live ledger, against its keys and the head kept beside it, and
                                                 decisions, disclosures and consents against their entries
  part2hub ledger verify --head FILE             and against a head that you or a witness kept
  part2hub ledger export --out FILE              the whole ledger for an auditor: one ZIP, with how to check it
  part2hub ledger verify --export FILE --key KEY an export, with no database and no secret
  part2hub ledger prove ENTRY --out FILE         that one entry (its number) is in the ledger: a small file
  part2hub ledger prove --about ID --out FOLDER  all entries about a disclosure or consent, a file for each
  part2hub ledger verify --proof FILE --key KEY  such a file, with no database and no secret
  part2hub ledger watch https://HUB/tlog --key KEY --kept FILE
                                                 from outside, each day: does the ledger continue the one seen before?
                                                 --cosign SEED-FILE --name NAME puts a witness's word beneath its head

KEY is a public key as `part2hub keys list` shows it, NAME+ID+BASE64; the newest or an older one, since each signs
with the next. Without --key an export is verified with the keys it names itself, which shows damage but no forgery.
--witness KEY asks that this witness has cosigned the head as well.

Exit codes: 0 intact, 1 something was changed (the lines say where), 2 not understood, 3 configuration, 4 no database.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `ledger` command to the command line."""
    parser = subparsers.add_parser(
        "ledger",
        help="verify, export or prove the disclosure ledger",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="verify|export|prove|watch")
    check = actions.add_parser("verify", help="find edits, deletions, reorderings, truncations, forks")
    what = check.add_mutually_exclusive_group()
    what.add_argument("--export", type=Path, metavar="FILE", help="verify an export instead of the live ledger")
    what.add_argument("--proof", type=Path, metavar="FILE", help="verify the proof of one entry")
    check.add_argument(
        "--key", action="append", default=[], help="a public key to trust (as `part2hub keys list` shows)"
    )
    check.add_argument(
        "--witness", action="append", default=[], metavar="KEY", help="a witness whose word is asked for"
    )
    check.add_argument(
        "--head", type=Path, action="append", default=[], metavar="FILE", help="a signed head that was kept outside"
    )
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    export = actions.add_parser("export", help="write the ledger for an auditor")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")
    prove = actions.add_parser("prove", help="write the proof that an entry is in the ledger")
    prove.add_argument("entry", type=int, nargs="?", help="the entry's number")
    prove.add_argument("--about", metavar="ID", help="a disclosure, consent, member or work item: all entries about it")
    prove.add_argument("--out", type=Path, required=True, metavar="PATH", help="the file; with --about a folder")
    watch = actions.add_parser("watch", help="follow a hub's ledger from outside, with a public key alone")
    watch.add_argument("url", help="https://HUB/tlog")
    watch.add_argument("--key", action="append", required=True, help="the ledger's public key")
    watch.add_argument("--kept", type=Path, required=True, metavar="FILE", help="where the head seen last is kept")
    watch.add_argument("--cosign", type=Path, metavar="FILE", help="a witness's secret key: 32 random bytes")
    watch.add_argument("--name", default="witness.example", help="the witness's name (default: %(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; answers the exit code. Raises `HubError` for what the caller's boundary explains."""
    if args.action == "verify":
        return ledger_verify.run(args)
    if args.action == "watch":
        return ledger_watch.run(args)
    return _export(args.out) if args.action == "export" else _prove(args)


def _export(out: Path) -> int:
    from hub.cli.local import on_hub  # noqa: PLC0415 - an export is verified without any of this
    from hub.ledger.export import write_export  # noqa: PLC0415

    entries, heads = on_hub(lambda hub: write_export(hub, out))
    print(f"{entries:,} entries and {heads:,} signed heads written to {out}")
    return 0


def _prove(args: argparse.Namespace) -> int:
    from hub.cli.local import on_hub  # noqa: PLC0415 - as above
    from hub.ledger.proofs import about, inclusions  # noqa: PLC0415

    if (args.entry is None) == (args.about is None):
        print("part2hub ledger: name an entry by its number, or --about what", file=sys.stderr)
        return 2

    async def act(hub: "Hub") -> "dict[int, Proof]":
        return await inclusions(hub, [args.entry] if args.about is None else await about(hub, args.about))

    found = on_hub(act)
    for number, proof in found.items():
        file = args.out if args.about is None else args.out / f"{number}.tlog-proof"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(proof.encode(), encoding="utf-8")
    print(f"{len(found)} proof{'s' if len(found) != 1 else ''} written to {args.out}")
    return 0
