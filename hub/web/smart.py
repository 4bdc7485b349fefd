"""SMART Backend Services: where a client finds the token address, and where it gets a token (RFC 6749, RFC 7523)."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from hub.context import Hub
from hub.errors import Malformed, NotAvailable, Unauthorized
from hub.smart import assertions, grants
from hub.smart.keys import ALGORITHMS, KeyCache
from hub.web.access import HUB, PUBLIC, Route
from hub.web.body import FORM, read_body

KEYS = web.AppKey("smart_keys", KeyCache)
_MOST_BYTES = 16 * 1024
_KNOWN = {"grant_type", "scope", "client_assertion_type", "client_assertion"}


async def configuration(request: web.Request) -> web.Response:
    """`GET /.well-known/smart-configuration`, also under the FHIR base."""
    stated = {
        "issuer": _base(request.app[HUB]),
        "token_endpoint": _token_url(request.app[HUB]),
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": sorted(ALGORITHMS),
        "scopes_supported": ["system/*.cruds"],
        "capabilities": ["client-confidential-asymmetric", "permission-v2"],
    }
    return web.Response(body=msgspec.json.encode(stated), content_type="application/json")


async def token(request: web.Request) -> web.Response:
    """`POST /oauth/token`: client_credentials with a signed assertion; errors as RFC 6749 §5.2."""
    hub = request.app[HUB]
    url = _token_url(hub)
    form = await _form(request)
    wrong = _wrong(form)
    if wrong is not None:
        return _error(wrong, 401 if wrong == "invalid_client" else 400)
    try:
        asserted = await assertions.check(hub, request.app[KEYS], form["client_assertion"], url)
        granted = await grants.grant(hub, asserted, form.get("scope", ""))
    except Unauthorized:
        return _error("invalid_client", 401)
    except Malformed:
        return _error("invalid_scope", 400)
    body = {
        "access_token": granted.token,
        "token_type": "bearer",
        "expires_in": grants.LIFE_S,
        "scope": granted.scope,
    }
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")


async def _form(request: web.Request) -> dict[str, str]:
    """The fields; none if they are not a form, or one is given twice."""
    if request.content_type != FORM:
        return {}
    pairs = parse_qsl((await read_body(request, _MOST_BYTES)).decode("latin-1"), keep_blank_values=True)
    form = dict(pairs)
    return form if len(form) == len(pairs) else {}


def _wrong(form: Mapping[str, str]) -> str | None:
    if form.keys() - _KNOWN or "client_assertion" not in form:
        return "invalid_request"
    if form.get("grant_type") != "client_credentials":
        return "unsupported_grant_type"
    return None if form.get("client_assertion_type") == assertions.TYPE else "invalid_client"


def _base(hub: Hub) -> str:
    """The hub's own address: from the settings, since a Host header is the caller's word."""
    if hub.address is None:
        raise NotAvailable
    return hub.address.rstrip("/")


def _token_url(hub: Hub) -> str:
    return f"{_base(hub)}/oauth/token"


def _error(code: str, status: int) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode({"error": code}), content_type="application/json")


ROUTES = (
    Route("GET", "/.well-known/smart-configuration", configuration, PUBLIC),
    Route("GET", "/fhir/.well-known/smart-configuration", configuration, PUBLIC),
    Route("POST", "/oauth/token", token, PUBLIC),
)
