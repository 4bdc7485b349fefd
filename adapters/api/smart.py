"""SMART Backend Services 2.2, the client's side: access tokens for partners whose FHIR endpoint asks for one.

Rules kept: one assertion for each token, ES384, good for 5 minutes, its `jti` never used again; https alone, no
redirects, a bounded answer within a deadline; a token is kept until half a minute before it ends, and
forgotten once a partner refuses it. Without a token nothing is sent, so that nothing can have left.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from adapters.tls import client_context
from hub.model import Frozen, new_id

if TYPE_CHECKING:
    from joserfc.jwk import ECKey

_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_S, _MARGIN_S, _DEADLINE_S = 240, 30, 15.0
_MOST_BYTES = 64 * 1024
_USUAL_S = 300


class SmartEndpoint(Frozen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a partner gave for one of its endpoints."""

    token_url: str
    client_id: str
    scope: str


class TokenFailed(Exception):
    """No token could be had; it tells no more."""


class SmartTokens:
    """Tokens by endpoint id; `close` it. `key` is the hub's own, known to partners as `key_id`.

    `allow_plain_loopback` permits http:// to this machine, for tests alone.
    """

    def __init__(
        self,
        endpoints: Mapping[str, SmartEndpoint],
        key: "ECKey",
        key_id: str,
        *,
        allow_plain_loopback: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._endpoints = endpoints
        self._key, self._key_id = key, key_id
        self._plain = allow_plain_loopback
        self._clock = clock
        self._known: dict[str, tuple[float, str]] = {}
        self._locks = {endpoint: asyncio.Lock() for endpoint in endpoints}
        self._session: aiohttp.ClientSession | None = None

    async def bearer(self, endpoint: str) -> str | None:
        """The access token for this endpoint; none if it asks for none. Raises `TokenFailed`."""
        wanted = self._endpoints.get(endpoint)
        if wanted is None:
            return None
        async with self._locks[endpoint]:
            until, token = self._known.get(endpoint, (0.0, ""))
            if until <= self._clock():
                until, token = await self._fetch(wanted)
                self._known[endpoint] = until, token
            return token

    def forget(self, endpoint: str) -> None:
        """The partner refused it."""
        self._known.pop(endpoint, None)

    async def close(self) -> None:
        """Ends the connections."""
        if self._session is not None:
            await self._session.close()

    async def _fetch(self, wanted: SmartEndpoint) -> tuple[float, str]:
        parts = urlsplit(wanted.token_url)
        if parts.scheme != "https" and not (self._plain and parts.hostname == "127.0.0.1"):
            raise TokenFailed
        form = {
            "grant_type": "client_credentials",
            "scope": wanted.scope,
            "client_assertion_type": _TYPE,
            "client_assertion": self._assertion(wanted),
        }
        try:
            async with self._open().post(wanted.token_url, data=form, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise TokenFailed
                return self._granted(await answer.content.read(_MOST_BYTES))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            raise TokenFailed from None

    def _granted(self, body: bytes) -> tuple[float, str]:
        answer = json.loads(body)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        # A token goes into a header: nothing that could end one.
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token or not token:
            raise TokenFailed
        if str(answer.get("token_type", "")).lower() != "bearer":
            raise TokenFailed
        life = answer.get("expires_in", _USUAL_S)
        life = life if type(life) is int and 0 < life <= 86_400 else _USUAL_S
        return self._clock() + life - _MARGIN_S, token

    def _assertion(self, wanted: SmartEndpoint) -> str:
        claims = {
            "iss": wanted.client_id,
            "sub": wanted.client_id,
            "aud": wanted.token_url,
            "exp": int(self._clock()) + _ASSERTION_S,
            "jti": new_id(),
        }
        header = {"alg": "ES384", "kid": self._key_id, "typ": "JWT"}
        from joserfc import jwt  # noqa: PLC0415 - 9 MiB that only a hub with such partners needs

        return jwt.encode(header, claims, self._key, algorithms=["ES384"])

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=client_context(None), limit_per_host=2)
            timeout = aiohttp.ClientTimeout(total=_DEADLINE_S)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)
        return self._session
