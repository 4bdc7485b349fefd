"""Signed requests (RFC 9421): from an organization that has registered a key, nothing unsigned is taken.

A bearer token that leaks is then of no use by itself; a captured request is of no use a second time.
"""

from urllib.parse import urlsplit

from aiohttp import web

from hub.errors import IntegrityFailed, Unauthorized
from hub.storage import signers
from hub.web.access import HUB, who_calls


async def check(request: web.Request, body: bytes) -> bool:
    """Whether the request is signed as it must be; false where nothing asks for it. Raises `Unauthorized`."""
    hub, who = request.app[HUB], who_calls(request)
    if not who.signers:
        return False
    if hub.signatures is None:
        raise Unauthorized("Signed requests cannot be read here.", code="signature-absent")
    authority = urlsplit(hub.address).netloc if hub.address else request.host
    headers = {name.lower(): ", ".join(request.headers.getall(name)) for name in request.headers}
    try:
        stamp = hub.signatures.read(headers, authority, request.path, body, dict(who.signers))
    except IntegrityFailed as error:
        raise Unauthorized(error.message, code=error.detail_code) from None
    await signers.use_once(hub, who.organization, stamp.key_id, stamp.nonce, stamp.created_s)
    return True
