"""A client's signed assertion (RFC 7523, SMART Backend Services 2.2), checked before anything is believed of it.

Attacks stopped: `none` and shared-secret algorithms; a key that the assertion brings along (`jwk`, `x5u`, `x5c`);
a signature of another type of key than the algorithm's; an assertion for another server; one that lives long or is used
twice. Every refusal looks the same from outside.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from hub import jsontext
from hub.context import Hub
from hub.errors import Malformed, Unauthorized
from hub.model import Frozen
from hub.smart import clients
from hub.smart.clients import Client
from hub.smart.keys import ALGORITHMS, Key, KeyCache, read_jwks

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MOST_SECONDS = 300
_MOST_BYTES = 8 * 1024
_SKEW_S = 60
"""How far a client's clock may be ahead: many take the five minutes whole."""
_KNOWN_HEADERS = {"alg", "kid", "typ", "jku"}


class Asserted(Frozen, frozen=True, kw_only=True):
    """Who signed, under which single-use id. `expires_at` in microseconds."""

    client: Client
    id: str
    expires_at: int


async def check(hub: Hub, keys: KeyCache, assertion: str, token_url: str) -> Asserted:
    """The client that signed it for this server, now. Raises `Unauthorized`, always the same."""
    from joserfc import jwt  # noqa: PLC0415 - 9 MiB that only a hub with such clients needs
    from joserfc.errors import JoseError  # noqa: PLC0415 - see above
    from joserfc.jws import extract_compact  # noqa: PLC0415 - see above

    if len(assertion) > _MOST_BYTES:
        raise _refused()
    try:
        compact = extract_compact(assertion.encode("ascii"))
        header, claims = compact.headers(), msgspec.json.decode(compact.payload)
        jsontext.check(compact.payload, claims)
    except (JoseError, ValueError, TypeError, RecursionError, Malformed):
        raise _refused() from None
    if not isinstance(claims, dict) or not isinstance(header.get("kid"), str) or header.keys() - _KNOWN_HEADERS:
        raise _refused()
    named = claims.get("iss")
    client = await clients.find(hub, named) if isinstance(named, str) else None
    if client is None or header.get("jku", client.jwks_uri) != client.jwks_uri:
        raise _refused()
    key = await _key(keys, client, header)
    try:
        jwt.decode(assertion, key, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError):
        raise _refused() from None
    return _claimed(client, claims, token_url, hub.clock.now() // 1_000_000)


async def _key(keys: KeyCache, client: Client, header: Mapping[str, Any]) -> Key:
    key_id = header["kid"]
    if client.jwks_uri is not None:
        key = await keys.key(client.jwks_uri, key_id)
    else:
        known = read_jwks(client.jwks).get(key_id)
        if known is None:
            raise _refused()
        key = known
    if ALGORITHMS.get(header.get("alg", "")) != key.key_type:
        raise _refused()
    return key


def _claimed(client: Client, claims: Mapping[str, Any], token_url: str, now: int) -> Asserted:
    jti, expires = claims.get("jti"), claims.get("exp")
    started = [claims[name] for name in ("iat", "nbf") if name in claims]
    sound = (
        claims.get("sub") == client.id
        and claims.get("aud") in (token_url, [token_url])
        and isinstance(jti, str)
        and 0 < len(jti) <= 200
        and type(expires) is int
        and now < expires <= now + MOST_SECONDS + _SKEW_S
        and all(type(each) is int and each <= now + _SKEW_S for each in started)
    )
    if not sound:
        raise _refused()
    return Asserted(client=client, id=str(jti), expires_at=int(str(expires)) * 1_000_000)


def _refused() -> Unauthorized:
    return Unauthorized("The client is not known by this assertion.")
