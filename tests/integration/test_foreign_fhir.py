"""Bundles as other systems make them, through the HTTP interface: each is answered and becomes what the guides say; and
what FHIR's own HTTP rules ask of a server.
"""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.arrivals import ArrivedPacket
from hub.inbound import keep
from hub.storage.tables import Inbound
from tests.api import Answer, Api, Caller, an_api
from tests.foreign.fhir import ALL, Foreign, notice
from tests.scenes import Scene, a_scene

PATH = "/fhir/$process-message"
FHIR = {"Content-Type": "application/fhir+json"}


class Line:
    def __init__(self, scene: Scene, api: Api, harbor: Caller) -> None:
        self.scene, self.api, self.harbor = scene, api, harbor

    async def send(self, body: bytes, headers: dict[str, str] | None = None, path: str = PATH) -> Answer:
        return await self.harbor("POST", path, data=body, headers=FHIR | (headers or {}))

    async def kept(self) -> list[ArrivedPacket]:
        rows = await self.scene.rows(Inbound.id)
        found = [(await keep.read(self.scene.hub, row[0])).arrival.content for row in rows]
        return [each for each in found if isinstance(each, ArrivedPacket)]


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene, an_api(scene.hub) as api:
        yield Line(scene, api, await api.caller("harbor"))


async def test_foreign_bundles_become_what_the_guides_say(line: Line) -> None:
    """All of them by one server: a report of everything that differs."""
    wrong = []
    for number, foreign in enumerate(ALL):
        bundle = foreign.made() | {"id": f"message-{number}"}
        answer = await line.send(json.dumps(bundle).encode())
        wrong += [f"{foreign.name}: {each}" for each in await _differences(line, foreign, answer)]
    assert wrong == []


async def _differences(line: Line, foreign: Foreign, answer: Answer) -> list[str]:
    stated = answer.json["resourceType"]
    expected = (
        "Bundle"
        if foreign.base.__name__ != "notice" and foreign.event in ("referral", "cancelled")
        else "OperationOutcome"
    )
    if answer.status != foreign.status or stated != (expected if foreign.status == 200 else "OperationOutcome"):
        return [f"answered {answer.status} {stated}"]
    if foreign.status != 200:
        return [] if answer.json["issue"][0]["expression"] else ["names no element"]
    content = (await line.kept())[-1]
    text = "\n".join(each.content.decode("utf-8", "replace") for each in content.documents)
    event = content.event.kind if content.event else "referral"
    return [
        *([f"tells {event}"] if event != foreign.event else []),
        *([f"for a person: {content.review}"] if content.review != foreign.review else []),
        *(
            [f"names {content.person}"]
            if (content.person.cin, content.person.family) != (foreign.cin, foreign.family)
            else []
        ),
        *[f"does not say {each}" for each in foreign.said if each not in text],
        *[f"says {each}" for each in foreign.unsaid if each in text],
    ]


BODY = json.dumps(notice()).encode()


@pytest.mark.parametrize(
    ("body", "headers", "query", "status"),
    [
        (BODY, {}, "", 200),
        (b"\xef\xbb\xbf" + BODY, {}, "", 200),
        (BODY, {"Content-Type": "application/fhir+json; charset=UTF-8; fhirVersion=4.0"}, "", 200),
        (BODY, {"Content-Type": "application/json"}, "", 200),
        (BODY, {"Content-Encoding": "identity"}, "", 200),
        (BODY, {"Prefer": "return=minimal, respond-async"}, "", 200),
        (BODY, {"Accept": "application/fhir+json;fhirVersion=4.0, */*;q=0.1"}, "", 200),
        (BODY, {}, "?_format=json", 200),
        (BODY, {}, "?_format=application/fhir%2Bjson", 200),
        (BODY, {"Accept": "application/fhir+xml"}, "", 406),
        (BODY, {}, "?_format=xml", 406),
        (BODY, {}, "?async=true", 400),
        (BODY, {}, "?response-url=https://x.example", 400),
        (BODY, {}, "?_type=Patient", 400),
        (BODY, {"Content-Type": "application/fhir+json; charset=iso-8859-1"}, "", 415),
        (BODY, {"Content-Type": "text/plain"}, "", 415),
        (b"<Bundle xmlns='http://hl7.org/fhir'/>", {"Content-Type": "application/fhir+xml"}, "", 415),
        (gzip.compress(BODY), {"Content-Encoding": "gzip"}, "", 415),
        (BODY.decode().encode("utf-16"), {}, "", 400),
        (BODY[:-1], {}, "", 400),
        (b"", {}, "", 400),
        (b"[]", {}, "", 400),
        (b'{"resourceType": "Patient"}', {}, "", 400),
        (b'{"resourceType": "Parameters", "parameter": []}', {}, "", 400),
        (b'{"resourceType": "Bundle", "entry": ' + b"[" * 5_000, {}, "", 400),
    ],
)
async def test_the_http_rules_of_fhir(line: Line, body: bytes, headers: Any, query: str, status: int) -> None:
    answer = await line.send(body, headers, PATH + query)
    assert (answer.status, answer.json["resourceType"]) == (status, "OperationOutcome")
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert bool(await line.kept()) is (status == 200)


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", PATH, 405, "POST"),
        ("PUT", PATH, 405, "POST"),
        ("OPTIONS", PATH, 405, "POST"),
        ("POST", "/fhir/Task", 405, "GET"),
        ("PATCH", "/fhir/Task/1", 405, "GET,PUT"),
        ("DELETE", "/fhir/Consent/1", 405, "GET"),
        ("POST", "/fhir", 404, None),
        ("GET", "/fhir/Patient/1", 404, None),
        ("GET", "/fhir/Task?status:not=draft", 400, None),
        ("GET", "/fhir/Task?_include=Task:focus", 400, None),
    ],
)
async def test_what_the_hub_does_not_do_is_an_outcome(
    line: Line, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = await line.harbor(method, path)
    assert (answer.status, answer.json["resourceType"]) == (status, "OperationOutcome")
    assert answer.headers.get("Allow") == allow


@pytest.mark.parametrize("path", ["/fhir/metadata", "/fhir/Task", "/fhir/Consent/1", "/v1/submissions"])
async def test_a_head_shows_nothing_that_a_get_would_refuse(line: Line, path: str) -> None:
    head, get = await line.api.nobody("HEAD", path), await line.api.nobody("GET", path)
    assert head.body == b""
    assert head.status in (get.status, 405)


async def test_a_condition_on_a_create_is_refused_and_not_passed_over(line: Line) -> None:
    """Whoever says "only if there is none" would otherwise make a second consent."""
    staff = await line.api.caller("harbor", "staff")
    answer = await staff("POST", "/fhir/Consent", data=b"{}", headers=FHIR | {"If-None-Exist": "identifier=1"})
    assert (answer.status, answer.json["issue"][0]["expression"]) == (400, ["If-None-Exist"])
