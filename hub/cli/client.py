"""`part2hub client`: register, list and disable systems that sign in with a key of their own (SMART)."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.context import Hub

_HELP = """\
A client is an organization's system that signs in with its own key (SMART Backend Services) instead of a token:
it gets an access token of 15 minutes for /fhir, limited to its scopes. Needs HUB_PUBLIC_URL.

  part2hub client add --for harbor --scope "system/Task.rus system/MessageHeader.c" --jwks keys.json
  part2hub client add --for harbor --scope "system/*.rs" --jwks-uri https://ehr.harbor.example/jwks.json
  part2hub client list
  part2hub client disable ID                       its tokens are gone a second later

Exit codes: 0 done, 2 not understood or no such client, 3 a setting is refused, 4 the database is not available.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `client` command."""
    parser = subparsers.add_parser(
        "client",
        help="systems that sign in with a key of their own (SMART)",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|list|disable")
    add = actions.add_parser("add", help="register a system and print its client id")
    add.add_argument("--for", dest="organization", required=True, metavar="ORGANIZATION", help="whose it is")
    add.add_argument("--scope", required=True, help="what it may ask for at most, system/RESOURCE.cruds")
    add.add_argument("--label", default="", help="what it is, as it stands in the list")
    keys = add.add_mutually_exclusive_group(required=True)
    keys.add_argument("--jwks", type=Path, metavar="FILE", help="its public keys, a JSON Web Key Set")
    keys.add_argument("--jwks-uri", default="", metavar="URL", help="where its public keys are fetched, https")
    actions.add_parser("list", help="ids, organizations, scopes")
    disable = actions.add_parser("disable", help="refuse it from now on")
    disable.add_argument("id", help="its client id")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    act = {"add": _add, "list": _list, "disable": _disable}[args.action]
    print(on_hub(lambda hub: act(hub, args)))
    return 0


async def _add(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.files import read_file  # noqa: PLC0415
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.smart import clients  # noqa: PLC0415

    jwks = read_file(args.jwks, 64 * 1024) if args.jwks else b""
    return await clients.add(
        hub, args.organization, args.scope, by=BY, label=args.label, jwks=jwks, jwks_uri=args.jwks_uri
    )


async def _disable(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.smart import clients  # noqa: PLC0415

    await clients.disable(hub, args.id, by=BY)
    return f"{args.id} is disabled."


async def _list(hub: "Hub", _args: argparse.Namespace) -> str:
    from hub.smart import clients  # noqa: PLC0415

    lines = [f"{'ORGANIZATION':<24} {'STATE':<9} {'ID':<34} {'SCOPES':<40} LABEL"]
    lines += [
        f"{each['organization_id']:<24} {'disabled' if each['disabled_at'] else 'good':<9} {each['id']:<34} "
        f"{each['scopes']:<40} {each['label']}"
        for each in await clients.list_all(hub)
    ]
    return "\n".join(lines)
