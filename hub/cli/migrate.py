"""`part2hub migrate`: bring the database to this version's schema, once; `serve` does it too."""

import argparse

_HELP = """\
Safe to run again, and by several at once: whichever process comes first does it, once, whole or not at all. What still
runs of the old version may refuse what it is handed until it is restarted. Back up before an upgrade.

  part2hub migrate

Exit codes: 0 the schema is this version's, 3 a setting is refused, 4 the database is not available.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `migrate` command."""
    subparsers.add_parser(
        "migrate",
        help="bring the database to this version's schema",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).set_defaults(run=run)


def run(_args: argparse.Namespace) -> int:
    """Migrate."""
    from hub.bootstrap import migrate  # noqa: PLC0415 - so that --help is fast
    from hub.settings import read_settings  # noqa: PLC0415

    migrate(read_settings())
    print("The schema is this version's.")
    return 0
