"""`part2hub direct anchors` and `part2hub direct bundles`: whom the county believes in Direct mail."""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.work import person
from hub.errors import Malformed, Rejected, Unavailable

if TYPE_CHECKING:
    from hub.context import Hub
    from hub.settings import Settings

_ANCHORS = """\
Trust anchors: authorities whose certificates are believed, per domain of ours and per direction. A removal takes effect
with the next message, in every running process. Every change is on the ledger with its person.

  part2hub direct anchors add ca.pem --by m.ortiz                         every domain of ours, both directions
  part2hub direct anchors add state.p7b --by m.ortiz --domain hub.example --direction incoming
  part2hub direct anchors list
  part2hub direct anchors remove 3fa2c1 --by m.ortiz                      first digits of its SHA-256
"""
_BUNDLES = """\
Trust bundles: a community's anchors at an https address, renewed every --hours (default 24). If a renewal fails the
last good content stays. With --signer only what this certificate signed is taken.

  part2hub direct bundles add https://bundles.example/community.p7b --by m.ortiz
  part2hub direct bundles list
  part2hub direct bundles refresh
  part2hub direct bundles remove https://bundles.example/community.p7b --by m.ortiz
"""


def add_actions(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `anchors` and `bundles`."""
    form = argparse.RawDescriptionHelpFormatter
    anchors = actions.add_parser("anchors", help="trust anchors", description=_ANCHORS, formatter_class=form)
    verbs = anchors.add_subparsers(dest="verb", required=True, metavar="add|list|remove")
    add = verbs.add_parser("add", help="believe the authorities of a file")
    add.add_argument("file", type=Path, help="certificates: PEM, DER or .p7b")
    _scope(add)
    add.set_defaults(act=_add_anchors)
    remove = verbs.add_parser("remove", help="no longer believe an authority")
    remove.add_argument("fingerprint", help="as `anchors list` shows it")
    _person(remove)
    remove.add_argument("--domain", help="for this domain of ours alone")
    remove.set_defaults(act=_remove_anchor)
    _listing(verbs, _list_anchors)
    bundles = actions.add_parser("bundles", help="trust bundles", description=_BUNDLES, formatter_class=form)
    verbs = bundles.add_subparsers(dest="verb", required=True, metavar="add|list|refresh|remove")
    add = verbs.add_parser("add", help="fetch a bundle, and believe it from now on")
    add.add_argument("url", help="https, of a .p7b or .p7m")
    add.add_argument("--signer", type=Path, help="certificate that signs the bundle")
    add.add_argument("--hours", type=int, default=24, help="how often it is renewed (default: %(default)s)")
    _scope(add)
    add.set_defaults(act=_add_bundle)
    verbs.add_parser("refresh", help="renew every bundle now").set_defaults(act=_refresh)
    remove = verbs.add_parser("remove", help="no longer believe a bundle")
    remove.add_argument("url", help="as `bundles list` shows it")
    _person(remove)
    remove.set_defaults(act=_remove_bundle)
    _listing(verbs, _list_bundles)


def _scope(parser: argparse.ArgumentParser) -> None:
    _person(parser)
    parser.add_argument("--domain", default="*", help="the domain of ours it counts for (default: every)")
    parser.add_argument(
        "--direction", choices=("incoming", "outgoing", "both"), default="both", help="mail that counts"
    )


def _person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", required=True, type=person, help="who decided it, as it stands on the ledger")


def _listing(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", act: object) -> None:
    listing = verbs.add_parser("list", help="what is believed")
    listing.add_argument("--json", action="store_true", help="the same as JSON")
    listing.set_defaults(act=act)


def _add_anchors(args: argparse.Namespace) -> int:
    from hub.bootstrap.direct import certificates, fingerprint, trust_folder  # noqa: PLC0415 - so that --help is fast

    folder, found = trust_folder(_settings()), certificates(_content(args.file))
    # On the ledger before it counts: nobody is believed whom no record names.
    _record("added", [(fingerprint(each), "anchor", args.domain, args.direction) for each in found], args.by)
    for certificate in found:
        added = folder.add_anchor(certificate, args.domain, args.direction, args.by)
        print(f"{added.fingerprint[:16]}  {added.direction:<8}  {added.domain}  {certificate.subject.rfc4514_string()}")
    return 0


def _remove_anchor(args: argparse.Namespace) -> int:
    from hub.bootstrap.direct import trust_folder  # noqa: PLC0415 - so that --help is fast

    gone = trust_folder(_settings()).remove_anchor(args.fingerprint, args.domain)
    for each in gone:
        print(f"{each.fingerprint[:16]} is no longer believed for {each.domain}.")
    if not gone:
        raise Rejected("No anchor begins with these digits.")
    # Believed no longer, whether or not the database is there to say so.
    _record("removed", [(each.fingerprint, "anchor", each.domain, each.direction) for each in gone], args.by)
    return 0


def _list_anchors(args: argparse.Namespace) -> int:
    from hub.bootstrap.direct import certificates, trust_folder  # noqa: PLC0415 - so that --help is fast

    entries = trust_folder(_settings()).entries()
    anchors = entries.anchors
    if args.json:
        print(json.dumps([asdict(each) for each in anchors]))
        return 0
    print(f"{'SHA-256':<16}  {'DIRECTION':<9} {'DOMAIN':<24} {'UNTIL':<10}  BY           NAME")
    for each in anchors:
        (certificate,) = certificates(each.certificate.encode())
        until = certificate.not_valid_after_utc.date().isoformat()
        name = certificate.subject.rfc4514_string()
        print(f"{each.fingerprint[:16]}  {each.direction:<9} {each.domain:<24} {until}  {each.added_by:<12} {name}")
    checked = (
        "are checked against these anchors" if entries.checks_outgoing else "need no anchor, only a verified entry"
    )
    print(f"Partners that we write to {checked}.")
    return 0


def _add_bundle(args: argparse.Namespace) -> int:
    from hub.bootstrap.direct import BundleAsked, add_bundle  # noqa: PLC0415 - so that --help is fast
    from hub.cli.local import on_hub  # noqa: PLC0415

    asked = BundleAsked(
        url=args.url,
        domain=args.domain,
        direction=args.direction,
        signer=_content(args.signer) if args.signer else None,
        refresh_hours=args.hours,
        by=args.by,
    )
    count = on_hub(lambda hub: add_bundle(asked, _settings(), hub.database))
    print(f"{count} anchors are believed from this bundle.")
    return 0


def _remove_bundle(args: argparse.Namespace) -> int:
    from hub.bootstrap.direct import trust_folder  # noqa: PLC0415 - so that --help is fast
    from hub.bootstrap.trusted import named  # noqa: PLC0415

    if not trust_folder(_settings()).remove_bundle(args.url):
        raise Rejected("There is no bundle of this address.")
    print("The bundle is no longer believed.")
    _record("removed", [(named(args.url), "bundle", "", "")], args.by)
    return 0


def _list_bundles(args: argparse.Namespace) -> int:
    from hub.bootstrap.direct import trust_folder  # noqa: PLC0415 - so that --help is fast

    folder = trust_folder(_settings())
    bundles = folder.entries().bundles
    if args.json:
        print(json.dumps([asdict(each) for each in bundles]))
        return 0
    print(f"{'RENEWED (UTC)':<16}  {'DIRECTION':<9} {'DOMAIN':<24} {'SIGNED':<6}  ADDRESS")
    for each in bundles:
        at = datetime.fromtimestamp(folder.renewed_at(each) / 1_000_000, UTC)
        signed = "yes" if each.signer else "no"
        print(f"{at:%Y-%m-%d %H:%M}  {each.direction:<9} {each.domain:<24} {signed:<6}  {each.url}")
    return 0


def _refresh(_args: argparse.Namespace) -> int:
    from hub.bootstrap.direct import trust_service  # noqa: PLC0415 - so that --help is fast
    from hub.cli.local import on_hub  # noqa: PLC0415

    async def renew(hub: "Hub") -> int:
        failed = 0
        async with trust_service(_settings(), hub.database) as service:
            for each in await service.refresh(every=True):
                failed += each.anchors is None
                fault = f"not renewed ({each.fault}); the last good content stays"
                print(f"{each.bundle.url}  {fault if each.anchors is None else f'{each.anchors} anchors'}")
        return failed

    if on_hub(renew):
        raise Unavailable("Some bundles were not renewed.")
    return 0


def _record(deed: str, changed: list[tuple[str, str, str, str]], by: str) -> None:
    """One ledger entry for each authority or bundle: its SHA-256, which of the two it is, domain and direction."""
    from hub.bootstrap.trusted import Change, record  # noqa: PLC0415 - so that --help is fast
    from hub.cli.local import on_hub  # noqa: PLC0415

    changes = [
        Change(digest=digest, what=what, deed=deed, domain=domain, direction=direction, by=by)
        for digest, what, domain, direction in changed
    ]
    on_hub(lambda hub: record(hub.database, changes))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise Malformed("A file that was named cannot be read.") from None


def _settings() -> "Settings":
    from hub.settings import read_settings  # noqa: PLC0415 - so that --help is fast

    return read_settings()
