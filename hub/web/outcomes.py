"""FHIR answers: resources as `application/fhir+json`, errors as OperationOutcome in fixed words.

INVARIANT: no-existence-leak. The neutral refusal is the same bytes on every route.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

TYPE = "application/fhir+json"
FHIR = "/fhir/"
"""Routes under it answer errors as OperationOutcome."""
_CODES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
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
