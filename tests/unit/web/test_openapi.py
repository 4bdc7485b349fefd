"""The published description and the routes say the same."""

import re
from typing import Any

from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from hub.web.access import PUBLIC
from hub.web.app import ROUTES
from hub.web.openapi import document, document_json

METHODS = {"get", "put", "post", "delete", "patch"}
API = [route for route in ROUTES if route.path != "/desk" and not route.path.startswith(("/desk/", "/pickup/"))]
"""What machines call: everything but the pages of the desk and of a pick-up, which people open."""


def described() -> dict[tuple[str, str], Any]:
    return {
        (method.upper(), path): operation
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    }


def test_the_description_is_valid_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(document()).validate()


def test_whatever_the_description_refers_to_is_in_it() -> None:
    """The validator follows a reference only where it needs to; a client generator follows every one."""
    whole = document()
    named = re.findall(r'"\$ref":"#/(.+?)"', document_json().decode())
    assert named
    for each in dict.fromkeys(named):
        at = whole
        for step in each.split("/"):
            assert step in at, each
            at = at[step]


def test_every_route_is_described_and_every_description_has_its_route() -> None:
    assert described().keys() == {(route.method, route.described) for route in API}


def test_the_parameters_of_a_path_are_described() -> None:
    common = document()["components"]["parameters"]
    for path, operations in document()["paths"].items():
        given = {
            p.get("name") or common[p["$ref"].rpartition("/")[2]]["name"] for p in operations.get("parameters", [])
        }
        assert set(re.findall(r"{(\w+)}", path)) <= given, path


def test_only_what_needs_no_token_says_so() -> None:
    described_open = {key for key, operation in described().items() if operation.get("security") == []}
    assert described_open == {(route.method, route.described) for route in API if route.roles == PUBLIC}
    # The on-screen consent takes its token in the form: a page cannot send a header.
    machines, page = (
        {"/healthz", "/readyz", "/metrics", "/openapi.json", "/fhir/metadata"},
        {"/forms/consent", "/forms/style.css"},
    )
    ledger = {"/tlog/checkpoint", "/tlog/tile/{path}", "/tlog/cosignatures"}
    smart = {"/oauth/token", "/.well-known/smart-configuration", "/fhir/.well-known/smart-configuration"}
    keys = {"/.well-known/jwks.json"}
    providers = {"/v1/reports/{provider}"}  # a report proves itself
    assert {path for _, path in described_open} == machines | page | ledger | providers | smart | keys


def test_every_operation_names_the_problem_it_may_answer() -> None:
    silent = {key for key, operation in described().items() if "default" not in operation["responses"]}
    assert silent == {("GET", "/metrics")}


def test_no_route_is_shadowed_by_another() -> None:
    app = web.Application()
    for route in ROUTES:
        app.router.add_route(route.method, route.path, route.handler)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
