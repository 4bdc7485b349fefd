"""`part2hub load`: read a county file into the hub; again, and nothing changes."""

import argparse
from pathlib import Path

_HELP = """\
Reads organizations, verified endpoints, agreements, members, consents and restrictions from one YAML file
(deploy/demo/county/FORMAT.md). What is there already stays as it is; running it again changes nothing.

  part2hub load county.yaml
  part2hub load county.yaml --keys partner-keys/      certificates (NAME.crt) and keys (NAME.pub) that the file names

The form of the whole file is checked before anything is taken. A fault that only the hub's own records show ends it at
that entry: the line says where and how much was taken before, which stays, and the mended file adds the rest.
Restrictions and revocations are taken before the consents that they narrow.

Exit codes: 0 loaded, 2 the file is wrong, 3 a setting is refused, 4 no database.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `load` command."""
    parser = subparsers.add_parser(
        "load",
        help="load a county file: organizations, members, consents",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a county file (YAML or JSON)")
    parser.add_argument(
        "--keys", type=Path, metavar="FOLDER", help="where certificates and keys lie (default: beside FILE)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Load and print what was added or changed."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast
    from hub.county import load, read_county  # noqa: PLC0415

    county = read_county(args.file, args.keys)
    changed = on_hub(lambda hub: load(hub, county))
    for section, count in changed.items():
        print(f"{section:<14} {len(getattr(county, section)):>6} in the file {count:>6} added or changed")
    return 0
