"""FHIR over HTTP: JSON alone in both directions; resources as `application/fhir+json`, errors as OperationOutcome.

INVARIANT: no-existence-leak. The neutral refusal is the same bytes on every route.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from hub.errors import NotAcceptable, Unsupported
from hub.web.body import read_body

TYPE = "application/fhir+json"
FHIR = "/fhir/"
"""Routes under it answer errors as OperationOutcome."""
_CODES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    408: "timeout",
    409: "conflict",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "business-rule",
    428: "required",
    429: "throttled",
    503: "transient",
}
_JSON = (TYPE, "application/json")
_FORMATS = {*_JSON, "json", "text/json", "application/fhir json"}
"""Of `_format`; the last one is what a plus sign that nobody escaped becomes."""
_RANGES = {*_JSON, "text/json", "application/*", "*/*"}


def check_accept(request: web.Request) -> None:
    """Raises `NotAcceptable` if neither `_format` nor Accept leaves JSON."""
    stated = request.query.get("_format")
    if stated is not None:
        if _plain(stated) not in _FORMATS:
            raise NotAcceptable("Only JSON is supported.", field="_format")
        return
    accepted = [each for header in request.headers.getall("Accept", []) for each in header.split(",") if each.strip()]
    if accepted and not any(_plain(each) in _RANGES and not _refused(each) for each in accepted):
        raise NotAcceptable("Only JSON is supported.", field="Accept")


async def read_fhir(request: web.Request, limit: int) -> bytes:
    """The body of a FHIR resource in JSON. Raises `Unsupported` for XML and other types, and as `read_body`."""
    charset = (request.charset or "utf-8").lower().replace("_", "-")
    if request.content_type not in _JSON or charset not in ("utf-8", "utf8", "us-ascii"):
        raise Unsupported("This takes application/fhir+json in UTF-8.", field="Content-Type")
    return await read_body(request, limit)


def fhir(resource: Mapping[str, Any], status: int = 200) -> web.Response:
    """A resource."""
    return web.Response(status=status, body=msgspec.json.encode(resource), content_type=TYPE)


def informed(words: str, status: int) -> web.Response:
    """An OperationOutcome that everything is well."""
    issue = {"severity": "information", "code": "informational", "details": {"text": words}}
    return fhir({"resourceType": "OperationOutcome", "issue": [issue]}, status)


def as_outcome(problem: web.Response) -> web.Response:
    """A problem (RFC 9457) as the OperationOutcome of the same status, code and words."""
    body = problem.body
    assert isinstance(body, bytes)
    stated = msgspec.json.decode(body)
    issue = {
        "severity": "error",
        "code": _CODES.get(problem.status, "exception"),
        "details": {"coding": [{"system": "urn:part2hub:problem", "code": stated["code"]}], "text": stated["detail"]},
        **({"expression": [stated["field"]]} if "field" in stated else {}),
        **({"diagnostics": stated["id"]} if "id" in stated else {}),
    }
    response = fhir({"resourceType": "OperationOutcome", "issue": [issue]}, problem.status)
    for name in ("WWW-Authenticate", "Retry-After", "Allow"):
        if name in problem.headers:
            response.headers[name] = problem.headers[name]
    return response


def _plain(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _refused(accepted: str) -> bool:
    """`q=0` says: anything but this."""
    weights = [each.strip().lower() for each in accepted.split(";")[1:]]
    return any(each.startswith("q=") and not each[2:].strip("0.") for each in weights)
