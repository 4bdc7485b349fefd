"""`part2hub audit`: draw a random sample with its evidence for an auditor, and verify such a pack offline."""

import argparse
import re
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.crypto.notes import Verifier

if TYPE_CHECKING:
    from hub.context import Hub

_HELP = """\
A sample of disclosures that nobody chose: the ledger's signed root and the auditor's seed decide. The pack is one ZIP
with each drawn disclosure's story (decision and explanation, consents as they stood, attempts and receipts) and its
proofs, and a README on how to check it. It speaks of the people in the sample and of nobody else. What was made outside
of the hub (by telephone, on paper) is drawn with the rest, in the period in which it was recorded, and told apart.

  part2hub audit sample --seed 2026-Q3-7719 --count 25 --from 2026-07-01 --to 2026-09-30 --by auditor/ruiz --out q3.zip
  part2hub audit sample --of entries --seed ... ...       of all ledger entries instead of disclosures
  part2hub audit verify q3.zip --key KEY                  offline: no database, no setup, only the public key

Days are the county's, both included. The auditor names the seed after the hub has shown its head (`/tlog/checkpoint`).

Exit codes: 0 done or intact, 1 something was changed (the lines say what), 2 not understood, 3 configuration,
            4 no database.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `audit` command."""
    parser = subparsers.add_parser(
        "audit",
        help="draw a random sample with its evidence, or verify one",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="sample|verify")
    sample = actions.add_parser("sample", help="draw a sample and write its evidence pack")
    sample.add_argument("--seed", required=True, help="named by the auditor: 1 to 100 visible characters")
    sample.add_argument("--count", required=True, type=int, help="how many are drawn")
    for name, dest, words in (("--from", "since", "first day"), ("--to", "until", "last day")):
        sample.add_argument(name, dest=dest, required=True, type=date.fromisoformat, metavar="DATE", help=words)
    sample.add_argument("--of", choices=("disclosures", "entries"), default="disclosures", help="what is drawn from")
    sample.add_argument("--by", required=True, type=_person, help="who asked for it, as it stands on the ledger")
    sample.add_argument("--out", required=True, type=Path, metavar="FILE", help="where to write the pack")
    verify = actions.add_parser("verify", help="verify a pack with a public key")
    verify.add_argument("file", type=Path, help="the pack")
    verify.add_argument("--key", action="append", default=[], help="the ledger's public key, as it was handed to you")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; answers the exit code. Raises `HubError` for what the caller's boundary explains."""
    return _verify(args) if args.action == "verify" else _sample(args)


def _verify(args: argparse.Namespace) -> int:
    from hub.sampling.check import check  # noqa: PLC0415 - so that --help is fast

    found = check(args.file, [Verifier.parse(key) for key in args.key])
    for fault in found.faults:
        print(f"  {fault}")
    if found.faults:
        print("The pack does NOT verify.")
        return 1
    print(
        f"The pack is intact: {found.sample:,} drawn of {found.population:,}, {found.proofs:,} entries proved in the "
        f"head of {found.size:,} entries that {found.ledger} signed."
    )
    if found.outside:
        print(f"{found.outside:,} of the sample: made outside of the hub (telephone, paper), recorded afterwards.")
    if not args.key:
        print("No --key was given: the keys are those the file names, so this shows damage, but no forgery.")
    return 0


def _sample(args: argparse.Namespace) -> int:
    from hub.cli.local import on_hub  # noqa: PLC0415 - a pack is verified without any of this

    async def act(hub: "Hub") -> dict[str, Any]:
        from hub.sampling.pack import Order, write_pack  # noqa: PLC0415
        from hub.sampling.period import of_days  # noqa: PLC0415

        since, until = of_days(args.since, args.until, hub.zone)
        order = Order(seed=args.seed, count=args.count, since=since, until=until, of=args.of, by=args.by)
        return await write_pack(hub, order, args.out)

    manifest = on_hub(act)
    print(f"{len(manifest['sample']):,} drawn of {manifest['population']:,} {args.of}, written to {args.out}")
    if not manifest["sample"]:
        print("The period holds none.", file=sys.stderr)
    return 0


def _person(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/@-]{0,79}", text):
        raise argparse.ArgumentTypeError("letters, digits, dots, slashes and hyphens")
    return text
