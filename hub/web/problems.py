"""Errors as the outside sees them: RFC 9457 problem details, in fixed words, with an id to quote.

INVARIANT: no-existence-leak. The neutral refusal has no id of its own, so that all of them are the same bytes.
"""

import http
from typing import Any

import msgspec
import structlog
from aiohttp import web

from hub.errors import HubError, NotAvailable, TooOften, TooSlow, Unauthorized
from hub.model import new_id

_log = structlog.get_logger()
_KIND = "urn:part2hub:problem:"
_TYPE = "application/problem+json"
_RETRY_AFTER_S = "5"

# What aiohttp itself refuses, in our codes; its own texts may quote the request.
_FOREIGN = {
    404: ("not-available", NotAvailable().message),
    405: ("method-not-allowed", "This address does not take this method."),
    413: ("too-large", "The body is over the limit."),
}


def problem_of(error: BaseException) -> web.Response:
    """The one place where an error becomes a response."""
    if isinstance(error, HubError) and error.status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return _known(error)
    if isinstance(error, web.HTTPException):
        code, words = _FOREIGN.get(error.status, ("malformed", "The request is not understood."))
        response = _problem(error.status, code, words, quote=error.status != http.HTTPStatus.NOT_FOUND)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    if isinstance(error, HubError):
        return _unable(error)
    return _failed(error)


def _known(error: HubError) -> web.Response:
    quote = not isinstance(error, NotAvailable)
    response = _problem(error.status, error.detail_code, error.message, field=error.field, quote=quote)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooOften):
        response.headers["Retry-After"] = _RETRY_AFTER_S
    if isinstance(error, TooSlow):
        response.force_close()
    return response


def _unable(error: HubError) -> web.Response:
    reference = new_id()
    _log.error("request failed", code=error.detail_code, id=reference)
    unavailable = error.status == http.HTTPStatus.SERVICE_UNAVAILABLE
    words = "The hub cannot do this now; try again." if unavailable else "The hub failed; quote the id."
    response = _problem(error.status, error.detail_code, words, reference=reference)
    if unavailable:
        response.headers["Retry-After"] = _RETRY_AFTER_S
    return response


def _failed(error: BaseException) -> web.Response:
    # The exception's own words may quote a patient; its class does not.
    reference = new_id()
    _log.error("request failed", code=type(error).__name__, id=reference)
    return _problem(500, "internal", "The hub failed; quote the id.", reference=reference)


def _problem(
    status: int, code: str, detail: str, *, field: str | None = None, reference: str = "", quote: bool = True
) -> web.Response:
    body: dict[str, Any] = {
        "type": _KIND + code,
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if field is not None:
        body["field"] = field
    if quote:
        body["id"] = reference or new_id()
    return web.Response(status=status, body=msgspec.json.encode(body), content_type=_TYPE)
