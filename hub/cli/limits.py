"""`--limit` of the commands that list: how much is printed at once."""

import argparse

MOST = 10_000


def add_limit(parser: argparse.ArgumentParser) -> None:
    """Add the option. What is no number of lines ends the command (exit 2): SQLite reads a negative one as no limit,
    PostgreSQL refuses it.
    """
    parser.add_argument("--limit", type=_lines, default=50, help=f"at most so many, to {MOST:,} (default: %(default)s)")


def _lines(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= MOST):
        raise argparse.ArgumentTypeError(f"1 to {MOST:,}")
    return int(text)
