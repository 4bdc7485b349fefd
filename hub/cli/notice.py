"""`part2hub notice`: admissions and discharges that an organization was told of, and the calls that they ask for."""

import argparse
import json
from datetime import datetime
from typing import TYPE_CHECKING

from hub.cli.limits import add_limit

if TYPE_CHECKING:
    from hub.context import Hub
    from hub.desk.notices import Notice

_ID = "the notice's, as `notice list` shows it"
_HELP = """\
Who was told of a discharge calls the person within the county's time. Which calls are still owed stands here, and how
each ended is written down: a code, never what was said. Trying is not reaching; the clock runs on until it is met.
Nothing here names the person: the notice itself does.

  part2hub notice list --for sunrise                          newest first, each with its clock and its calls
  part2hub notice list --for sunrise --call open              a call is still owed (or: tried, done)
  part2hub notice show ID --for sunrise
  part2hub notice call ID reached --for sunrise --by sunrise/c.lind
  part2hub notice call ID no_answer --for sunrise --at 2026-03-06T09:30:00-08:00
  part2hub notice mistake ID CALL --for sunrise               entered by mistake: it stays, and does not count

How a call ends: reached, voicemail, no_answer, wrong_number. A call with its time is one call, however often it is
given; one without is of just now.

Exit codes: 0 done, 2 not understood, no such notice, or no call is asked for, 3 a setting is refused, 4 the database is
not available.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `notice` command."""
    parser = subparsers.add_parser(
        "notice",
        help="notices an organization was told of, and the calls they ask for",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|call|mistake")
    listing = actions.add_parser("list", help="notices with their clocks and calls, newest first")
    listing.add_argument("--call", choices=("open", "tried", "done"), default="", help="discharges by their calls")
    add_limit(listing)
    showing = actions.add_parser("show", help="one notice with its calls")
    calling = actions.add_parser("call", help="how a call ended")
    mistaken = actions.add_parser("mistake", help="a call was entered by mistake")
    for each in (showing, calling, mistaken):
        each.add_argument("id", help=_ID)
    calling.add_argument("outcome", metavar="OUTCOME", help="reached, voicemail, no_answer or wrong_number")
    calling.add_argument("--at", metavar="INSTANT", help="when, RFC 3339 with its offset (default: just now)")
    mistaken.add_argument("call", metavar="CALL", help="the call's id, as `notice show` shows it")
    for each in (listing, showing, calling, mistaken):
        each.add_argument("--for", dest="organization", metavar="ORGANIZATION", required=True, help="who was told")
    for each in (calling, mistaken):
        each.add_argument("--by", default="command-line", metavar="ORGANIZATION[/PERSON]", help="who called")
    for each in (listing, showing):
        each.add_argument("--json", action="store_true", help="the same as JSON, as /v1/notices has it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    act = {"list": _list, "show": _show, "call": _call, "mistake": _mistake}[args.action]
    print(on_hub(lambda hub: act(hub, args)))
    return 0


async def _list(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.desk import notices  # noqa: PLC0415
    from hub.errors import Malformed  # noqa: PLC0415

    if args.organization not in (await hub.directory.current()).organizations:
        raise Malformed("No such organization in the directory.", field="--for")
    found = await notices.received(hub, args.organization, call=args.call, limit=args.limit)
    if args.json:
        return json.dumps([notices.view(each) for each in found])
    head = f"{'EVENT':<20} {'WHEN':<20} {'FROM':<20} {'ID':<32} {'CALL BY':<20} CALLS"
    return "\n".join([head, *(_line(hub, each) for each in found)])


async def _show(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.desk import notices  # noqa: PLC0415

    return json.dumps(notices.view(await _told(hub, args)), indent=None if args.json else 2)


async def _call(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.bases.checks import instant_of  # noqa: PLC0415
    from hub.cli.local import hand  # noqa: PLC0415
    from hub.desk import calls, notices  # noqa: PLC0415
    from hub.model import new_id  # noqa: PLC0415

    notice, by = await _told(hub, args), await hand(hub, args.by)
    key, at = new_id(), None
    if args.at is not None:
        at = calls.checked(hub, int(instant_of("--at", args.at).timestamp() * 1_000_000), notice.at)
        key = f"command-line {at}"
    made = await notices.called(hub, notice, calls.Told(key, args.outcome, at), by=by)
    return f"Call {made.id} is written down."


async def _mistake(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import hand  # noqa: PLC0415
    from hub.desk import calls  # noqa: PLC0415

    notice = await _told(hub, args)
    await calls.mistake(hub, notice.id, notice.member, args.call, by=await hand(hub, args.by))
    return f"Call {args.call} counts no more."


async def _told(hub: "Hub", args: argparse.Namespace) -> "Notice":
    from hub.desk import notices  # noqa: PLC0415
    from hub.errors import NotAvailable  # noqa: PLC0415

    # INVARIANT: no-existence-leak. What was not disclosed to the organization looks like none.
    found = await notices.one(hub, args.organization, args.id)
    if found is None:
        raise NotAvailable
    return found


def _line(hub: "Hub", notice: "Notice") -> str:
    stands = "made" if notice.met_at is not None else _local(hub, notice.due.at) if notice.due else "none is owed"
    calls = ", ".join(each.outcome for each in notice.counted)
    told = f"{notice.event:<20} {_local(hub, notice.at):<20} {notice.sender:<20} {notice.id:<32}"
    return f"{told} {stands:<20} {calls}".rstrip()


def _local(hub: "Hub", at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, hub.zone).strftime("%Y-%m-%d %H:%M %Z")
