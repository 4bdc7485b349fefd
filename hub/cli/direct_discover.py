"""`part2hub direct discover`: where a partner publishes its certificate, and whether it may be used."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

_HELP = """\
Looks for the certificate of a Direct address as Direct asks: DNS at the address, DNS at its domain, then the domain's
LDAP directory for the address and for the domain. Prints what each source had and why it was passed over.

  part2hub direct discover intake@clinic.example
  part2hub direct discover intake@clinic.example --out clinic.pem      for the directory entry, after a call to check it

With anchors in the trust folder (outgoing) a certificate must lead to one of them; without, it must be valid, strong,
for encryption and for this address. What is found is a proposal: mail goes only to a verified directory entry.

Exit codes: 0 found, 1 nothing that may be used, 2 not an address, 3 a setting is refused.
"""


def add_actions(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `discover`."""
    parser = actions.add_parser(
        "discover",
        help="where a partner publishes its certificate",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("address", metavar="ADDRESS", help="a Direct address or domain")
    parser.add_argument("--domain", default="*", help="the domain of ours whose outgoing anchors count")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the certificates there, PEM")
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.set_defaults(act=run)


def run(args: argparse.Namespace) -> int:
    """Look, print, and answer whether something was found."""
    from hub.bootstrap.direct import discover  # noqa: PLC0415 - so that --help is fast
    from hub.settings import read_settings  # noqa: PLC0415

    found = asyncio.run(discover(args.address, args.domain, read_settings()))
    if args.out and found["certificates"]:
        args.out.write_text("".join(each["pem"] for each in found["certificates"]))
    print(json.dumps(found) if args.json else "\n".join(_lines(found)))
    return 0 if found["certificates"] else 1


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{each['source']:<13} {each['words']}" for each in found["findings"]]
    used = (
        f"use {each['sha256'][:16]}  {each['subject']}, until {each['until'][:10]}" for each in found["certificates"]
    )
    lines += used
    return lines if found["certificates"] else [*lines, "Nothing was found that may be used."]
