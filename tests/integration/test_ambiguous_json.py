"""A body that two readers may take in two ways is taken at no door, and the answer says which kind of fault it is."""

import copy
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from hub.storage import tokens
from hub.web.body import FORM
from hub.web.openapi import document
from tests.api import MANIFEST, Api, Caller, an_api
from tests.hubs import a_hub

NUL = "Nora\0Quill"
WORD = "2026-03-01"
"""A text, and a date where one is asked for."""
INSTANT = "2026-03-01T09:00:00-08:00"
LEAST = {"string": WORD, "integer": 1, "number": 1, "boolean": True, "null": None, "array": [], "object": {}}
ROLES = ("staff", "compliance", "admin")
KNOWN = {"{kind}": "accounting", "{provider}": "telnyx"}
SOONER = {
    *(("/v1/notices/{id}/calls", 404), ("/v1/matters/{id}/{deed}", 404)),
    *(("/v1/disclosures", 400), ("/v1/disclosures/preview", 400)),
}
"""Whoever asks for what is not there, or whose record says too little, hears of that first."""


@pytest.fixture
async def api(migrated_url: str) -> AsyncIterator[Api]:
    async with a_hub(migrated_url) as hub, an_api(hub) as made:
        yield made


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Without references, and the first of several forms."""
    while True:
        if "$ref" in schema:
            schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif several := schema.get("anyOf") or schema.get("oneOf"):
            schema = several[0]
        else:
            return schema


def least(schema: dict[str, Any]) -> Any:
    """The least that has this form."""
    schema = resolved(schema)
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        needed = {name: least(schema["properties"][name]) for name in schema.get("required", ())}
        return needed | {name: INSTANT for name in needed if name.endswith("_at")}
    if schema.get("minItems"):
        return [least(schema["items"])]
    return copy.copy(LEAST[schema["type"]]) if "type" in schema else {}


def with_a_nul(schema: dict[str, Any]) -> Iterator[Any]:
    """The form with a NUL, once in each place that takes any text."""
    schema = resolved(schema)
    if schema.get("type") == "string" and not schema.keys() & {"enum", "format", "contentEncoding"}:
        yield NUL
    for name, each in schema.get("properties", {}).items():
        yield from (least(schema) | {name: inner} for inner in with_a_nul(each))
    if "items" in schema:
        yield from ([inner] for inner in with_a_nul(schema["items"]))


def doors() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and form of every door that takes JSON."""
    for path, at in document()["paths"].items():
        for method, described in at.items():
            content = described.get("requestBody", {}).get("content", {}) if isinstance(described, dict) else {}
            if "application/json" in content:
                yield method.upper(), path, content["application/json"]["schema"]


async def answered(callers: list[Caller], method: str, path: str, body: str) -> tuple[int, str]:
    """Status and code, as the first caller hears them who may knock there."""
    for placeholder, value in KNOWN.items():
        path = path.replace(placeholder, value)
    path = path.replace("{", "").replace("}", "")
    headers = {"Content-Type": "application/json", "Idempotency-Key": "key-1"}
    for caller in callers:
        answer = await caller(method, path, data=body.encode(), headers=headers)
        if answer.status != 403:
            return answer.status, answer.json["code"] if answer.status >= 400 else ""
    raise AssertionError(path)


async def test_no_door_takes_a_nul_in_any_text(api: Api) -> None:
    callers, found = await everybody(api), []
    for method, path, schema in doors():
        written = [json.dumps(body) for body in with_a_nul(schema)]
        found += [await answered(callers, method, path, body) for body in written]
    # A text that has to be a line or an instant is refused as that.
    assert set(found) == {(400, "nul-character"), (400, "malformed"), (404, "not-available")}
    assert found.count((400, "nul-character")) > len(found) / 2 > 100


async def test_no_door_takes_a_member_twice(api: Api) -> None:
    callers = await everybody(api)
    for method, path, schema in doors():
        if written := json.dumps(least(schema))[1:-1]:
            status, code = await answered(callers, method, path, f"{{{written}, {written}}}")
            assert (path, status) in SOONER or (status, code) == (400, "duplicate-name"), path


async def test_a_manifest_that_states_two_purposes_is_refused_in_whichever_form_it_comes(api: Api) -> None:
    harbor = await api.caller("harbor")
    plain = json.dumps(MANIFEST)
    twice = plain.replace('"purpose": "treatment"', '"purpose": "payment", "purpose": "treatment"')
    assert twice != plain
    for manifest, expected in ((plain, (202, "")), (twice, (400, "duplicate-name"))):
        lean = f'{{"manifest": {manifest}, "documents": {{"summary": "YQ=="}}}}'
        assert await handed_in(harbor, lean, "application/json") == expected
        assert await handed_in(harbor, in_parts(manifest), "multipart/form-data; boundary=b") == expected


async def test_two_manifests_and_two_documents_of_one_name_are_refused(api: Api) -> None:
    harbor, manifest = await api.caller("harbor"), json.dumps(MANIFEST)
    for body in (
        f'{{"manifest": {manifest}, "manifest": {manifest}, "documents": {{"summary": "YQ=="}}}}',
        f'{{"manifest": {manifest}, "documents": {{"summary": "YQ==", "s\\u0075mmary": "Yg=="}}}}',
        f'{{"manifest": {manifest}, "documents": {{"summary": "YQ==", "summary": "YQ=="}}}}',
    ):
        assert await handed_in(harbor, body, "application/json") == (400, "duplicate-name")


async def everybody(api: Api) -> list[Caller]:
    return [await api.caller("county" if role == "admin" else "harbor", role) for role in ROLES]


async def handed_in(caller: Caller, body: str, kind: str) -> tuple[int, str]:
    headers = {"Content-Type": kind, "Idempotency-Key": kind[:9]}
    answer = await caller("POST", "/v1/submissions", data=body.encode(), headers=headers)
    return answer.status, answer.json.get("code", "")


def in_parts(manifest: str) -> str:
    parts = (("manifest", manifest), ("summary", "a discharge summary"))
    written = (f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in parts)
    return "".join(written) + "--b--\r\n"


async def test_a_form_with_a_nul_is_refused_whichever_field_holds_it(api: Api) -> None:
    """PostgreSQL fails a question that holds one: the page of signing looks the member up as it is typed."""
    token = (await tokens.issue(api.hub, "harbor", "staff", by="county", person="n.reyes")).token
    given = {"token": token, "member": "m-1", "kind": "tpo", "lang": "en", "step": "choose"}
    for field in (*given, "typed", "no\0body"):
        body = urlencode(given | {field: f"{given.get(field, '')}\0"})
        answer = await api.nobody("POST", "/forms/consent", data=body, headers={"Content-Type": FORM})
        assert (answer.status, answer.json["code"]) == (400, "nul-character"), field
