"""Who looked at what: a list, an export, a search is a look at each person whom it showed, and at nobody else."""

import base64
import json

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from sqlmodel import select

from hub.compliance import looked, viewing
from hub.desk import projection
from hub.ledger.sequencer import Sequencer
from hub.storage.tables import LedgerEntry, ViewedMember
from tests.api import an_api
from tests.scenes import a_scene


@pytest.fixture
async def scene(migrated_url):
    """Two members, a disclosure about each."""
    async with a_scene(migrated_url) as scene:
        scene.both = []
        for key in ("k1", "k2"):
            if scene.both:
                await scene.next_member()
            await scene.consent()
            await scene.submit(key)
            scene.both.append(scene.member)
        await scene.dispatch_all()
        await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
        await projection.catch_up(scene.hub)
        yield scene


async def looks_at(scene, member):
    return [(each["by"], each["what"]) for each in await looked.views(scene.hub, member=member)]


async def entries(scene):
    rows = await scene.hub.database.query(select(LedgerEntry.id).where(LedgerEntry.kind == "access.viewed"))
    return len(rows)


async def test_a_page_of_the_log_is_one_entry_and_a_look_at_each_person_on_it(scene, desk):
    ana = await desk.somebody("ana", "compliance")
    by = f"county/{ana.person}"
    await ana.get("/desk/log")
    assert await entries(scene) == 1
    assert [await looks_at(scene, each) for each in scene.both] == [[(by, "log")], [(by, "log")]]
    await ana.get(f"/desk/log?member={scene.both[0]}")
    assert await looks_at(scene, scene.both[0]) == [(by, "log"), (by, "log")]
    assert await looks_at(scene, scene.both[1]) == [(by, "log")]


async def test_numbers_about_many_and_lists_without_people_are_a_look_at_nobody(scene, desk):
    ana = await desk.somebody("ana", "compliance")
    for page in ("/desk/charts", "/desk/work", "/desk/log/timeline", "/desk/log?outcome=unknown"):
        await ana.get(page)
    assert [await looks_at(scene, each) for each in scene.both] == [[], []]


async def test_an_export_is_a_look_at_everybody_in_it(scene, desk):
    ana = await desk.somebody("ana", "compliance")
    await ana.get("/desk/log/export.csv")
    by = f"county/{ana.person}"
    assert [await looks_at(scene, each) for each in scene.both] == [[(by, "shown_export")]] * 2
    await ana.get("/desk/log/export.csv?outcome=unknown")
    assert await entries(scene) == 1


async def test_an_export_of_more_than_an_entry_names_is_a_look_at_whomever_it_reached(scene, desk, monkeypatch):
    monkeypatch.setattr("hub.compliance.exports.make.MOST_NAMED", 1)
    ana = await desk.somebody("ana", "compliance")
    sol = await desk.somebody("sol", "compliance", organizations=("lantern",))
    await ana.get("/desk/log/export.csv")
    await sol.get("/desk/log/export.csv")
    assert await scene.hub.database.query(select(ViewedMember.member_id).distinct()) == [(viewing.EVERYBODY,)]
    for member in scene.both:
        assert [by.partition("/")[0] for by, _ in await looks_at(scene, member)] == ["lantern", "county"]
    assert await looks_at(scene, "nobody") == []
    assert len(await looked.views(scene.hub, member=scene.both[0], by="lantern")) == 1


async def test_a_wide_export_of_another_organization_or_time_did_not_reach_them(scene):
    hub, early = scene.hub, scene.hub.clock.now() - 86_400_000_000
    for reach in (viewing.Reach(["sunrise"]), viewing.Reach(until=early), viewing.Reach(["harbor"], since=early)):
        unit = viewing.wide(
            hub, {"by": "county/eve", "what": "log_export"}, reach, f"export-{reach.until}-{reach.since}"
        )
        await hub.database.commit(viewing.Unit((), unit))
    (found,) = await looked.views(hub, member=scene.both[0])
    assert found["reach"]["scope"] == ["harbor"]


async def test_every_list_of_the_api_that_names_people_is_a_look_at_them(scene):
    async with an_api(scene.hub) as api:
        caller = await api.caller("county", "compliance")
        for path in ("/v1/log", "/fhir/AuditEvent", "/v1/views?by=county"):
            before = await entries(scene)
            assert (await caller("GET", path)).status == 200
            assert await entries(scene) == before + 1
            assert len(await looks_at(scene, scene.both[1])) == before + 1


async def test_looks_are_audit_events_one_for_each_patient(scene):
    hub = scene.hub
    await viewing.listed(hub, "county/eve", "log", scene.both, [1, 2])
    await viewing.note(hub, "harbor/sam", "member", scene.both[0], scene.both[0])
    async with an_api(hub) as api:
        caller, staff = await api.caller("county", "compliance"), await api.caller("harbor", "staff")
        found = [each["resource"] for each in (await caller("GET", "/fhir/AuditEvent?type=rest")).json["entry"]]
        for event in found:
            AuditEvent.model_validate_json(json.dumps(event))
        (read, *queries) = found
        assert read["meta"]["profile"][0].endswith("IHE.BasicAudit.PatientRead")
        assert (read["action"], read["subtype"][0]["code"], read["entity"][1]["role"]["code"]) == ("R", "read", "4")
        assert {event["entity"][0]["what"]["reference"] for event in queries} == {f"Patient/{m}" for m in scene.both}
        for event in queries:
            assert event["meta"]["profile"][0].endswith("IHE.BasicAudit.PatientQuery")
            assert (event["action"], event["subtype"][0]["code"]) == ("E", "search")
            assert event["entity"][1]["role"]["code"] == "24"
            assert base64.b64decode(event["entity"][1]["query"]) == b"log"
            codes = [agent["type"]["coding"][0]["code"] for agent in event["agent"]]
            assert codes == ["110153", "110152", "IRCP"]
            assert event["agent"][2]["who"]["identifier"]["value"] == "county/eve"
            assert (await caller("GET", f"/fhir/AuditEvent/{event['id']}")).json == event
        theirs = [each["resource"] for each in (await staff("GET", "/fhir/AuditEvent?type=rest")).json["entry"]]
        assert theirs == [read]
        assert (await staff("GET", f"/fhir/AuditEvent/{queries[0]['id']}")).status == 404
        exported = await caller("GET", "/v1/exports/viewevents.jsonl")
        lines = [json.loads(line) for line in exported.body.splitlines()]
        assert [event for event in lines if event in found] == found
        for line in lines:
            AuditEvent.model_validate_json(json.dumps(line))
        assert (await staff("GET", "/v1/exports/viewevents.jsonl")).status == 403


async def test_pages_of_disclosures_and_looks_together_follow_each_other(scene):
    hub = scene.hub
    for _ in range(5):
        await viewing.note(hub, "harbor/sam", "member", scene.both[0], scene.both[0])
    async with an_api(hub) as api:
        caller = await api.caller("county", "compliance")
        place, found = "/fhir/AuditEvent?type=110106,rest&_count=2&date=lt2100-01-01", []
        while place:
            answer = (await caller("GET", place)).json
            found += [each["resource"] for each in answer.get("entry", [])]
            assert len(answer.get("entry", [])) <= 2
            place = next((link["url"] for link in answer["link"] if link["relation"] == "next"), None)
        assert len({event["id"] for event in found}) == len(found) == 7
        assert (await caller("GET", "/fhir/AuditEvent?type=rest&_cursor=x")).status == 400
