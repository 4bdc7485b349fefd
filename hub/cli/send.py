"""`part2hub send`: hand in a packet, to this hub's own database or to a hub's API."""

import argparse
import asyncio
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hub.errors import ConfigurationError, Malformed, Unauthorized, Unavailable
from hub.variables import TOKEN

if TYPE_CHECKING:
    from hub.context import Hub

_HELP = """\
Hands in a packet: a manifest (JSON: kind, member, purpose, recipients, items) and one file for each item's document.

  part2hub send packet.json --from harbor --document summary=discharge.pdf --document labs=labs.json
  part2hub send packet.json --document summary=discharge.pdf --to-url https://hub.county.example --token "$TOKEN"

Sent again, the same content is the same submission; --key makes it another. The token may also stand in $HUB_TOKEN,
where other users of this machine cannot read it.

What stays is listed with its paragraphs; `part2hub check` says it in words, and what would let it go.

Exit codes: 0 something will go, 1 nothing will, 2 the packet is wrong, 3 a setting is refused, 4 no hub.
"""
_WAITING = {"queued", "claimed", "in_flight", "delivered"}
_TIMEOUT_S = 120


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `send` command."""
    parser = subparsers.add_parser(
        "send",
        help="hand in a packet",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("manifest", type=Path, metavar="MANIFEST.json", help="what is sent, to whom and why")
    parser.add_argument("--document", action="append", default=[], metavar="NAME=FILE", help="may be given again")
    parser.add_argument("--from", dest="sender", metavar="ORGANIZATION", help="who sends, on this hub's own database")
    parser.add_argument("--to-url", metavar="URL", help="a hub's address, instead of this hub's own database")
    parser.add_argument("--token", default=os.environ.get(TOKEN), help=f"for --to-url (default: ${TOKEN})")
    parser.add_argument("--key", help="idempotency key (default: of the content)")
    parser.add_argument("--json", action="store_true", help="print the submission as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Hand in, and print where each recipient's share stands."""
    from hub.cli.files import read_file  # noqa: PLC0415 - so that --help is fast
    from hub.cli.local import on_hub  # noqa: PLC0415 - as above
    from hub.intake import MAX_DOCUMENT_BYTES  # noqa: PLC0415

    manifest = read_file(args.manifest, 1 << 20)
    documents = {}
    for given in args.document:
        name, equals, path = given.partition("=")
        if not equals or name in documents:
            raise Malformed("Documents are given as NAME=FILE, each name once.", field="--document")
        documents[name] = read_file(Path(path), MAX_DOCUMENT_BYTES)
    digest = _digest(manifest, documents)
    key = args.key or f"content-{digest.hex()[:32]}"
    if args.to_url:
        view = asyncio.run(_over_http(args.to_url, args.token, key, manifest, documents))
    elif args.sender:
        view = on_hub(lambda hub: _here(hub, args.sender, key, manifest, documents), decides=True)
    else:
        raise ConfigurationError("Say who sends (--from), or where to (--to-url and --token).")
    print(json.dumps(view) if args.json else "\n".join(_lines(view)))
    return 0 if any(each["state"] in _WAITING for each in view["recipients"]) else 1


async def _here(hub: "Hub", sender: str, key: str, manifest: bytes, documents: Mapping[str, bytes]) -> dict[str, Any]:
    from hub import exchange, views  # noqa: PLC0415
    from hub.intake import read_manifest  # noqa: PLC0415
    from hub.manifest import Handed  # noqa: PLC0415

    if sender not in (await hub.directory.current()).organizations:
        raise Malformed("No such organization in the directory.", field="--from")
    digest = _digest(manifest, documents)
    handed = Handed(sender=sender, key=key, manifest=read_manifest(manifest), documents=documents, body_digest=digest)
    return await views.submission(hub, await exchange.submit(hub, handed), sender)


async def _over_http(
    url: str, token: str | None, key: str, manifest: bytes, documents: Mapping[str, bytes]
) -> dict[str, Any]:
    import aiohttp  # noqa: PLC0415

    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ConfigurationError("A hub on another machine is reached by https only.")
    if not token:
        raise ConfigurationError(f"--to-url needs --token, or ${TOKEN}.")
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("manifest", manifest, content_type="application/json")
    for name, content in documents.items():
        form.add_field(name, content, content_type="application/octet-stream")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    try:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        async with aiohttp.ClientSession(url, headers=headers, timeout=timeout) as session:
            async with session.post("/v1/submissions", data=form) as response:
                answer = await _answer(response)
            async with session.get(f"/v1/submissions/{answer['id']}") as response:
                return await _answer(response)
    except (aiohttp.ClientError, TimeoutError):
        raise Unavailable("The hub at this address does not answer.") from None


async def _answer(response: Any) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(await response.read())
    except ValueError:
        raise Unavailable("What answers at this address is not a hub.") from None
    if response.ok:
        return body
    if response.status in (401, 403):
        raise Unauthorized("The hub does not take this token for that.")
    kind = Unavailable if response.status >= 500 else Malformed
    raise kind(str(body.get("detail", "The hub refused.")), field=body.get("field"))


def _digest(manifest: bytes, documents: Mapping[str, bytes]) -> bytes:
    digest = hashlib.sha256(manifest)
    for name in sorted(documents):
        digest.update(b"\0%b\0%d\0" % (name.encode(), len(documents[name])) + documents[name])
    return digest.digest()


def _lines(view: dict[str, Any]) -> list[str]:
    lines = [f"submission {view['id']}"]
    for each in view["recipients"]:
        decided = each["decisions"][-1] if each["decisions"] else {}
        lines.append(
            f"  {each['recipient']:<24} {decided.get('outcome', ''):<8} {each['state']:<10} {each['code'] or ''}"
        )
        classes = {item["id"]: item["information"] for item in view["items"]}
        for item in decided.get("items", ()):
            if not item["permitted"]:
                laws = ", ".join(f"§{law}" for law in item["laws"])
                lines.append(f"    stays: {item['item']}, {classes.get(item['item'], '')} ({laws})")
    return lines
