"""The FHIR read side through a client library that is not ours (fhirpy), and what it refuses."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound
from msgspec import structs

from hub.inbound.reception import settle_taken
from hub.model import Deferred, Unknown
from hub.storage import tokens
from hub.storage.tables import Inbound, Outbox, ReferralTask, Submission
from tests.api import Api, Caller, an_api
from tests.scenes import FORM, NAME, SECRET, Scene, a_scene

BACK = structs.replace(FORM, discloser=("lantern",), recipients=("harbor",))
"""The person lets Lantern answer Harbor House."""


class Exchange:
    """Harbor refers the scene's member to Lantern."""

    def __init__(self, scene: Scene, api: Api) -> None:
        self.scene, self.api = scene, api

    async def client(self, organization: str, **headers: str) -> AsyncFHIRClient:
        token = (await tokens.issue(self.api.hub, organization, "sender", by="county")).token
        return AsyncFHIRClient(
            f"http://127.0.0.1:{self.api.port}/fhir", authorization=f"Bearer {token}", extra_headers=headers
        )

    async def referred(self, key: str = "k1") -> str:
        """The share's id, which arrived."""
        submission = await self.scene.submit(key)
        assert await self.scene.dispatch_all() == ["delivered"]
        rows = await self.scene.rows(Outbox.id, Outbox.submission_id)
        (share,) = [row[0] for row in rows if row[1] == submission]
        return str(share)

    async def move(self, organization: str, share: str, status: str, version: int = 1, **changes: Any) -> Any:
        caller = await self.api.caller(organization)
        task = (await caller("GET", f"/fhir/Task/{share}")).json | {"status": status} | changes
        answer = await caller("PUT", f"/fhir/Task/{share}", task, headers={"If-Match": f'W/"{version}"'})
        while await settle_taken(self.scene.hub):
            pass
        return answer


@pytest.fixture
async def exchange(migrated_url: str) -> AsyncIterator[Exchange]:
    parties = ("lantern", "sunrise", "harbor")
    async with a_scene(migrated_url, recipients=parties) as scene, an_api(scene.hub) as api:
        await scene.consent()
        yield Exchange(scene, api)


async def test_both_parties_read_the_referral_and_its_request(exchange: Exchange) -> None:
    share = await exchange.referred()
    for organization in ("harbor", "lantern"):
        client = await exchange.client(organization)
        task = await client.resources("Task").search(_id=share).get()
        assert (task["status"], task["owner"]["reference"]) == ("requested", "Organization/lantern")
        request = await client.reference("ServiceRequest", share).to_resource()
        assert request["requester"].reference == "Organization/harbor"
        for each in (task, request):
            get_fhir_model_class(each["resourceType"]).model_validate(json.loads(json.dumps(each.serialize())))
            assert NAME[1] not in json.dumps(each.serialize())
            assert SECRET not in json.dumps(each.serialize())


async def test_pages_are_followed_by_the_client_and_hold_no_total(exchange: Exchange) -> None:
    shares = {await exchange.referred(f"k{n}") for n in range(3)}
    client = await exchange.client("harbor")
    tasks = await client.resources("Task").search(status="requested").limit(1).fetch_all()
    assert {task["id"] for task in tasks} == shares
    page = (await (await exchange.api.caller("harbor"))("GET", "/fhir/Task?_count=1")).json
    assert "total" not in page
    assert [link["relation"] for link in page["link"]] == ["self", "next"]


async def test_nobody_elses_referral_is_there(exchange: Exchange) -> None:
    share = await exchange.referred()
    stranger = await exchange.client("valley-clinic")
    assert await stranger.resources("Task").fetch() == []
    for kind in ("Task", "ServiceRequest", "Communication"):
        with pytest.raises(ResourceNotFound):
            await stranger.reference(kind, share).to_resource()


async def test_a_recipient_sees_nothing_before_it_arrived(exchange: Exchange) -> None:
    exchange.scene.channel.answers.append(Deferred(code="busy"))
    await exchange.scene.submit()
    assert await exchange.scene.dispatch_all() == ["queued"]
    assert await (await exchange.client("lantern")).resources("Task").fetch() == []
    (own,) = await (await exchange.client("harbor")).resources("Task").fetch()
    assert own["status"] == "draft"
    assert own["for"] == {
        "identifier": {"system": "urn:part2hub:submission", "value": own["for"]["identifier"]["value"]}
    }


async def test_the_targets_status_goes_back_as_a_report_that_consent_decides(exchange: Exchange) -> None:
    await exchange.scene.consent(BACK)
    share = await exchange.referred()
    answer = await exchange.move("lantern", share, "accepted", statusReason={"text": "Bed on Monday"})
    assert (answer.status, answer.json["status"], answer.headers["Etag"]) == (200, "accepted", 'W/"2"')
    kinds = await exchange.scene.rows(Submission.id, Submission.kind, Submission.sender)
    assert [row[1:] for row in kinds] == [("referral_packet", "harbor"), ("status_report", "lantern")]
    harbor = await exchange.client("harbor")
    assert await harbor.resources("Task").search(status="accepted").fetch() == [], "it is still on its way"
    assert await exchange.scene.dispatch_all() == ["delivered"]
    (task,) = await harbor.resources("Task").search(status="accepted").fetch()
    assert (task["id"], task["meta"]["versionId"]) == (share, "2")
    cancelled = await exchange.move("harbor", share, "cancelled", version=2)
    assert (cancelled.json["status"], cancelled.headers["Etag"]) == ("cancelled", 'W/"3"')


async def test_what_the_target_may_not_tell_is_not_read_from_its_task_either(exchange: Exchange) -> None:
    """The scene's consent names nobody whom Lantern may tell: the report stays, the target is answered as always."""
    share = await exchange.referred()
    harbor = await exchange.api.caller("harbor")
    paths = [f"/fhir/{kind}{which}" for kind in ("Task", "ServiceRequest") for which in (f"/{share}", "")]
    before = [await harbor("GET", path) for path in paths]
    for version, status in enumerate(("accepted", "on-hold", "in-progress", "completed"), 1):
        assert (await exchange.move("lantern", share, status, version=version)).status == 200
        assert [each.json for each in before] == [(await harbor("GET", path)).json for path in paths], status
        assert await exchange.scene.dispatch_all() == []
    assert before[0].headers["Etag"] == (await harbor("GET", paths[0])).headers["Etag"] == 'W/"1"'
    rows = await exchange.scene.rows(Outbox.id, Outbox.recipient, Outbox.state)
    assert [row[1:] for row in rows][-1] == ("harbor", "withheld")


async def test_whoever_asked_takes_back_what_they_see_and_sees_that_alone(exchange: Exchange) -> None:
    share = await exchange.referred()
    assert (await exchange.move("lantern", share, "accepted")).status == 200
    assert (await exchange.move("harbor", share, "cancelled", version=2)).status == 412
    answer = await exchange.move("harbor", share, "cancelled", version=1)
    assert (answer.status, answer.json["status"], answer.headers["Etag"]) == (200, "cancelled", 'W/"2"')


async def test_a_version_moves_once(exchange: Exchange) -> None:
    share = await exchange.referred()
    assert (await exchange.move("lantern", share, "accepted")).status == 200
    assert (await exchange.move("lantern", share, "completed")).status == 412
    assert (await exchange.move("lantern", share, "completed", version=2)).status == 200
    assert await exchange.scene.rows(ReferralTask.version) == [(3,)]
    assert len(await exchange.scene.rows(Inbound.id)) == 2


@pytest.mark.parametrize(
    ("organization", "status"),
    [("harbor", "accepted"), ("harbor", "completed"), ("lantern", "completed"), ("lantern", "requested")],
)
async def test_what_is_not_theirs_to_set_changes_nothing(exchange: Exchange, organization: str, status: str) -> None:
    share = await exchange.referred()
    assert (await exchange.move(organization, share, status)).status == 409
    assert await exchange.scene.rows(Inbound.id) == []


async def test_the_requester_takes_it_back_from_the_one_who_was_asked(exchange: Exchange) -> None:
    await exchange.scene.submit("both", recipients=("lantern", "valley-clinic"))
    await exchange.scene.dispatch_all()
    rows = await exchange.scene.rows(Outbox.id, Outbox.recipient)
    (share,) = [row[0] for row in rows if row[1] == "lantern"]
    assert (await exchange.move("harbor", share, "cancelled")).status == 200
    told = [row[1] for row in await exchange.scene.rows(Outbox.id, Outbox.recipient)][2:]
    assert told == ["lantern"]


async def test_what_may_have_arrived_can_be_taken_back(exchange: Exchange) -> None:
    exchange.scene.channel.answers.append(Unknown(code="lost"))
    await exchange.scene.submit()
    await exchange.scene.dispatch_all()
    ((share,),) = await exchange.scene.rows(Outbox.id)
    assert (await exchange.move("harbor", share, "cancelled")).status == 200


@pytest.mark.parametrize("changes", [{"owner": {"reference": "Organization/sunrise"}}, {"note": [{"text": "x"}]}])
async def test_nothing_but_the_status_changes(exchange: Exchange, changes: Any) -> None:
    share = await exchange.referred()
    assert (await exchange.move("lantern", share, "accepted", **changes)).status == 400


async def test_an_appointment_and_that_nobody_came_are_said_beside_the_status(exchange: Exchange) -> None:
    share = await exchange.referred()
    when, slot = {"start": "2030-12-04T10:00:00-08:00"}, {"coding": [{"code": "5.1.1"}]}
    booked = await exchange.move("lantern", share, "accepted", businessStatus=slot, executionPeriod=when)
    assert (booked.json["status"], booked.json["executionPeriod"]["start"][:19]) == ("accepted", "2030-12-04T18:00:00")
    missed = {"businessStatus": {"coding": [{"code": "5.1.2"}]}}
    assert (await exchange.move("harbor", share, "accepted", 1, **missed)).status == 409
    assert (await exchange.move("lantern", share, "accepted", 2, **missed)).json["businessStatus"]["coding"]
    assert (await exchange.move("lantern", share, "accepted", 3, businessStatus=slot)).status == 400
    came = await exchange.move("lantern", share, "in-progress", 3)
    assert (came.json["status"], "businessStatus" in came.json) == ("in-progress", False)
    kinds = [row[1] for row in await exchange.scene.rows(Submission.id, Submission.kind)]
    assert kinds == ["referral_packet", *["status_report"] * 3]


async def test_without_the_version_nothing_moves(exchange: Exchange) -> None:
    share = await exchange.referred()
    lantern = await exchange.api.caller("lantern")
    task = (await lantern("GET", f"/fhir/Task/{share}")).json | {"status": "accepted"}
    answer = await lantern("PUT", f"/fhir/Task/{share}", task)
    assert (answer.status, answer.json["resourceType"]) == (400, "OperationOutcome")


async def test_fhirpys_own_save_moves_the_task(exchange: Exchange) -> None:
    share = await exchange.referred()
    client = await exchange.client("lantern", **{"If-Match": 'W/"1"'})
    task = await client.reference("Task", share).to_resource()
    task["status"] = "rejected"
    await task.save()
    assert (await client.reference("Task", share).to_resource())["status"] == "rejected"


async def test_each_delivery_is_one_communication_however_often_it_was_tried(exchange: Exchange) -> None:
    exchange.scene.channel.answers.append(Deferred(code="busy"))
    await exchange.scene.submit()
    assert await exchange.scene.dispatch_all() == ["queued"]
    (waits,) = await (await exchange.client("harbor")).resources("Communication").fetch()
    assert waits["status"] == "not-done"
    exchange.scene.hub.clock.ahead += 60_000_000  # type: ignore[attr-defined]
    assert await exchange.scene.dispatch_all() == ["delivered"]
    ((share,),) = await exchange.scene.rows(Outbox.id)
    for organization in ("harbor", "lantern"):
        (found,) = await (await exchange.client(organization)).resources("Communication").fetch()
        assert (found["id"], found["status"], found["basedOn"][0].reference) == (
            share,
            "completed",
            f"ServiceRequest/{share}",
        )
        assert found["sent"] > waits["sent"], "the last time"
        get_fhir_model_class("Communication").model_validate(json.loads(json.dumps(found.serialize())))


@pytest.mark.parametrize("kind", ["Task", "ServiceRequest", "Communication"])
@pytest.mark.parametrize(
    "query", ["code=x", "patient.name=y", "_include=*", "status=nonsense", "_id=a&_id=b", "_count=0"]
)
async def test_a_parameter_that_is_not_understood_is_refused(exchange: Exchange, kind: str, query: str) -> None:
    caller = await exchange.api.caller("harbor")
    answer = await caller("GET", f"/fhir/{kind}?{query}")
    assert (answer.status, answer.json["resourceType"]) == (400, "OperationOutcome")


async def test_the_client_library_reports_the_outcome(exchange: Exchange) -> None:
    with pytest.raises(OperationOutcome):
        await (await exchange.client("harbor")).resources("Task").search(code="x").fetch()


async def test_the_capability_statement_says_what_the_routes_do(exchange: Exchange) -> None:
    nobody: Caller = exchange.api.nobody
    stated = (await nobody("GET", "/fhir/metadata")).json
    get_fhir_model_class("CapabilityStatement").model_validate(stated)
    (rest,) = stated["rest"]
    can = {each["type"]: {one["code"] for one in each["interaction"]} for each in rest["resource"]}
    assert can == {
        "AuditEvent": {"read", "search-type"},
        "Communication": {"read", "search-type"},
        "Consent": {"create", "read", "search-type"},
        "ServiceRequest": {"read", "search-type"},
        "Task": {"read", "search-type", "update"},
    }
    assert [each["name"] for each in rest["operation"]] == ["process-message"]
    caller = await exchange.api.caller("harbor", "staff")
    for each in rest["resource"]:
        for parameter in each["searchParam"]:
            day = dict.fromkeys(("date", "_lastUpdated"), "2026-01-01")
            value = day | {"status": "completed", "outcome": "0", "type": "110106"}
            asked = f"{parameter['name']}={value.get(parameter['name'], 'x')}"
            if each["type"] == "Consent":
                asked = f"patient={exchange.scene.member}&status=active"  # a patient is always asked for
            answer = await caller("GET", f"/fhir/{each['type']}?{asked}")
            assert answer.status == 200, (each["type"], parameter["name"])
