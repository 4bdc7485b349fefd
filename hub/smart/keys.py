"""The public keys of a client: an inline JWKS, or one fetched over https and remembered.

Rules kept: ES384 on P-384 and RS384 with 2048 bits or more, nothing else: a set's other keys (for encryption, for other
algorithms) are passed over; one with private or shared material is refused whole; a key id that is not known asks the
client's server again at most once a minute; while that server is away, what it said last counts for a day.
"""

import base64
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from hub.errors import Malformed, Unauthorized
from hub.ports import Fetch

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

ALGORITHMS = {"ES384": "EC", "RS384": "RSA"}
"""Allowed, and the type of key that each needs."""
Key: TypeAlias = "ECKey | RSAKey"
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_LEAST_BITS = 2048
_MOST_KEYS = 20
_MOST_BYTES = 64 * 1024
_FRESH_S = 3600.0
_AGAIN_S = 60.0
_LAST_S = 86_400.0


def read_jwks(raw: bytes | str) -> Mapping[str, Key]:
    """The keys by id. Raises `Malformed` for a set that is not one of public keys of the allowed kinds."""
    from joserfc.errors import JoseError  # noqa: PLC0415 - 9 MiB that only a hub with such clients needs

    if len(raw) > _MOST_BYTES:
        raise Malformed("The key set is too large.", field="jwks")
    try:
        found: Any = msgspec.json.decode(raw)
        keys = found["keys"]
        sound = 0 < len(keys) <= _MOST_KEYS and not any(_PRIVATE & each.keys() for each in keys)
        usable = [each for each in keys if sound and _usable(each)]
        imported = [_import(each) for each in usable]
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Malformed("This is no JSON Web Key Set.", field="jwks") from None
    if not usable:
        raise Malformed("A key set holds public keys: EC on P-384, RSA of 2048 bits or more.", field="jwks")
    by_id = {str(each["kid"]): key for each, key in zip(usable, imported, strict=True) if each.get("kid")}
    if len(by_id) < len(usable):
        raise Malformed("Each key has a kid of its own.", field="jwks")
    return by_id


class KeyCache:
    """Fetched key sets, by address."""

    def __init__(self, fetch: Fetch | None, clock: Callable[[], float] | None = None) -> None:
        self._fetch = fetch
        self._clock = clock or time.monotonic
        self._known: dict[str, _Known] = {}

    async def key(self, url: str, key_id: str) -> Key:
        """The key of this id at this address. Raises `Unauthorized` if there is none, or nobody answers."""
        known = self._known.get(url, _NOTHING)
        now = self._clock()
        stale = now - known.read_at >= _FRESH_S or key_id not in known.keys
        if stale and now - known.asked_at >= _AGAIN_S:
            known = await self._read(url, known, now)
            self._known[url] = known
        if key_id not in known.keys:
            raise Unauthorized("The client is not known by this assertion.")
        return known.keys[key_id]

    async def _read(self, url: str, known: "_Known", now: float) -> "_Known":
        try:
            return _Known(now, now, read_jwks(await self._fetch(url) if self._fetch else b""))
        except OSError:  # away: what it said last, for a while
            return known._replace(asked_at=now) if now - known.read_at < _LAST_S else _NOTHING._replace(asked_at=now)
        except Malformed:
            return _NOTHING._replace(asked_at=now)


class _Known(NamedTuple):
    """A key set, when it was read, and when its server was asked last; in seconds of the process's clock."""

    asked_at: float
    read_at: float
    keys: Mapping[str, Key]


_NOTHING = _Known(-_LAST_S, -_LAST_S, {})


def _import(jwk: dict[str, Any]) -> Key:
    from joserfc.jwk import ECKey, RSAKey  # noqa: PLC0415 - see above

    return ECKey.import_key(jwk) if jwk["kty"] == "EC" else RSAKey.import_key(jwk)


def _usable(jwk: dict[str, Any]) -> bool:
    if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ("verify",)):
        return False
    if jwk.get("alg", "") not in ("", *ALGORITHMS):
        return False
    if jwk["kty"] == "RSA":
        modulus = base64.urlsafe_b64decode(jwk["n"] + "==")
        return int.from_bytes(modulus).bit_length() >= _LEAST_BITS
    return bool(jwk["kty"] == "EC" and jwk["crv"] == "P-384")
