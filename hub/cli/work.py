"""`part2hub work`: what waits for a person: list it, release it to be decided again, send it another way, close it."""

import argparse
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from hub.cli.limits import add_limit
from hub.waiting.proposals import Reason

if TYPE_CHECKING:
    from hub.context import Hub

_HELP = """\
Dead letters, unknown outcomes, holds and reviews wait here for somebody. A release puts what an item is about back into
the queue; it is decided anew before anything leaves. It takes two people: one proposes it, another confirms it. Closing
an item leaves what it is about where it is. All of it goes on the ledger.

  part2hub work list                                             what is open, of every organization
  part2hub work list --for harbor --kind dead_letter             of one organization and kind
  part2hub work list --state closed --json
  part2hub work propose ID --reason corrected --by m.ortiz       the cause of a dead letter is mended
  part2hub work propose ID --reason confirmed_not_delivered --by m.ortiz
                                                                 the recipient was called and has nothing
  part2hub work confirm ID --by a.ruiz                           what another person proposed is released
  part2hub work unpropose ID --by a.ruiz                         ... or is not
  part2hub work close ID --reason confirmed_delivered --by m.ortiz
                                                                 the recipient was called and has it
  part2hub work close ID --reason misdirected --by m.ortiz       what came in is for somebody else
  part2hub work another-way ID --by m.ortiz                      what did not reach its reader goes to the recipient's
                                                                 next verified address (--to ENDPOINT: to that one)

--by is a person with an account or a token of their own (part2hub user list, token list). The command line is one hand:
one of the two words of a release is given at the desk or with a person's token.

Exit codes: 0 done, 2 not understood, no such item or settled already, 3 a setting is refused, 4 no database.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `work` command."""
    parser = subparsers.add_parser(
        "work",
        help="what waits for a person: list, release by two, another-way, close",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="list|propose|confirm|unpropose|another-way|close"
    )
    listing = actions.add_parser("list", help="work items, newest first")
    listing.add_argument("--for", dest="organization", metavar="ORGANIZATION", help="only what waits for it")
    listing.add_argument("--kind", metavar="KIND", help="dead_letter, unknown_outcome, hold, ...")
    listing.add_argument("--state", choices=("open", "closed"), default="open", help="(default: %(default)s)")
    add_limit(listing)
    listing.add_argument("--json", action="store_true", help="the same as JSON")
    words = {
        "propose": "a release, for another person to confirm",
        "confirm": "what another person proposed: back into the queue",
        "unpropose": "nothing is proposed any more",
        "close": "done with, without a delivery",
    }
    for name, meaning in words.items():
        action = actions.add_parser(name, help=meaning)
        action.add_argument("id", help="as `work list` shows it")
        if name in ("propose", "close"):
            action.add_argument("--reason", required=True, choices=get_args(Reason), help="why, for the ledger")
        action.add_argument("--by", required=True, type=person, help="who decided it, as it stands on the ledger")
    reroute = actions.add_parser("another-way", help="to another verified address of the recipient, decided again")
    reroute.add_argument("id", help="as `work list` shows it")
    reroute.add_argument(
        "--to", metavar="ENDPOINT", help="one of its verified addresses, by id; the next one unless said"
    )
    reroute.add_argument("--by", required=True, type=person, help="who decided it, as it stands on the ledger")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    acts = {"list": _list, "propose": _propose, "confirm": _confirm, "unpropose": _unpropose, "close": _close}
    acts["another-way"] = _reroute
    print(on_hub(lambda hub: acts[args.action](hub, args)))
    return 0


async def _list(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.model import only  # noqa: PLC0415
    from hub.waiting.listing import Filter, newest  # noqa: PLC0415

    wanted = Filter(only(args.organization), args.state, only(args.kind))
    found = await newest(hub, wanted, limit=args.limit)
    if args.json:
        return json.dumps(found)
    return "\n".join([f"{'SINCE (UTC)':<17} {'KIND':<20} {'ORGANIZATION':<20} {'ID':<32} CODE", *map(_line, found)])


async def _propose(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.people.persons import at_hand  # noqa: PLC0415
    from hub.waiting.proposals import propose  # noqa: PLC0415

    await propose(hub, args.id, args.reason, organization=None, by=await at_hand(hub, args.by))
    return f"{args.id}: proposed. Another person confirms it at the desk or with a token of their own."


async def _confirm(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.people.persons import at_hand  # noqa: PLC0415
    from hub.waiting.proposals import confirm  # noqa: PLC0415

    await confirm(hub, args.id, organization=None, by=await at_hand(hub, args.by))
    return f"{args.id} is released; what it is about is decided again before anything leaves."


async def _unpropose(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.people.persons import at_hand  # noqa: PLC0415
    from hub.waiting.proposals import withdraw  # noqa: PLC0415

    await withdraw(hub, args.id, organization=None, by=await at_hand(hub, args.by))
    return f"{args.id}: nothing is proposed any more."


async def _close(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.people.persons import at_hand  # noqa: PLC0415
    from hub.waiting.items import close  # noqa: PLC0415

    await close(hub, args.id, args.reason, organization=None, by=await at_hand(hub, args.by))
    return f"{args.id} is closed."


async def _reroute(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.people.persons import at_hand  # noqa: PLC0415
    from hub.waiting.another_way import choose  # noqa: PLC0415

    row = await choose(hub, args.id, args.to, organization=None, by=await at_hand(hub, args.by))
    return f"{args.id} goes another way as {row}; it is decided again before anything leaves."


def person(text: str) -> str:
    """A user's name or id. Raises `ArgumentTypeError`."""
    # It stands on the ledger, which takes no free text.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@/-]{0,63}", text):
        raise argparse.ArgumentTypeError("a user's name or id: letters, digits and . _ @ / -")
    return text


def _line(item: dict[str, Any]) -> str:
    since = datetime.fromtimestamp(item["created_at"] / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")
    return f"{since:<17} {item['kind']:<20} {item['organization_id']:<20} {item['id']:<32} {item['code']}"
