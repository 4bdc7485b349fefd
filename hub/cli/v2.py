"""`part2hub v2 check`: what the HL7 v2 messages in a file would become here, and how they would be answered."""

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from hub.errors import Malformed

_HELP = """\
Reads messages as the listener does, one or several in a file, MLLP-framed or one after the other, with any line ends.
Nothing is taken or stored, and nothing about a person is printed.

  part2hub v2 check adt-a01.hl7           the event, restrictions, whether the patient can be matched, the answer
  part2hub v2 check feed.bin --json       the same for a program
  cat adt-a01.hl7 | part2hub v2 check -

Restrictions: `label` marks what goes on as restricted, `no-location` leaves the place out, `person` holds the message
for somebody to look at. Peers ($HUB_MLLP_PEERS) are told apart by MSH-4 here.

Exit codes: 0 every message would be taken; 1 at least one would be answered with an error or a rejection;
            2 no such file, or no message in it; 3 a setting is refused.
"""
_LARGEST = 64 * 1024 * 1024


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `v2` command."""
    form = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("v2", help="HL7 v2 messages", description=_HELP, formatter_class=form)
    actions = parser.add_subparsers(dest="action", required=True, metavar="check")
    check = actions.add_parser("check", help="what messages would become", description=_HELP, formatter_class=form)
    check.add_argument("file", metavar="FILE", help="a file with messages, or - for standard input")
    check.add_argument("--json", action="store_true", help="one JSON object a message")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the file."""
    from hub.bootstrap.v2 import check  # noqa: PLC0415 - so that --help is fast
    from hub.settings import read_settings  # noqa: PLC0415

    found = check(read_settings(), _content(args.file))
    if not found:
        raise Malformed("There is no message in this file.")
    if args.json:
        print(msgspec.json.format(msgspec.json.encode({"messages": found}), indent=2).decode())
    else:
        print("\n\n".join(_words(number, each) for number, each in enumerate(found, 1)))
    return 1 if any(each["code"] for each in found) else 0


def _content(name: str) -> bytes:
    try:
        content = sys.stdin.buffer.read(_LARGEST + 1) if name == "-" else Path(name).read_bytes()
    except OSError:
        raise Malformed("The file cannot be read.") from None
    if len(content) > _LARGEST:
        raise Malformed("The file is larger than 64 MiB.")
    return content


def _words(number: int, each: dict[str, Any]) -> str:
    lines = [
        f"message {number}: {each['type'] or 'no type'}, control id {each['control_id'] or 'missing'}",
        f"  event           {_event(each)}",
        f"  becomes         {each['becomes'] or 'nothing that goes on'}",
        f"  restrictions    {'; '.join(each['restrictions']) or 'none'}",
        f"  patient         {_PATIENT[each['match_key']]}",
        f"  for a person    {', '.join(each['review']) or 'no'}",
        f"  warnings        {', '.join(each['warnings']) or 'none'}",
    ]
    answers = [f"  answer          {line}" for answer in each["answers"] for line in answer.split("\n")]
    return "\n".join(lines + (answers or ["  answer          none is owed"]))


def _event(each: dict[str, Any]) -> str:
    if each["event"] == "none":
        return "none that the hub has a use for"
    return each["event"].replace("_", " ") or "not taken"


_PATIENT = {
    "cin": "can be matched by CIN",
    "demographics": "can be matched by name and birth date",
    "none": "to be matched by a person",
}
