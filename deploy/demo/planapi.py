"""A managed care plan's HTTPS API, for the demonstration and for tests: takes FHIR messages and sealed
envelopes.

    python -m deploy.demo.planapi KEYS FOLDER [PORT]

    POST /fhir/$process-message   a FHIR message bundle
    POST /envelopes               a sealed envelope

It verifies the hub's signature, the freshness and the digest, drops repeats, opens the envelope with its own
key, writes what it took to its folder (DELIVERY.json, DELIVERY-document-1.pdf, …) and signs an
acknowledgement. `fault` makes it misbehave, before or after it was given any content.
"""

import asyncio
import base64
import hashlib
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from adapters.api import envelope, fhir
from adapters.api.signature import (
    FRESH_SECONDS,
    Signed,
    content_digest,
    sign_acknowledgement,
    verify_delivery,
)
from hub.errors import IntegrityFailed
from hub.model import Document

_MAX_BODY = 40 * 1024 * 1024
_EXTENSIONS = {"application/pdf": "pdf", "application/fhir+json": "json", "text/plain": "txt"}


class PlanFault(StrEnum):
    """What the API can be told to do wrong; the first three before any content was sent to it."""

    NONE = "none"
    BUSY = "busy"  # 503 with Retry-After
    FORBIDDEN = "forbidden"  # 403
    SILENT = "silent"
    DROP_IN_BODY = "drop-in-body"
    ERROR = "error"  # 500 with no signature, as a proxy would answer
    BUSY_AFTER_BODY = "busy-after-body"  # 503, likewise
    SIGNED_BUSY = "signed-busy"  # 503 and a signature: it kept nothing
    SIGNED_REFUSAL = "signed-refusal"  # 403 and a signature: it kept nothing
    SILENT_AFTER_BODY = "silent-after-body"
    NO_ACKNOWLEDGEMENT = "no-acknowledgement"  # 200 with no signature
    FALSE_ACKNOWLEDGEMENT = "false-acknowledgement"  # 200 signed with another key
    NONSENSE = "nonsense"  # not HTTP
    ENDLESS = "endless"  # an answer that never ends


_BEFORE_BODY = {PlanFault.BUSY: 503, PlanFault.FORBIDDEN: 403}
_AFTER_BODY = {
    PlanFault.ERROR: 500,
    PlanFault.BUSY_AFTER_BODY: 503,
    PlanFault.SIGNED_BUSY: 503,
    PlanFault.SIGNED_REFUSAL: 403,
}


class Refusal(Exception):
    """What the plan answers instead of taking a delivery: a status, and a reason for its own log."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass
class PlanApi:
    """The plan's keys, what it trusts, and what it received. `hub_keys`: key id to Ed25519 public key."""

    folder: Path
    opening_key: PrivateKey
    signing_key: SigningKey
    hub_keys: dict[str, bytes]
    key_id: str = "plan-1"
    fault: PlanFault = PlanFault.NONE
    received: list[Any] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    repeats: int = 0
    contents_seen: int = 0
    connections: set[int] = field(default_factory=set)
    _seen: dict[str, str] = field(default_factory=dict)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=_MAX_BODY)
        for path in ("/fhir/$process-message", "/envelopes"):
            app.router.add_post(path, self._receive, expect_handler=self._asked)
        return app

    def digest_of(self, delivery: str) -> str:
        """SHA-256 in hex of the body taken under this delivery id. Raises `KeyError` if none was."""
        return base64.b64decode(self._seen[delivery].partition("=:")[2].rstrip(":")).hex()

    async def _asked(self, request: web.Request) -> web.StreamResponse | None:
        """Answers a delivery's head before its body comes."""
        if self.fault is PlanFault.SILENT:
            await asyncio.sleep(60)
        if self.fault in _BEFORE_BODY:
            return web.Response(status=_BEFORE_BODY[self.fault], headers={"Retry-After": "7"})
        try:
            self._verify(request, request.headers.get("Content-Digest", ""))
        except Refusal as refusal:
            self.refused.append(refusal.reason)
            return web.Response(status=refusal.status)
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return None

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(id(request.transport))
        if self.fault is PlanFault.DROP_IN_BODY:
            await request.content.read(1)
            self.contents_seen += 1
            request.transport.abort()
            return web.Response()
        body = await request.read()
        self.contents_seen += 1
        digest = content_digest(hashlib.sha256(body).digest())
        if self.fault is not PlanFault.NONE:
            return await self._misbehave(request, digest)
        try:
            signed = self._verify(request, digest)
            self._take(request.path, body, signed, digest)
        except Refusal as refusal:
            self.refused.append(refusal.reason)
            return web.Response(status=refusal.status)
        return self._acknowledge(200, digest, signed.delivery, self.signing_key)

    def _verify(self, request: web.Request, digest: str) -> Signed:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            signed = verify_delivery(headers, request.host, request.path, digest, self.hub_keys)
        except IntegrityFailed as error:
            raise Refusal(401, error.detail_code) from None
        if abs(signed.created - time.time()) > FRESH_SECONDS:
            raise Refusal(401, "stale")
        return signed

    def _take(self, path: str, body: bytes, signed: Signed, digest: str) -> None:
        earlier = self._seen.get(signed.delivery)
        if earlier == digest:
            self.repeats += 1
            return
        if earlier is not None:
            raise Refusal(409, "other content under a known delivery id")
        if path == "/envelopes":
            self._take_envelope(body, signed)
        else:
            self._take_bundle(body, signed)
        self._seen[signed.delivery] = digest

    def _take_envelope(self, body: bytes, signed: Signed) -> None:
        try:
            content = envelope.open_envelope(body, self.opening_key)
        except IntegrityFailed as error:
            raise Refusal(422, error.detail_code) from None
        if (content.delivery, content.signed_by) != (signed.delivery, signed.key_id):
            raise Refusal(422, "envelope of another delivery or signer")
        self.received.append(content)
        self._file(content.delivery, msgspec.json.format(msgspec.json.encode(content)), content.documents)

    def _take_bundle(self, body: bytes, signed: Signed) -> None:
        try:
            bundle = json.loads(body)
            kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
            fits = (bundle["type"], kinds[0], bundle["id"]) == ("message", "MessageHeader", signed.delivery)
        except (ValueError, KeyError, TypeError, IndexError):
            fits = False
        if not fits:
            raise Refusal(422, "not a message bundle of this delivery")
        self.received.append(bundle)
        self._file(signed.delivery, json.dumps(bundle, indent=2).encode(), bundle_documents(bundle))

    def _file(self, delivery: str, content: bytes, documents: tuple[Document, ...]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{delivery}.json").write_bytes(content)
        for number, document in enumerate(documents, 1):
            extension = _EXTENSIONS.get(document.media_type.partition(";")[0], "bin")
            (self.folder / f"{delivery}-document-{number}.{extension}").write_bytes(document.content)

    def _acknowledge(self, status: int, digest: str, delivery: str, key: SigningKey) -> web.Response:
        created = int(time.time())
        signature = sign_acknowledgement(
            key, self.key_id, status=status, digest=digest, delivery=delivery, created=created
        )
        return web.Response(status=status, headers=dict(signature))

    async def _misbehave(self, request: web.Request, digest: str) -> web.StreamResponse:
        delivery = request.headers["Signature-Input"].partition('nonce="')[2].partition('"')[0]
        match self.fault:
            case PlanFault.SIGNED_BUSY | PlanFault.SIGNED_REFUSAL:
                return self._acknowledge(_AFTER_BODY[self.fault], digest, delivery, self.signing_key)
            case PlanFault.FALSE_ACKNOWLEDGEMENT:
                return self._acknowledge(200, digest, delivery, SigningKey.generate())
            case PlanFault.SILENT_AFTER_BODY:
                await asyncio.sleep(60)
            case PlanFault.NONSENSE:
                request.transport.write(b"\x16\x03nonsense\r\n\r\n")
                await asyncio.sleep(1)
            case PlanFault.ENDLESS:
                request.transport.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000)
                await asyncio.sleep(1)
        return web.Response(status=_AFTER_BODY.get(self.fault, _BEFORE_BODY.get(self.fault, 200)))


def bundle_documents(bundle: dict[str, Any]) -> tuple[Document, ...]:
    """The documents in a message bundle, as its DocumentReferences point to them; the first is the cover
    text.
    """
    by_url = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    references = [one for one in by_url.values() if one["resourceType"] == "DocumentReference"]
    attachments = [reference["content"][0]["attachment"] for reference in references]
    return tuple(
        Document(
            id=attachment["url"],
            title=attachment["title"],
            information="",
            media_type=attachment["contentType"],
            content=base64.b64decode(by_url[attachment["url"]]["data"]),
        )
        for attachment in attachments[1:]
    )


@asynccontextmanager
async def plan_api(
    api: PlanApi, tls: ssl.SSLContext | None, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[int]:
    """Serves `api` on `port` (0: any free one) until left; yields the port. No TLS only for benchmarks on
    loopback.
    """
    runner = web.AppRunner(api.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def api_from(keys: Path, folder: Path, hub_key_id: str = "hub-1") -> PlanApi:
    """The plan with the keys that `deploy.demo.authority` made."""
    return PlanApi(
        folder,
        PrivateKey((keys / "mcp-x25519.key").read_bytes()),
        SigningKey((keys / "mcp-ed25519.key").read_bytes()),
        {hub_key_id: (keys / "hub-ed25519.pub").read_bytes()},
    )


async def main(keys: Path, folder: Path, port: int) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(keys / "api-tls.crt", keys / "api-tls.key")
    async with plan_api(api_from(keys, folder), tls, port=port) as listening:
        print(f"plan API on https://127.0.0.1:{listening}{fhir.OPERATION} and /envelopes, received in {folder}")
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 8443))
