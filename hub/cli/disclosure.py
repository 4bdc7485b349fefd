"""`part2hub disclosure`: disclosures made outside of the hub, recorded afterwards, shown, taken back."""

import argparse
import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from hub.context import Hub

_HELP = """\
What was told by telephone, on paper or face to face is recorded afterwards, so that an accounting, a list and the log
are whole. A record is of a fact: it is taken whatever the rules say of it; what they would not have permitted opens a
breach matter. They are asked about the moment when it was made.

  part2hub disclosure record call.json --for harbor        the fields of POST /v1/disclosures (/openapi.json)
  part2hub disclosure record call.json --for harbor --preview       what the rules say; nothing is written
  part2hub disclosure list --for harbor                    what was recorded last at the top; --before: the next page
  part2hub disclosure show ID                              with what was told; the look is on the ledger
  part2hub disclosure retract ID duplicate                 or: not_made, other_person

  call.json: {"member": {"cin": "01234567A"}, "made_at": "2026-03-06T09:30:00-08:00", "way": "telephone",
              "recipient": "valley-clinic", "recipient_person": "Nurse Farrow", "purpose": "treatment",
              "information": ["medications"], "told": "Her last dose", "discloser_name": "P. Ashdown",
              "notice": "sent_after", "scope": "copy"}

What somebody else made names whose it was and how it came: "source": "harbor", "held_under": a consent's id, or
patient, ordinary, qsoa, emergency, audit, research, mistake; "received": when.

The same file is one record, however often it is given. A correction is a record of its own that names the first one
(`corrects`, with a `reason`).

Exit codes: 0 done, 1 the preview says no, 2 not understood or no such record or person, 3 a setting is refused, 4 the
database is not available.
"""
_MOST = 16 * 1024 * 1024


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `disclosure` command."""
    parser = subparsers.add_parser(
        "disclosure",
        help="what was told outside of the hub: record it afterwards",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="record|list|show|retract")
    recording = actions.add_parser("record", help="write down a disclosure that was made outside of the hub")
    recording.add_argument("file", type=Path, metavar="FILE", help="what it was, as JSON")
    recording.add_argument("--preview", action="store_true", help="only say what the rules say of it")
    listing = actions.add_parser("list", help="the records, what was recorded last at the top")
    listing.add_argument("--before", metavar="PLACE", default="", help="the next page, as the last line of one says")
    listing.add_argument("--json", action="store_true", help="the same as JSON")
    showing = actions.add_parser("show", help="one record, with what was told")
    retracting = actions.add_parser("retract", help="say that what was recorded was no disclosure")
    for each in (showing, retracting):
        each.add_argument("id", help="the disclosure's id, as `ask disclosed` shows it")
    retracting.add_argument("mistake", metavar="MISTAKE", help="duplicate, not_made or other_person")
    for each in (recording, listing, showing, retracting):
        needed = each is recording
        each.add_argument("--for", dest="organization", metavar="ORGANIZATION", required=needed, help="who disclosed")
        each.add_argument("--by", default="command-line", metavar="ORGANIZATION[/PERSON]", help="who does it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from hub.cli.local import hand, on_hub  # noqa: PLC0415 - so that --help is fast

    acts = {"record": _preview if args.action == "record" and args.preview else _record, "list": _list, "show": _show}

    async def act(hub: "Hub") -> tuple[str, int]:
        args.by = await hand(hub, args.by)
        return await acts.get(args.action, _retract)(hub, args)

    text, code = on_hub(act, decides=args.action == "record")
    print(text)
    return code


async def _record(hub: "Hub", args: argparse.Namespace) -> tuple[str, int]:
    from hub.cli.files import read_file  # noqa: PLC0415
    from hub.outside.manifest import read_outside  # noqa: PLC0415
    from hub.outside.recording import record  # noqa: PLC0415
    from hub.outside.rows import Hand  # noqa: PLC0415

    raw = read_file(args.file, _MOST)
    await _known(hub, args.organization)
    digest = hashlib.sha256(raw).digest()
    made = await record(hub, read_outside(raw), Hand(args.organization, args.by, f"file-{digest.hex()}", digest))
    return json.dumps(made._asdict(), indent=2), 0


async def _preview(hub: "Hub", args: argparse.Namespace) -> tuple[str, int]:
    from hub.cli.files import read_file  # noqa: PLC0415
    from hub.outside.judging import judge  # noqa: PLC0415
    from hub.outside.manifest import read_outside  # noqa: PLC0415

    form = read_outside(read_file(args.file, _MOST))
    await _known(hub, args.organization)
    judged = await judge(hub, form, args.organization, "en")
    lines = [judged.decision.outcome, *(each["text"] for each in judged.words["explanation"])]
    lines += [f"Still owed: §{each}" for each in judged.missing]
    lines += [f"May have been otherwise then: {each}" for each in judged.later]
    return "\n".join(lines), 0 if judged.stands else 1


async def _list(hub: "Hub", args: argparse.Namespace) -> tuple[str, int]:
    from hub.compliance import viewing  # noqa: PLC0415
    from hub.model import only  # noqa: PLC0415
    from hub.outside import listing  # noqa: PLC0415

    if args.organization:
        await _known(hub, args.organization)
    found = await listing.page(hub, only(args.organization), args.before)
    await viewing.listed(hub, args.by, "outside_records", (row["member_id"] for row in found.rows))
    if args.json:
        return json.dumps({"items": found.rows, "before": found.following}), 0
    lines = [f"{'MADE':<20} {'WAY':<12} {'FROM':<20} {'TO':<20} {'RULES':<8} {'STATE':<9} ID"]
    lines += [_line(hub, row) for row in found.rows]
    return "\n".join([*lines, *([f"more: --before {found.following}"] if found.following else ())]), 0


def _line(hub: "Hub", row: dict[str, Any]) -> str:
    made = datetime.fromtimestamp(row["made_at"] / 1_000_000, hub.zone).strftime("%Y-%m-%d %H:%M %Z")
    whom = f"{row['discloser']:<20} {row['recipient']:<20}"
    return f"{made:<20} {row['way']:<12} {whom} {row['outcome']:<8} {row['state']:<9} {row['id']}"


async def _show(hub: "Hub", args: argparse.Namespace) -> tuple[str, int]:
    from hub.outside.showing import whole  # noqa: PLC0415

    found = await whole(hub, args.id, args.organization, by=args.by)
    return json.dumps(found, indent=2, ensure_ascii=False), 0


async def _retract(hub: "Hub", args: argparse.Namespace) -> tuple[str, int]:
    from hub.errors import Malformed  # noqa: PLC0415
    from hub.outside.corrections import Mistake, retract  # noqa: PLC0415

    mistake = next((each for each in get_args(Mistake) if each == args.mistake), None)
    if mistake is None:
        raise Malformed("It is a duplicate, not_made, or about an other_person.", field="mistake")
    await retract(hub, args.id, mistake, organization=args.organization, by=args.by)
    return f"{args.id} counts no more.", 0


async def _known(hub: "Hub", organization: str) -> None:
    from hub.errors import Malformed  # noqa: PLC0415

    if organization not in (await hub.directory.current()).organizations:
        raise Malformed("No such organization in the directory.", field="for")
