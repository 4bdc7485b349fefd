"""`part2hub direct check`: would this Direct message be accepted, and if not, why."""

import argparse
import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hub.errors import Malformed
from hub.model import now_us

if TYPE_CHECKING:
    from hub.bootstrap.direct import Asked

_HELP = """\
Opens and verifies a Direct message and prints `accept` or `refuse: REASON`, the words of the reason below it on
standard error; of several, each after its file's name. A file is a mail (.eml) or bare CMS (.p7m, DER, PEM or base64);
`-` reads standard input.

  part2hub direct check mail.eml --key intake.pem --anchors ca.pem
  part2hub direct check mail.eml --key intake.p12 --password-file pw --anchors community.p7b --at 2014-03-01T12:00:00Z
  part2hub direct check signed.eml --anchors ca.pem            signed and not encrypted: verified all the same
  part2hub direct check mail.eml --key k.pem --anchors ca.pem --revocation refuse --out content.eml

A mail that is signed and not encrypted is verified, and said to be so on standard error; as mail to this hub it would
be refused (--require-encryption). Without --anchors those of the trust folder count (`part2hub direct anchors list`).
Nothing is fetched from the network unless --revocation asks for it.

Exit codes: 0 accept, 1 refuse (one of several), 2 a file or an option cannot be used.
"""


def add_actions(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `check`."""
    parser = actions.add_parser(
        "check",
        help="would this message be accepted, and if not, why",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="*", metavar="FILE", help="a message; - for standard input")
    _files(parser, "keys", "private key: PEM, DER, PKCS#12; may be given again", "--key", "--keys")
    _files(parser, "certs", "the key's certificate, if its file has none", "--cert", "--certs")
    parser.add_argument("--password", help="of the key files (it shows in the process list: prefer --password-file)")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="a file whose first line is the password")
    _files(parser, "anchors", "trust anchors: PEM, DER or .p7b; a folder takes all in it", "--anchors", "--anchor")
    _files(
        parser, "intermediates", "issuers between signer and anchor, or a signer the mail leaves out", "--intermediates"
    )
    _files(parser, "crls", "a revocation list at hand; it counts in any case", "--crl", "--crls")
    parser.add_argument("--at", metavar="INSTANT", help="the instant of the check, ISO 8601 (default: now)")
    parser.add_argument(
        "--revocation",
        choices=("off", "on", "refuse", "accept"),
        default="off",
        help="look revocation up: `refuse` (or `on`) refuses what cannot be found out, `accept` lets it pass",
    )
    parser.add_argument("--domain", default="*", help="the domain of ours whose anchors of the trust folder count")
    parser.add_argument("--require-encryption", action="store_true", help="refuse what is signed and not encrypted")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write the one accepted message there, closed to others"
    )
    parser.add_argument("--json", action="store_true", help="a JSON object a message instead of the words")
    parser.add_argument("--reasons", action="store_true", help="print every reason for a refusal, and end")
    parser.set_defaults(act=run)


def _files(parser: argparse.ArgumentParser, name: str, words: str, *flags: str) -> None:
    parser.add_argument(*flags, dest=name, help=words, action="append", type=Path, default=[], metavar="FILE")


def run(args: argparse.Namespace) -> int:
    """Check and print."""
    from hub.bootstrap.direct import Asked, reasons  # noqa: PLC0415 - so that --help is fast

    if args.reasons:
        known = reasons()
        print(json.dumps(known) if args.json else "\n".join(f"{code:<22} {words}" for code, words in known.items()))
        return 0
    if not args.file:
        raise Malformed("Name the file with the message, or - for standard input.")
    if args.out and len(args.file) > 1:
        raise Malformed("--out takes the content of one message.")
    asked = Asked(
        message=b"",
        keys=_contents(args.keys),
        password=_password(args),
        certificates=_contents(args.certs),
        anchors=_contents(args.anchors),
        intermediates=_contents(args.intermediates),
        crls=_contents(args.crls),
        at=_instant(args.at),
        revocation="refuse" if args.revocation == "on" else args.revocation,
        must_be_encrypted=args.require_encryption,
        folder_domain=args.domain,
    )
    accepted = [_checked(args, file, asked) for file in args.file]
    return 0 if all(accepted) else 1


def _checked(args: argparse.Namespace, file: str, asked: "Asked") -> bool:
    from hub.bootstrap.direct import check  # noqa: PLC0415 - as above
    from hub.settings import read_settings  # noqa: PLC0415

    message = sys.stdin.buffer.read() if file == "-" else _content(Path(file))
    verdict, content = asyncio.run(check(msgspec.structs.replace(asked, message=message), read_settings()))
    accepted = bool(verdict["verdict"] == "accept")
    if accepted and args.out:
        _write(args.out, content)
    several = len(args.file) > 1
    if args.json:
        print(json.dumps(({"file": file} if several else {}) | verdict, ensure_ascii=False))
        return accepted
    print((f"{file}: " if several else "") + ("accept" if accepted else f"refuse: {verdict['reason']}"), flush=True)
    if not accepted:
        print(verdict["words"], file=sys.stderr)
    elif not verdict["encrypted"]:
        print("Signed and not encrypted: as mail to this hub it would be refused.", file=sys.stderr)
    return accepted


def _contents(paths: list[Path]) -> tuple[bytes, ...]:
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    return tuple(map(_content, files))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise Malformed("A file that was named cannot be read.") from None


def _write(path: Path, content: bytes) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
    except OSError:
        raise Malformed("The file of --out cannot be written.") from None


def _password(args: argparse.Namespace) -> bytes | None:
    if args.password_file:
        return _content(args.password_file).split(b"\n")[0].rstrip(b"\r")
    return args.password.encode() if args.password is not None else None


def _instant(text: str | None) -> int:
    if text is None:
        return now_us()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("--at is an ISO 8601 instant, as 2026-06-01T12:00:00Z.") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) * 1_000_000
