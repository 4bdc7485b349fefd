"""`part2hub user`: people who may work at the desk: add, list, disable, reset."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.context import Hub
    from hub.people.accounts import Invitation

_HELP = """\
People sign in at /desk with a password and a second factor. Adding one prints an invitation link, good once and for
three days; whoever opens it chooses the password and enrols an authenticator. Nobody sets another person's password.

  part2hub user add --email ana@county.example --name "Ana Ortiz" --role compliance --organization county --all
  part2hub user add --email leo@harbor.example --name "Leo Park" --role privacy --organization harbor
  part2hub user add ... --person ID                  the account of somebody who is known by another already
  part2hub user list                                 ids, roles and state; names and addresses with --names
  part2hub user reset-factor ID                      a lost phone: forgets password and factors, invites anew
  part2hub user disable ID                           out at once, also where signed in

Roles: compliance, privacy (read and act), auditor (read only), administrator (people only, no patient's data),
staff (what their own organization sent and received).
Exit codes: 0 done, 2 not understood or no such person, 3 a setting is refused, 4 the database is not available.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `user` command."""
    form = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser(
        "user",
        help="people who may work at the desk: add, list, disable, reset",
        description=_HELP,
        formatter_class=form,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|list|disable|reset-factor")
    add = actions.add_parser("add", help="a new account; prints its invitation")
    add.add_argument("--email", required=True, help="what they sign in with; stored sealed")
    add.add_argument("--name", required=True, help="as it stands on pages; stored sealed")
    add.add_argument(
        "--role", dest="roles", required=True, action="append",
        choices=("compliance", "privacy", "auditor", "administrator", "staff"), help="may be given several times",
    )  # fmt: skip
    add.add_argument(
        "--organization", dest="organizations", required=True, action="append", metavar="ID",
        help="whose data they see, their own first; may be given several times",
    )  # fmt: skip
    add.add_argument("--all", action="store_true", help="sees every organization")
    add.add_argument("--person", default="", metavar="ID", help="who it is, where a token or an account names them")
    listing = actions.add_parser("list", help="ids, roles, organizations, state")
    listing.add_argument("--names", action="store_true", help="with names and addresses")
    for name, words in (("disable", "out at once"), ("reset-factor", "forget password and factors; invite anew")):
        actions.add_parser(name, help=words).add_argument("id", help="as `user list` shows it")
    for inviting in (add, actions.choices["reset-factor"]):
        inviting.add_argument("--base", default="", help="the pages' address, as https://hub.example, for the link")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    act = {"add": _add, "list": _list, "disable": _disable, "reset-factor": _reset}[args.action]
    print(on_hub(lambda hub: act(hub, args)))
    return 0


async def _add(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.people import accounts  # noqa: PLC0415

    organizations = (*args.organizations, *((accounts.EVERYBODY,) if args.all else ()))
    invitation = await accounts.add(
        hub, email=args.email, name=args.name, roles=tuple(args.roles), organizations=organizations, by=BY,
        person=args.person,
    )  # fmt: skip
    return _invited(invitation, args.base)


async def _reset(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.people import accounts  # noqa: PLC0415

    return _invited(await accounts.invite_again(hub, args.id, by=BY), args.base)


async def _disable(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.people import accounts  # noqa: PLC0415

    await accounts.disable(hub, args.id, by=BY)
    return f"{args.id} is out."


async def _list(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.people import accounts  # noqa: PLC0415

    lines = [f"{'ID':<32} {'STATE':<9} {'ROLES':<24} ORGANIZATIONS"]
    for each in await accounts.list_all(hub):
        state = "disabled" if each.disabled else "active" if each.totp_step >= 0 else "invited"
        names = f"  {each.name} <{each.email}>" if args.names else ""
        lines.append(f"{each.id:<32} {state:<9} {','.join(each.roles):<24} {','.join(each.organizations)}{names}")
    return "\n".join(lines)


def _invited(invitation: "Invitation", base: str) -> str:
    return (
        f"{base.rstrip('/')}/desk/join?code={invitation.code}\n\n"
        f"The account is {invitation.person}. The link works once, for three days, and is not shown again."
    )
