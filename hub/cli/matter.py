"""`part2hub matter`: the registers: requests, complaints, restrictions, suspensions, breaches, with their clocks."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.cli.limits import add_limit

if TYPE_CHECKING:
    from hub.context import Hub

_ID = "as `matter list` shows it"
_HELP = """\
A matter stands on one register: accounting, list, complaint, restriction, suspension or breach.

  part2hub matter list --kind breach                  open ones with their clocks; --overdue: a clock was missed
  part2hub matter clocks                              the deadlines in force, and which await county counsel
  part2hub matter open accounting --for harbor '{"member": "ID", "received_at": "2026-03-06T09:00:00-08:00"}'
  part2hub matter open breach --for harbor breach.json                  the fields from a file
  part2hub matter do ID extend '{"reason": "Some of the papers are kept in another county."}'
  part2hub matter do ID assess assessment.json
  part2hub matter do ID note '{"reason": "She calls back on Friday."}'
  part2hub matter open suspension --for harbor sheriff.json       of an agency of the directory ("agency": ID), or
                                   "somebody": {"name": ..., "role": "law_enforcement", "address": ...}
  part2hub matter show ID                             with what was written, and its history
  part2hub matter letter ID --out letter.pdf          the letter as it would go out now
  part2hub matter letter ID --out letter.pdf --answer "Mailed today"    it goes out: the request is answered
  part2hub matter letter ID --out letter.pdf --about extension
  part2hub matter letter ID --out letter.pdf --member ID --lang es      of a breach, to one person

Deeds: accounting extend, fee, withdraw; list withdraw; complaint answer; restriction agree, refuse, end; suspension
write, end, cover, uncover; notice send, let_be; breach assess, people, notice, person, people_told, told, delay,
finish; of every register note, assign. Fields: /openapi.json.

Exit codes: 0 done, 2 not understood or no such matter, 3 a setting is refused, 4 the database is not available.
"""
_MOST = 256 * 1024


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `matter` command."""
    parser = subparsers.add_parser(
        "matter",
        help="requests, complaints, restrictions, suspensions, breaches",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|clocks|open|do|show|letter")
    actions.add_parser("clocks", help="the deadlines in force")
    listing = actions.add_parser("list", help="matters with their clocks, newest first")
    listing.add_argument("--kind", help="one register: accounting, list, complaint, ...")
    listing.add_argument("--state", choices=("open", "closed", "any"), default="open", help="(default: %(default)s)")
    listing.add_argument("--overdue", action="store_true", help="only where a clock was missed")
    add_limit(listing)
    opening = actions.add_parser("open", help="enter a new matter")
    opening.add_argument("kind", help="its register")
    opening.add_argument("fields", metavar="JSON|FILE", help="what it states: /openapi.json names the fields")
    doing = actions.add_parser("do", help="bring a matter on")
    doing.add_argument("id", help=_ID)
    doing.add_argument("deed", help="what is done: one of the deeds above")
    doing.add_argument("fields", metavar="JSON|FILE", nargs="?", default="{}", help="what the deed states")
    showing = actions.add_parser("show", help="one matter, whole")
    showing.add_argument("id", help=_ID)
    letter = actions.add_parser("letter", help="the letter to the patient, as PDF")
    letter.add_argument("id", help=_ID)
    letter.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write the PDF")
    letter.add_argument("--answer", metavar="REASON", help="it goes out: the request is answered and closed")
    letter.add_argument("--about", choices=("extension", "sent"), help="of the extension, or the answer as it went out")
    letter.add_argument("--member", metavar="ID", default="", help="of a breach: whose letter")
    letter.add_argument("--lang", choices=("en", "es"), default="en", help="of a breach; a request has its own")
    for each in (listing, opening, doing, showing, letter):
        needed = each is opening
        each.add_argument("--for", dest="organization", metavar="ORGANIZATION", required=needed, help="whose it is")
    for each in (opening, doing, letter):
        each.add_argument("--by", default="command-line", metavar="ORGANIZATION[/PERSON]", help="who does it")
    for each in (listing, showing):
        each.add_argument("--json", action="store_true", help="the same as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    if args.action == "clocks":
        print(_clocks())
        return 0
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    act = {"list": _list, "open": _open, "do": _do, "show": _show, "letter": _letter}[args.action]
    print(on_hub(lambda hub: act(hub, args)))
    return 0


def _clocks() -> str:
    from hub.settings import read_settings  # noqa: PLC0415 - so that --help is fast

    lines = [f"{'CLOCK':<38} {'TIME':<15} {'SINCE':<11} LAW"]
    for name, rules in read_settings().duties.clocks.items():
        for rule in rules:
            length = "none" if rule.days is None else f"{rule.days} {rule.unit}"
            length = length if rule.hours is None else f"{rule.hours} hours"
            asked = "  (county counsel has still to confirm it)" if rule.verify else ""
            lines.append(f"{name:<38} {length:<15} {rule.since} {rule.law}{asked}")
    return "\n".join(lines)


async def _list(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.compliance.on_registers import Listed, listing  # noqa: PLC0415
    from hub.model import only  # noqa: PLC0415

    state = None if args.state == "any" else args.state
    wanted = Listed(only(args.organization), args.kind, state, overdue=args.overdue, limit=args.limit)
    found = await listing(hub, wanted)
    if args.json:
        return json.dumps(found)
    head = f"{'RECEIVED':<10} {'KIND':<12} {'ORGANIZATION':<20} {'ID':<32} WHERE IT STANDS"
    return "\n".join([head, *map(_line, found)])


async def _open(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import hand  # noqa: PLC0415
    from hub.compliance.deeds import open_matter  # noqa: PLC0415

    return await open_matter(hub, args.kind, _fields(args.fields), args.organization, by=await hand(hub, args.by))


async def _do(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import hand  # noqa: PLC0415
    from hub.compliance.deeds import do  # noqa: PLC0415

    await do(hub, args.id, args.deed, _fields(args.fields), args.organization, by=await hand(hub, args.by))
    return f"{args.id}: done."


async def _show(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.compliance.matters import show  # noqa: PLC0415

    found = await show(hub, args.id, args.organization, by=BY)
    return json.dumps(found, ensure_ascii=False, indent=None if args.json else 2)


async def _letter(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.files import write_closed  # noqa: PLC0415
    from hub.compliance.letters.send import letter  # noqa: PLC0415
    from hub.errors import Malformed  # noqa: PLC0415

    made = await letter(
        hub, args.id, args.organization, by=args.by, about=args.about, member=args.member, language=args.lang,
        answer=args.answer,
    )  # fmt: skip
    try:
        write_closed(args.out, made.pdf)
    except OSError:
        raise Malformed("The letter cannot be written there.", field="out") from None
    return f"Written to {args.out}; SHA-256 {made.digest}"


def _fields(text: str) -> bytes:
    if text.lstrip().startswith("{"):
        return text.encode()
    from hub.cli.files import read_file  # noqa: PLC0415

    return read_file(Path(text), _MOST)


def _line(matter: dict[str, Any]) -> str:
    received = datetime.fromtimestamp(matter["received_at"] / 1_000_000, UTC).strftime("%Y-%m-%d")
    clocks = [f"{each['name']} {each['state']}" for each in matter["clocks"] if each["state"] != "lifted"]
    stands = "; ".join([matter["code"], *clocks])
    return f"{received} {matter['kind']:<12} {matter['organization_id']:<20} {matter['id']:<32} {stands}"
