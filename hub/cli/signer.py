"""`part2hub signer`: the keys with which an organization's systems sign what they hand in."""

import argparse
import base64
import binascii
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.context import Hub

_HELP = """\
From an organization that has a key here, packets and FHIR messages are taken only with a signature (RFC 9421, Ed25519)
over @method @authority @path content-digest content-type, not older than 5 minutes, its nonce used once.

  part2hub signer add --for harbor --key-id ehr-2026 --key BASE64
  part2hub signer list
  part2hub signer remove ID                        without any key left, unsigned requests are taken again

Exit codes: 0 done, 2 not understood or no such key, 3 a setting is refused, 4 the database is not available.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `signer` command."""
    parser = subparsers.add_parser(
        "signer",
        help="keys that sign what an organization hands in",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|list|remove")
    add = actions.add_parser("add", help="take nothing unsigned from this organization any more")
    add.add_argument("--for", dest="organization", required=True, metavar="ORGANIZATION", help="whose it is")
    add.add_argument("--key-id", required=True, help="as the signature names the key")
    add.add_argument("--key", required=True, metavar="BASE64", help="the Ed25519 public key")
    actions.add_parser("list", help="ids, organizations, key ids")
    actions.add_parser("remove", help="forget a key").add_argument("id", help="as `signer list` shows it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from hub.cli.local import on_hub  # noqa: PLC0415 - so that --help is fast

    act = {"add": _add, "list": _list, "remove": _remove}[args.action]
    print(on_hub(lambda hub: act(hub, args)))
    return 0


async def _add(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.errors import Malformed  # noqa: PLC0415
    from hub.storage import signers  # noqa: PLC0415

    try:
        key = base64.b64decode(args.key, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("The key is base64.", field="key") from None
    return await signers.add(hub, args.organization, args.key_id, key, by=BY)


async def _remove(hub: "Hub", args: argparse.Namespace) -> str:
    from hub.cli.local import BY  # noqa: PLC0415
    from hub.storage import signers  # noqa: PLC0415

    await signers.remove(hub, args.id, by=BY)
    return f"{args.id} is removed."


async def _list(hub: "Hub", _args: argparse.Namespace) -> str:
    from hub.storage import signers  # noqa: PLC0415

    return "\n".join(f"{s['organization_id']:<24} {s['id']:<34} {s['key_id']}" for s in await signers.list_all(hub))
