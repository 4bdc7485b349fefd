"""`part2hub open`: read a sealed item with the recipient's own key."""

import argparse
from pathlib import Path

from hub.cli.seal import KEY_FILE, public_key, secret_key

_HELP = """\
Opens an item that was sealed to you (part2hub seal). Needs no hub and no settings.

  part2hub open document-1.bin --key-file lantern.key --out asam.pdf
  part2hub open document-1.bin --key-file lantern.key --signed-by "$HARBOR" --out asam.pdf

Exit codes: 0 opened; 1 it does not open, was relabelled, or is not signed by this sender; 2 it is no sealed item;
            3 the key file is refused.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `open` command."""
    parser = subparsers.add_parser(
        "open",
        help="read a sealed item with your own key",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the sealed item")
    parser.add_argument("--key-file", type=Path, required=True, metavar="KEYFILE", help="your X25519 key")
    parser.add_argument("--signed-by", metavar="BASE64", help="the sender's Ed25519 public key: it must be theirs")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write the document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open one item and say what it is."""
    from hub.cli.files import read_file, write_closed  # noqa: PLC0415 - so that --help is fast
    from hub.crypto.sealed_item import open_item  # noqa: PLC0415
    from hub.intake import MAX_SUBMISSION_BYTES  # noqa: PLC0415

    verify_key = public_key(args.signed_by, "--signed-by") if args.signed_by else None
    opened = open_item(read_file(args.file, MAX_SUBMISSION_BYTES), secret_key(args.key_file, KEY_FILE), verify_key)
    plain = opened.plain
    write_closed(args.out, plain.content)
    print(f"{plain.title} ({plain.information}, {plain.media_type}): {args.out}")
    print(f"from {plain.sender}, {'signed by them' if opened.signed else 'signature not checked (--signed-by)'}")
    return 0
