"""`part2hub token`: issue, revoke and list the bearer tokens of organizations."""

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.context import Hub

_HELP = """\
A token lets one system or person of an organization in. It is shown once; the hub keeps only a keyed hash. Whoever
has it sends with it: as a Bearer token over HTTP, or in $HUB_TOKEN for `part2hub send --to-url`.

  part2hub token issue --for harbor --role sender --label "EHR"     an organization's system
  part2hub token issue --for harbor --role staff --person m.ortiz --days 30     hers: she sees explanations
  part2hub token issue --for county --role compliance --person a.ruiz   reviews every organization
  part2hub token issue --for county --role admin --person l.park    directory, tokens
  part2hub token name ID --person m.ortiz                           one issued before is hers
  part2hub token revoke ID                                          refused a second later
  part2hub token list

--person is the id of an account (part2hub user list), or one of your own for each human being. It is what two
people are told apart by: without it a token is a system's, which hands in and reads, and confirms nothing.

Exit codes: 0 done, 2 not understood or no such token, 3 a setting is refused, 4 the database is not available.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `token` command."""
    parser = subparsers.add_parser(
        "token",
        help="issue, revoke and list bearer tokens",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="issue|name|revoke|list")
    issue = actions.add_parser("issue", help="make a token and show it once")
    issue.add_argument("--for", dest="organization", required=True, metavar="ORGANIZATION", help="whose it is")
    issue.add_argument(
        "--role", required=True, choices=("sender", "staff", "compliance", "admin"), help="what it may do"
    )
    issue.add_argument("--label", default="", help="what it is for, as it stands in the list")
    issue.add_argument("--person", default="", metavar="ID", help="whose it is (default: a system's)")
    issue.add_argument("--days", type=int, help="good for so many days (default: until revoked)")
    issue.add_argument("--quiet", action="store_true", help="print the token alone")
    name = actions.add_parser("name", help="say whose a token is that names nobody")
    name.add_argument("id", help="as `token list` shows it")
    name.add_argument("--person", required=True, metavar="ID", help="whose it is")
    revoke = actions.add_parser("revoke", help="revoke a token by its id")
    revoke.add_argument("id", help="as `token list` shows it")
    actions.add_parser("list", help="ids, roles, labels and dates; never a token")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    act = {"issue": _issue, "name": _name, "revoke": _revoke, "list": _list}[args.action]
    print(on_hub(lambda hub: act(hub, args)))
    return 0


async def _issue(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.storage import tokens  # noqa: PLC0415

    issued = await tokens.issue(
        hub, args.organization, args.role, by=BY, label=args.label, days=args.days, person=args.person
    )
    return issued.token if args.quiet else f"{issued.token}\n\nIts id is {issued.id}. It is not shown again."


async def _name(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.storage import tokens  # noqa: PLC0415

    await tokens.name(hub, args.id, args.person, by=BY)
    return f"{args.id} names its person."


async def _revoke(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.storage import tokens  # noqa: PLC0415

    await tokens.revoke(hub, args.id, by=BY)
    return f"{args.id} is revoked."


async def _list(hub: "Hub", _args: argparse.Namespace) -> str:
    from hub.storage import tokens  # noqa: PLC0415

    lines = [f"{'ORGANIZATION':<24} {'ROLE':<11} {'STATE':<8} {'ISSUED (UTC)':<13} {'ID':<34} {'PERSON':<16} LABEL"]
    now = hub.clock.now()
    lines += [
        f"{each['organization_id']:<24} {each['role']:<11} {_state(each, now):<8} {_day(each['created_at']):<13} "
        f"{each['id']:<34} {each['person'] or '-':<16} {each['label']}"
        for each in await tokens.list_all(hub)
    ]
    return "\n".join(lines)


def _state(token: dict[str, Any], now: int) -> str:
    if token["revoked_at"] is not None:
        return "revoked"
    return "expired" if token["expires_at"] is not None and token["expires_at"] <= now else "good"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).date().isoformat()
