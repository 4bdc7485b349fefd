"""FHIR AuditEvents (IHE BALP PrivacyDisclosure), checked by a FHIR model that is not ours, and searched."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle
from sqlalchemy.dialects import sqlite

from hub.compliance import audit_events, log
from hub.compliance.log import Wanted
from hub.model import Unknown, now_us
from hub.outside import corrections
from hub.storage.questions import Question, Questions
from hub.storage.tables import Disclosure
from tests.api import Api, Caller, an_api
from tests.outsides import record
from tests.scenes import CIN, NAME, Scene, a_scene

AT = "/fhir/AuditEvent"
SYSTEMS = {"http://dicom.nema.org/resources/ontology/DCM", "http://snomed.info/sct"}


@pytest.fixture
async def told(tmp_path: Any) -> AsyncIterator[tuple[Scene, Api]]:
    """Two disclosures by Harbor House: one to Lantern, and one to the Valley Clinic whose end nobody saw."""
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene, an_api(scene.hub) as api:
        consent = await scene.consent()
        await scene.submit("k1")
        await scene.dispatch_all()
        scene.channel.answers.append(Unknown(code="timeout"))
        await scene.submit("k2", recipients=("valley-clinic",))
        await scene.dispatch_all()
        scene.consented = consent  # type: ignore[attr-defined]
        yield scene, api


async def events(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = await caller("GET", f"{AT}{query}")
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "application/fhir+json"
    Bundle.model_validate_json(answer.body)
    return [entry["resource"] for entry in answer.json.get("entry", [])]


def codes(agents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {agent["type"]["coding"][0]["code"]: agent for agent in agents}
    assert {agent["type"]["coding"][0]["system"] for agent in agents} <= SYSTEMS
    return found


async def test_each_event_is_valid_and_has_what_the_profile_asks(told: tuple[Scene, Api]) -> None:
    scene, api = told
    found = await events(await api.caller("county", "compliance"))
    assert len(found) == 3, "two at the source, one at the recipient; what may not have arrived has none there"
    for event in found:
        AuditEvent.model_validate_json(json.dumps(event))
        source = event["meta"]["profile"][0].endswith("PrivacyDisclosure.Source")
        assert event["type"]["code"] == ("110106" if source else "110107")
        assert event["action"] == ("R" if source else "C")
        assert {"system": "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "code": "disclose"} in event[
            "subtype"
        ]
        agents = codes(event["agent"])
        assert agents["110153"]["who"] == event["source"]["observer"]
        assert all(agents[code]["network"]["address"] for code in ("110153", "110152"))
        assert agents["159541003"]["who"]["reference"] == "Organization/harbor"
        patient, data, *others = event["entity"]
        assert (patient["type"]["code"], patient["role"]["code"]) == ("1", "1")
        assert patient["what"]["reference"] == f"Patient/{scene.member}"
        assert (data["type"]["code"], data["role"]["code"]) == ("2", "3")
        assert bool(others) is source, "which consent permitted it is the discloser's to know"


async def test_no_event_names_the_patient(told: tuple[Scene, Api]) -> None:
    _, api = told
    text = json.dumps(await events(await api.caller("county", "compliance")))
    assert all(secret not in text for secret in (*NAME, CIN))


async def test_an_organization_sees_its_own_side_only(told: tuple[Scene, Api]) -> None:
    _, api = told

    async def kinds(organization: str) -> list[str]:
        return [each["type"]["code"] for each in await events(await api.caller(organization, "staff"))]

    assert await kinds("harbor") == ["110106", "110106"]
    assert await kinds("lantern") == ["110107"]
    assert await kinds("valley-clinic") == [], "it may never have arrived"
    assert await kinds("sunrise") == []
    (theirs,) = await events(await api.caller("lantern", "staff"))
    assert (await (await api.caller("harbor", "staff"))("GET", f"{AT}/{theirs['id']}")).status == 404
    assert (await (await api.caller("lantern", "staff"))("GET", f"{AT}/{theirs['id']}")).json == theirs
    assert (await (await api.caller("harbor"))("GET", AT)).status == 403


async def test_the_search_narrows(told: tuple[Scene, Api]) -> None:
    scene, api = told
    caller = await api.caller("county", "compliance")
    today, tomorrow = datetime.now(UTC).date(), datetime.now(UTC).date() + timedelta(days=1)
    for query, count in {
        f"?patient={scene.member}": 3,
        f"?patient=Patient/{scene.member}": 3,
        "?patient=nobody": 0,
        "?type=110106": 2,
        "?type=110107": 1,
        "?outcome=0": 2,
        "?outcome=4": 1,
        "?outcome=8": 0,
        "?agent=Organization/valley-clinic": 1,
        f"?entity=Consent/{scene.consented}": 3,  # type: ignore[attr-defined]
        "?entity=Consent/none": 0,
        f"?date={today}": 3,
        f"?date=ge{today}&date=lt{tomorrow}": 3,
        f"?date=lt{today}": 0,
        f"?date=gt{tomorrow}": 0,
        f"?date=ge{today}T00:00:00Z": 3,
        "?_count=200&_format=json": 3,
    }.items():
        assert len(await events(caller, query)) == count, query
    (one,) = await events(caller, "?outcome=4")
    assert await events(caller, f"?_id={one['id']}") == [one]


@pytest.mark.parametrize(
    "query",
    [
        "?name=Quintanar",
        "?patient:missing=true",
        "?patient=a&patient=b",
        "?date=yesterday",
        "?date=2026-13-01",
        "?date=2026-01-01T00:00:00",
        "?_lastUpdated=yesterday",
        "?_lastUpdated=ne2026-01-01",
        "?outcome=1",
        "?_count=0",
        "?_count=x",
        "?patient=Group/x",
        "?agent=a%27b",
    ],
)
async def test_a_parameter_that_is_not_understood_is_refused_with_an_operation_outcome(
    told: tuple[Scene, Api], query: str
) -> None:
    _, api = told
    answer = await (await api.caller("county", "compliance"))("GET", f"{AT}{query}")
    status = 406 if "_format" in query else 400
    assert (answer.status, answer.json["resourceType"]) == (status, "OperationOutcome")
    assert b"Quintanar" not in answer.body


async def test_a_search_by_the_last_update_finds_what_was_recorded_or_changed_then_whenever_it_happened(
    told: tuple[Scene, Api],
) -> None:
    scene, api = told
    caller = await api.caller("harbor", "staff")
    before = await events(caller, "?_lastUpdated=gt2000")
    assert len(before) == 2
    scene.hub.clock.ahead = 2 * 3_600_000_000  # type: ignore[attr-defined]
    made = await record(scene, ago_us=48 * 3_600_000_000)
    (event,) = [each for each in await events(caller) if each["id"] == f"{made.id}-source"]
    at = datetime.fromisoformat(event["meta"]["lastUpdated"])
    assert at - datetime.fromisoformat(event["recorded"]) >= timedelta(hours=47)
    since = (at - timedelta(minutes=1)).isoformat().replace("+", "%2B")
    found = [each["id"] for each in await events(caller, f"?_lastUpdated=ge{since}")]
    assert found == [f"{made.id}-source"], "nothing else has changed since"
    assert await events(caller, f"?date=ge{since}") == [], "it happened two days ago"
    assert await events(caller, f"?_lastUpdated=lt{since}") == before
    exact = event["meta"]["lastUpdated"].replace("+00:00", "Z")
    assert [each["id"] for each in await events(caller, f"?_lastUpdated={exact}")] == found
    assert await events(caller, f"?_lastUpdated=gt{exact}") == await events(caller, f"?_lastUpdated=sa{exact}") == []
    scene.hub.clock.ahead += 3_600_000_000  # type: ignore[attr-defined]
    await corrections.retract(scene.hub, made.id, "not_made", organization="harbor", by="harbor/clerk")
    (taken_back,) = await events(caller, f"?_lastUpdated=gt{exact}")
    assert (taken_back["id"], taken_back["outcome"]) == (f"{made.id}-source", "8")


HOUR_US = 3_600_000_000


async def went_when(scene: Scene) -> list[tuple[str, int, int]]:
    """Three disclosures, newest first, with when each left and when that ended: the second waited for two hours."""
    await scene.consent()
    await scene.submit("at once")
    await scene.dispatch_all()
    await scene.submit("late")
    scene.hub.clock.ahead = 2 * HOUR_US  # type: ignore[attr-defined]
    await scene.dispatch_all()
    await scene.submit("then")
    await scene.dispatch_all()
    rows = await scene.rows(Disclosure.id, Disclosure.intended_at, Disclosure.concluded_at)
    return sorted(rows, reverse=True)


async def test_from_any_instant_on_what_left_or_changed_since_is_found_however_long_it_waited(
    migrated_url: str,
) -> None:
    async with a_scene(migrated_url) as scene:
        rows = await went_when(scene)
        for at in {at + step for _, *moments in rows for at in moments for step in (-HOUR_US, 0, 1, HOUR_US)}:
            left = [disclosure for disclosure, intended, _ in rows if intended >= at]
            changed = [disclosure for disclosure, _, concluded in rows if concluded >= at]
            for wanted, expected in ((Wanted(since=at), left), (Wanted(changed_since=at), changed)):
                assert await pages(scene, wanted) == expected
                assert await pages(scene, msgspec.structs.replace(wanted, limit=1)) == expected


async def pages(scene: Scene, wanted: Wanted) -> list[str]:
    found: list[str] = []
    while rows := await log.page(scene.hub, wanted):
        found += [row["id"] for row in rows]
        wanted = msgspec.structs.replace(wanted, before=found[-1])
    return found


@pytest.mark.parametrize("wanted", [Wanted(since=now_us()), Wanted(changed_since=now_us())], ids=["left", "changed"])
async def test_from_an_instant_on_nothing_is_walked_through_that_came_before(
    tmp_path: Any, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene:
        asked, survey = [], scene.hub.database.survey

        async def looked_through(statement: Question) -> list[Any]:
            asked.append(statement)
            return await survey(statement)

        monkeypatch.setattr(scene.hub.database, "survey", looked_through)
        assert await log.page(scene.hub, wanted) == []
        questions = Questions(sqlite.dialect(paramstyle="qmark"))
        plans = []
        with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as connection:
            for text, values in (questions(statement, {}) for statement in asked):
                steps = connection.execute(f"EXPLAIN QUERY PLAN {text}", values)
                plans.append(next(step for *_, step in steps if "disclosure" in step))
        assert plans == [
            "SEARCH disclosure USING PRIMARY KEY (id>?)",
            "SEARCH disclosure USING INDEX disclosure_late (<expr>>?)",
        ]


async def test_a_look_was_updated_when_it_was_made(told: tuple[Scene, Api]) -> None:
    _, api = told
    caller = await api.caller("county", "compliance")
    await events(caller)
    (look, *_) = await events(caller, "?type=rest")
    exact = look["meta"]["lastUpdated"].replace("+00:00", "Z")
    assert look["id"] in [each["id"] for each in await events(caller, f"?type=rest&_lastUpdated={exact}")]
    assert await events(caller, f"?type=rest&_lastUpdated=lt{exact}&date=ge{exact}") == []


async def test_another_format_than_json_is_not_acceptable(told: tuple[Scene, Api]) -> None:
    _, api = told
    answer = await (await api.caller("county", "compliance"))("GET", f"{AT}?_format=xml")
    assert (answer.status, answer.json["resourceType"]) == (406, "OperationOutcome")


async def test_pages_follow_each_other_by_their_link(told: tuple[Scene, Api]) -> None:
    _, api = told
    caller = await api.caller("county", "compliance")
    whole = await events(caller)
    collected: list[dict[str, Any]] = []
    place: str | None = f"{AT}?_count=1"
    while place:
        answer = (await caller("GET", place)).json
        collected += [entry["resource"] for entry in answer.get("entry", [])]
        place = next((link["url"] for link in answer["link"] if link["relation"] == "next"), None)
    assert collected == whole


async def test_the_export_streams_the_same_events(told: tuple[Scene, Api]) -> None:
    scene, api = told
    caller = await api.caller("county", "compliance")
    streamed = [event async for event in audit_events.stream(scene.hub, Wanted(), None)]
    assert streamed == await events(caller)
    answer = await caller("GET", "/v1/exports/auditevents.jsonl")
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert lines == streamed
    for line in answer.body.splitlines():
        AuditEvent.model_validate_json(line)
    theirs = await (await api.caller("lantern", "staff"))("GET", "/v1/exports/auditevents.jsonl")
    assert [json.loads(line)["type"]["code"] for line in theirs.body.splitlines()] == ["110107"]
    assert (await caller("GET", "/v1/exports/auditevents.csv")).status == 400
