"""`part2hub export`: the log, an accounting or a register as a file, with the signed note that vouches for it."""

import argparse
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.context import Hub

_HELP = """\
Writes FILE, and beside it FILE.note (digest, extent and the ledger's head, signed) and FILE.checkpoint (the head).

  part2hub export log --out log.csv --for harbor --since 2026-01-01T00:00:00-08:00
  part2hub export log --out log.xlsx --basis emergency
  part2hub export accounting --member 01234567A --for harbor --out accounting.pdf
  part2hub export matters --register breach --out breaches.jsonl
  part2hub export hhs --since 2026-01-01T00:00:00-08:00 --until 2027-01-01T00:00:00-08:00 --out hhs.csv
  part2hub export auditevents --out events.jsonl      FHIR AuditEvents, one a line (IHE BALP)
  part2hub export viewevents --out looks.jsonl        the same of who looked at what
  part2hub export views --member 01234567A --out views.csv
  part2hub export verify log.csv --key KEY            with no database: is it the file that was signed?

The form follows from the file's name: csv, xlsx, jsonl, pdf. Cells that a spreadsheet would calculate are made text.

Exit codes: 0 done or intact, 1 changed, 2 not understood, 3 a setting is refused, 4 no database.
"""
_KINDS = {
    "log": "disclosures, filtered",
    "accounting": "one member's accounting of disclosures (§2.25)",
    "matters": "requests, complaints, restrictions, suspensions, breaches",
    "hhs": "breaches of fewer than 500, as HHS asks for them each year",
    "denied": "what was asked for and refused",
    "emergencies": "medical emergencies (§2.51(c))",
    "inquiries": "questions about people, and what was passed on",
    "views": "who looked at what",
    "auditevents": "FHIR AuditEvents of disclosures",
    "viewevents": "FHIR AuditEvents of who looked at what",
}
_FILTERS = ("discloser", "recipient", "channel", "purpose", "basis", "paragraph", "state")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `export` command."""
    parser = subparsers.add_parser(
        "export",
        help="the log, an accounting or a register as a signed file",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="|".join((*_KINDS, "verify")))
    for kind, words in _KINDS.items():
        one = kinds.add_parser(kind, help=words)
        one.add_argument("--out", type=Path, required=True, metavar="FILE", help="csv, xlsx, jsonl or pdf")
        one.add_argument("--for", dest="organization", metavar="ORGANIZATION", help="only what is theirs")
        one.add_argument("--member", metavar="CIN|ID", help="about whom")
        for name in ("since", "until"):
            one.add_argument(f"--{name}", metavar="INSTANT", help="RFC 3339; `until` is not included")
        for name in _FILTERS if kind == "log" else ():
            one.add_argument(f"--{name}", help=f"only this {name}, as the log shows it")
        if kind == "matters":
            one.add_argument("--register", help="one register: accounting, complaint, breach, ...")
        if kind in ("matters", "emergencies"):
            one.add_argument("--of", choices=("open", "closed"), help="default: both")
    check = kinds.add_parser("verify", help="check a file against its note")
    check.add_argument("file", type=Path, metavar="FILE", help="the exported file, its note beside it")
    check.add_argument("--key", action="append", required=True, help="a public key to trust (`part2hub keys list`)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Export or verify; answers the exit code."""
    if args.kind == "verify":
        return _verify(args.file, args.key)
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    print(on_hub(lambda hub: _export(hub, args)))
    return 0


async def _export(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.consent import member_of  # noqa: PLC0415
    from hub.cli.files import create_closed  # noqa: PLC0415
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.compliance.exports.make import make  # noqa: PLC0415
    from hub.compliance.exports.streams import Ask  # noqa: PLC0415
    from hub.compliance.log import Wanted  # noqa: PLC0415
    from hub.errors import Malformed  # noqa: PLC0415

    filters: dict[str, Any] = {name: getattr(args, name, None) for name in _FILTERS}
    wanted = Wanted(
        organization=args.organization,
        member=await member_of(hub, args.member) if args.member else None,
        since=_instant(args.since, "since"),
        until=_instant(args.until, "until"),
        **filters,
    )
    ask = Ask(wanted, getattr(args, "of", None), getattr(args, "register", None))
    out: Path = args.out
    # Written beside and renamed: a file that stands there is whole, and signed.
    draft = out.with_name(f"{out.name}.part")
    try:
        with create_closed(draft) as file:
            made = await make(hub, args.kind, out.suffix.removeprefix("."), ask, file, by=BY)
        out.with_name(f"{out.name}.note").write_text(made.note, encoding="utf-8")
        if made.checkpoint:
            out.with_name(f"{out.name}.checkpoint").write_text(made.checkpoint, encoding="utf-8")
        draft.replace(out)
    except OSError:
        raise Malformed("The export cannot be written there.", field="out") from None
    finally:
        draft.unlink(missing_ok=True)
    return f"{made.rows:,} rows written to {out}; its signed note stands in {out.name}.note"


def _verify(file: Path, keys: list[str]) -> int:
    from hub.cli.files import read_keys  # noqa: PLC0415
    from hub.compliance.exports.signed import Statement  # noqa: PLC0415 - so that --help is fast
    from hub.errors import IntegrityFailed, Malformed  # noqa: PLC0415

    try:
        note = file.with_name(f"{file.name}.note").read_text(encoding="utf-8")
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except (OSError, UnicodeDecodeError):
        raise Malformed("The file or its .note cannot be read.", field=file.name) from None
    try:
        statement = Statement.open(note, read_keys(keys))
        statement.check(digest)
    except IntegrityFailed as error:
        print(f"NOT intact: {error.message}", file=sys.stderr)
        return 1
    head = "before the ledger's first head" if statement.head == "none" else f"at ledger head {statement.head}"
    print(f"Intact: {statement.kind}, {statement.rows:,} rows, scope {statement.scope}, made {statement.made}, {head}.")
    return 0


def _instant(text: str | None, name: str) -> int | None:
    from datetime import datetime  # noqa: PLC0415 - so that --help is fast

    from hub.compliance.suspensions import microseconds  # noqa: PLC0415
    from hub.errors import Malformed  # noqa: PLC0415

    if text is None:
        return None
    try:
        return microseconds(datetime.fromisoformat(text), name)
    except ValueError:
        raise Malformed("An instant is RFC 3339 with its offset from UTC.", field=name) from None
