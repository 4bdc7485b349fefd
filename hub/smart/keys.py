"""The public keys of a client: an inline JWKS, or one fetched over https and remembered.

Rules kept: ES384 on P-384 and RS384 with 2048 bits or more, nothing else; a key set with private or shared material is
refused whole; a key id that is not known asks the client's server again at most once a minute.
"""

import base64
import time
from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from hub.errors import Malformed, Unauthorized
from hub.ports import Fetch

ALGORITHMS = {"ES384": "EC", "RS384": "RSA"}
"""Allowed, and the type of key that each needs."""
Key = ECKey | RSAKey
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_LEAST_BITS = 2048
_MOST_KEYS = 20
_MOST_BYTES = 64 * 1024
_FRESH_S = 3600.0
_AGAIN_S = 60.0


def read_jwks(raw: bytes | str) -> Mapping[str, Key]:
    """The keys by id. Raises `Malformed` for a set that is not one of public keys of the allowed kinds."""
    if len(raw) > _MOST_BYTES:
        raise Malformed("The key set is too large.", field="jwks")
    try:
        found: Any = msgspec.json.decode(raw)
        keys = found["keys"]
        sound = 0 < len(keys) <= _MOST_KEYS and all(map(_strong, keys))
        imported = [_import(each) for each in keys] if sound else []
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Malformed("This is no JSON Web Key Set.", field="jwks") from None
    if not sound:
        raise Malformed("A key set holds public keys: EC on P-384, RSA of 2048 bits or more.", field="jwks")
    by_id = {str(each["kid"]): key for each, key in zip(keys, imported, strict=True) if each.get("kid")}
    if len(by_id) < len(keys):
        raise Malformed("Each key has a kid of its own.", field="jwks")
    return by_id


class KeyCache:
    """Fetched key sets, by address."""

    def __init__(self, fetch: Fetch | None) -> None:
        self._fetch = fetch
        self._known: dict[str, tuple[float, Mapping[str, Key]]] = {}

    async def key(self, url: str, key_id: str) -> Key:
        """The key of this id at this address. Raises `Unauthorized` if there is none, or nobody answers."""
        read_at, keys = self._known.get(url, (-_FRESH_S, {}))
        age = time.monotonic() - read_at
        if age >= _FRESH_S or (key_id not in keys and age >= _AGAIN_S):
            keys = await self._read(url)
            self._known[url] = time.monotonic(), keys
        if key_id not in keys:
            raise Unauthorized("The client is not known by this assertion.")
        return keys[key_id]

    async def _read(self, url: str) -> Mapping[str, Key]:
        if self._fetch is None:
            return {}
        try:
            return read_jwks(await self._fetch(url))
        except (OSError, Malformed):
            return {}


def _import(jwk: dict[str, Any]) -> Key:
    return ECKey.import_key(jwk) if jwk["kty"] == "EC" else RSAKey.import_key(jwk)


def _strong(jwk: dict[str, Any]) -> bool:
    if _PRIVATE & jwk.keys():
        return False
    if jwk["kty"] == "RSA":
        modulus = base64.urlsafe_b64decode(jwk["n"] + "==")
        return int.from_bytes(modulus).bit_length() >= _LEAST_BITS
    return bool(jwk["kty"] == "EC" and jwk["crv"] == "P-384")
