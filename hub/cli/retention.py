"""`part2hub retention`: what is kept how long, legal holds, and the destruction of what is due."""

import argparse
from typing import TYPE_CHECKING, get_args

from hub.retention.holds import Scope

if TYPE_CHECKING:
    from hub.context import Hub
    from hub.retention.schedule import Schedule

_HELP = """\
Payloads (documents, evidence, consent papers, arrivals; what was written about matters and work; who a member is,
once nothing else is left) are kept for the years of the schedule, then destroyed: the
key of each is dropped, and a tombstone on the ledger says so. The ledger itself, decisions, disclosures and consents
are never destroyed. The worker does the same by itself once a day, unless HUB_RETENTION is `off`.

  part2hub retention schedule                    the periods in force, with their paragraphs
  part2hub retention run --dry-run               what would be destroyed today; nothing is
  part2hub retention run --by m.ortiz            destroy what is due and not held
  part2hub retention hold --member ID --matter CV-2026-11 --by m.ortiz
                                                 preserve everything about a member (also --submission, --consent,
                                                 --organization, --all); the matter is its number, never a name
  part2hub retention holds                       the holds in force
  part2hub retention lift HOLD --by m.ortiz

Afterwards rotate, rewrap and remove the key-encryption key (`part2hub keys --help`), so that old copies of the database
cannot open what was destroyed either.

Exit codes: 0 done, 2 not understood, 3 a setting is refused, 4 no database.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `retention` command."""
    parser = subparsers.add_parser(
        "retention",
        help="how long payloads are kept; legal holds; destroy what is due",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="schedule|run|hold|holds|lift")
    actions.add_parser("schedule", help="the periods in force")
    destroy = actions.add_parser("run", help="destroy what is due and not held")
    how = destroy.add_mutually_exclusive_group(required=True)
    how.add_argument("--dry-run", action="store_true", help="only count")
    how.add_argument("--by", help="who orders it, as it stands on the ledger")
    hold = actions.add_parser("hold", help="preserve what litigation, an audit or an investigation needs")
    what = hold.add_mutually_exclusive_group(required=True)
    for scope in get_args(Scope):
        if scope == "all":
            what.add_argument("--all", action="store_true", help="everything")
        else:
            what.add_argument(f"--{scope}", metavar="ID", help=f"everything about one {scope}")
    hold.add_argument("--matter", required=True, help="its number in the county's files")
    hold.add_argument("--by", required=True, help="who orders it, as it stands on the ledger")
    actions.add_parser("holds", help="the holds in force")
    lift = actions.add_parser("lift", help="end a hold")
    lift.add_argument("id", help="as `retention holds` shows it")
    lift.add_argument("--by", required=True, help="who orders it, as it stands on the ledger")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked. Raises `HubError` for what the caller's boundary explains."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    act = {"schedule": _schedule, "run": _run, "hold": _hold, "holds": _holds, "lift": _lift}[args.action]
    print(on_hub(lambda hub: act(hub, args)))
    return 0


async def _schedule(hub: "Hub", _args: argparse.Namespace) -> str:
    lines = []
    for kind, rules in _in_force(hub).items():
        for rule in rules:
            minor = f", a minor's until {rule.minor_until}" if rule.minor_until else ""
            counsel = "; counsel has still to confirm" if rule.verify else ""
            lines.append(f"{kind:14} {rule.years} years{minor}, since {rule.since}: {rule.law}{counsel}")
    return "\n".join(lines)


async def _run(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.retention import destruction  # noqa: PLC0415

    ran = await destruction.run(hub, _in_force(hub), by=args.by or "", dry=args.dry_run)
    word = "due, nothing was destroyed" if args.dry_run else "destroyed"
    return "\n".join(f"{kind:14} {count:6,} {word}; {ran.held[kind]:,} held" for kind, count in ran.destroyed.items())


async def _hold(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.retention import holds  # noqa: PLC0415

    scope = next(scope for scope in get_args(Scope) if getattr(args, scope))
    reference = "" if scope == "all" else getattr(args, scope)
    return await holds.place(hub, scope, reference, args.matter, by=args.by)


async def _holds(hub: "Hub", _args: argparse.Namespace) -> str:
    from hub.retention import holds  # noqa: PLC0415

    found = await holds.in_force(hub.database)
    return "\n".join(f"{h['id']} {h['scope']:12} {h['reference'] or '-':32} {h['matter']}" for h in found) or "none"


async def _lift(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.retention import holds  # noqa: PLC0415

    await holds.lift(hub, args.id, by=args.by)
    return "lifted"


def _in_force(hub: "Hub") -> "Schedule":
    from hub.retention.schedule import published  # noqa: PLC0415

    return hub.retention or published()
