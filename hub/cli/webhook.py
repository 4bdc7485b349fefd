"""`part2hub webhook`: tell an organization's own address that something happened, by ids alone."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.context import Hub

_HELP = """\
A webhook tells an address of an organization that a submission changed, that work waits, or that a status report came:
ids alone, signed as Standard Webhooks has it. The secret is shown once; the public key verifies the v1a signatures.

  part2hub webhook add --for harbor --url https://ehr.harbor.example/hook
  part2hub webhook add --for harbor --url https://ehr.harbor.example/hook --event status.received
  part2hub webhook rotate ID                       a new secret; the one before signs as well until the next
  part2hub webhook list
  part2hub webhook remove ID

Exit codes: 0 done, 2 not understood or no such webhook, 3 a setting is refused, 4 the database is not available.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `webhook` command."""
    parser = subparsers.add_parser(
        "webhook",
        help="tell an organization's own address that something happened",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|rotate|list|remove")
    add = actions.add_parser("add", help="tell an address from now on; prints its id, secret and the public key")
    add.add_argument("--for", dest="organization", required=True, metavar="ORGANIZATION", help="whose it is")
    add.add_argument("--url", required=True, help="https")
    add.add_argument("--event", action="append", help="only these (may be given several times); default: all")
    for name, words in (("rotate", "make a new secret and print it"), ("remove", "tell it no more")):
        actions.add_parser(name, help=words).add_argument("id", help="as `webhook list` shows it")
    actions.add_parser("list", help="ids, organizations, addresses; never a secret")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    act = {"add": _add, "rotate": _rotate, "list": _list, "remove": _remove}[args.action]
    print(on_hub(lambda hub: act(hub, args)))
    return 0


async def _add(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.webhooks import subscriptions  # noqa: PLC0415

    events = tuple(args.event or subscriptions.EVENTS)
    added = await subscriptions.add(hub, args.organization, args.url, events, by=BY)
    return f"{added.id}\n{added.secret}\n{added.public_key}"


async def _rotate(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.webhooks import subscriptions  # noqa: PLC0415

    return await subscriptions.rotate(hub, args.id, organization=None, by=BY)


async def _remove(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.webhooks import subscriptions  # noqa: PLC0415

    await subscriptions.remove(hub, args.id, organization=None, by=BY)
    return f"{args.id} is removed."


async def _list(hub: "Hub", _args: argparse.Namespace) -> str:
    from hub.webhooks import subscriptions  # noqa: PLC0415

    rows = await subscriptions.listed(hub, None)
    return "\n".join(
        f"{each['organization_id']:<24} {each['code'] or 'good':<9} {each['id']:<34} {each['url']}" for each in rows
    )
