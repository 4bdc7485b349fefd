"""Signed requests (RFC 9421): from an organization that has registered a key, nothing unsigned is taken.

A bearer token that leaks is then of no use by itself; a captured request is of no use a second time. What they are
answered with is signed by the hub's key for deliveries, refusals too: so the sender can show what was taken.
"""

import base64
from urllib.parse import urlsplit

from aiohttp import web

from hub.crypto.keyring import KeyKind
from hub.errors import IntegrityFailed, Unauthorized
from hub.ports import Stamp
from hub.storage import signers
from hub.web.access import HUB, PUBLIC, Route, who_calls
from hub.web.body import json_response

_STAMP = web.RequestKey("stamp", Stamp)


async def check(request: web.Request, body: bytes) -> bool:
    """Whether the request is signed as it must be; false where nothing asks for it. Raises `Unauthorized`."""
    hub, who = request.app[HUB], who_calls(request)
    if not who.signers:
        return False
    if hub.signatures is None:
        raise Unauthorized("Signed requests cannot be read here.", code="signature-absent")
    authority = _authority(hub.address or f"{request.scheme}://{request.host}")
    headers = {name.lower(): ", ".join(request.headers.getall(name)) for name in request.headers}
    try:
        stamp = hub.signatures.read(headers, authority, request.rel_url.raw_path, body, dict(who.signers))
    except IntegrityFailed as error:
        raise Unauthorized(error.message, code=error.detail_code) from None
    await signers.use_once(hub, who.organization, stamp.key_id, stamp.nonce, stamp.created_s)
    request[_STAMP] = stamp
    return True


def acknowledge(request: web.Request, response: web.StreamResponse) -> None:
    """Signs the answer to a request whose signature was read; every other answer stays as it is."""
    hub, stamp = request.app[HUB], request.get(_STAMP)
    if stamp is None or hub.signatures is None or not isinstance(response, web.Response):
        return
    assert isinstance(response.body, bytes)
    key, now = hub.ring.active(KeyKind.DELIVERY), hub.clock.now() // 1_000_000
    response.headers.update(hub.signatures.acknowledge(key.secret, key.id, stamp, response.status, response.body, now))


async def keys(request: web.Request) -> web.Response:
    """`GET /.well-known/jwks.json`: the public keys of what the hub signs for partners, the present one last."""
    found = [
        {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.id, "x": _base64url(key.public)}
        for key in request.app[HUB].ring.all_of(KeyKind.DELIVERY)
    ]
    return json_response({"keys": found})


def _authority(address: str) -> str:
    """`@authority` (RFC 9421 §2.2.3): in lower case, without the scheme's own port."""
    found = urlsplit(address)
    own = ":443" if found.scheme == "https" else ":80"
    return found.netloc.lower().removesuffix(own)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


ROUTES = (Route("GET", "/.well-known/jwks.json", keys, PUBLIC),)
