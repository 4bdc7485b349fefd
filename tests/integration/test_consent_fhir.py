"""FHIR Consent over HTTP: imported unverified, its resource kept sealed, searched by those it concerns."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from hub.explanations import WhatIf, what_if
from hub.storage.tables import ConsentDocument
from tests.api import NORA, TPO, Answer, Api, Caller, an_api
from tests.hubs import a_hub

AT = "/fhir/Consent"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


@pytest.fixture
async def api(tmp_path: Any) -> AsyncIterator[Api]:
    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub, an_api(hub) as made:
        yield made


@pytest.fixture
async def staff(api: Api) -> Caller:
    return await api.caller("harbor", "staff")


@pytest.fixture
async def nora(staff: Caller) -> str:
    relations = {"program": ["harbor"], "treating_provider": ["valley-clinic"]}
    return str((await staff("POST", "/v1/members", NORA | {"relations": relations})).json["id"])


async def post(caller: Caller, resource: Any) -> Answer:
    raw = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    return await caller("POST", AT, data=raw, headers={"Content-Type": "application/fhir+json"})


def resource(member: str, signed_on: str = "2026-01-20", **changes: Any) -> dict[str, Any]:
    """A consent on the hub's own form, as another hub would send it."""
    whole: dict[str, Any] = {
        "resourceType": "Consent",
        "extension": [{"url": "urn:part2hub:signature", "valueCode": "handwritten"}],
        "status": "active",
        "patient": {"reference": f"Patient/{member}"},
        "dateTime": signed_on,
        "performer": [{"reference": f"Patient/{member}"}],
        "policy": [{"uri": "urn:part2hub:form:specific:2026-02"}],
        "provision": {
            "type": "permit",
            "period": {"end": "2030-12-31"},
            "actor": [{"reference": {"reference": "Organization/valley-clinic"}}],
            "purpose": [{"system": REASON, "code": "TREAT"}],
            "data": [{"meaning": "authoredby", "reference": {"reference": "Organization/harbor"}}],
            "securityLabel": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "42CFRPart2"}],
        },
    }
    return whole | changes


async def outcome(api: Api, member: str) -> str:
    asked = WhatIf(discloser="harbor", recipient="valley-clinic", purpose="treatment", member=member)
    return str((await what_if(api.hub, asked))["outcome"])


async def verify_all(api: Api, member: str) -> None:
    person = await api.caller("harbor", "staff")
    for each in (await person("GET", f"/v1/members/{member}/consents")).json["items"]:
        await person("POST", f"/v1/consents/{each['id']}/verify")


async def test_an_imported_consent_waits_until_a_person_has_verified_it(api: Api, staff: Caller, nora: str) -> None:
    answer = await post(staff, resource(nora))
    assert answer.status == 201
    assert answer.json["resourceType"] == "OperationOutcome"
    assert await outcome(api, nora) == "deny"
    await verify_all(api, nora)
    assert await outcome(api, nora) == "permit"


async def test_the_answer_names_what_the_resource_does_not_state(staff: Caller, nora: str) -> None:
    answer = await post(staff, resource(nora, policy=[], extension=[]))
    said = " ".join(issue["details"]["text"] for issue in answer.json["issue"])
    for law in ("§2.31(a)(4)(iii)", "§2.31(a)(6)", "§2.31(a)(8)", "§2.31(a)(10)(i)", "§2.31(a)(10)(ii)"):
        assert law in said


async def test_the_resource_is_kept_as_it_came_and_sealed(api: Api, staff: Caller, nora: str) -> None:
    raw = json.dumps(resource(nora), indent=3).encode()
    place = (await post(staff, raw)).headers["Location"]
    kept = await staff("GET", place.replace("/fhir/Consent", "/v1/consents") + "/document")
    assert kept.body == raw
    stored = b"".join(row[0] for row in await api.hub.database.query(select(ConsentDocument.sealed)))
    assert b"Consent" not in stored


async def test_what_is_not_applicable_is_answered_with_its_reason_and_not_recorded(staff: Caller, nora: str) -> None:
    answer = await post(staff, resource(nora, modifierExtension=[{"url": "urn:x"}]))
    assert answer.status == 422
    assert answer.json["issue"][0]["expression"] == ["Consent.modifierExtension"]
    assert (await staff("GET", f"/v1/members/{nora}/consents")).json["items"] == []


@pytest.mark.parametrize("turned", [False, True])
async def test_several_instruments_answer_the_same_in_whatever_order_they_come(
    api: Api, staff: Caller, nora: str, *, turned: bool
) -> None:
    deny = {"type": "deny", "actor": [{"reference": {"reference": "Organization/valley-clinic"}}]}
    instruments = [resource(nora, "2026-01-20"), resource(nora, "2026-02-01", provision=deny)]
    for each in reversed(instruments) if turned else instruments:
        assert (await post(staff, each)).status == 201
    await verify_all(api, nora)
    assert await outcome(api, nora) == "deny"
    await post(staff, resource(nora, "2026-02-02"))
    await verify_all(api, nora)
    assert await outcome(api, nora) == "permit"


async def test_the_member_is_found_by_cin(staff: Caller, nora: str) -> None:
    answer = await post(staff, resource(nora, patient={"identifier": {"value": NORA["cin"]}}))
    assert answer.status == 201


FOREIGN = {"reference": "https://ehr.example/fhir/Patient/77"}
NUMBERED = {"identifier": {"value": NORA["cin"]}}


def contained(**changes: Any) -> dict[str, Any]:
    """A consent that brings its patient along."""
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MA"}]}
    name = [{"family": NORA["family"], "given": [NORA["given"]]}]
    number = [{"type": kind, "value": NORA["cin"]}]
    person = {"resourceType": "Patient", "id": "p", "name": name, "birthDate": NORA["born"], "identifier": number}
    return {"contained": [person | changes], "patient": {"reference": "#p"}}


@pytest.mark.parametrize("stated", [FOREIGN | NUMBERED, NUMBERED, contained()])
async def test_a_third_partys_own_id_of_the_patient_is_passed_over_for_the_number(
    staff: Caller, nora: str, stated: dict[str, Any]
) -> None:
    patient = stated if "patient" not in stated else {}
    more = stated if "patient" in stated else {"patient": patient}
    assert (await post(staff, resource(nora, **more))).status == 201


async def test_an_id_and_a_number_of_two_people_are_nobody(staff: Caller, nora: str) -> None:
    other = NORA | {"given": "Ann", "cin": "07654321A", "born": "1970-01-01", "relations": {"program": ["harbor"]}}
    ann = (await staff("POST", "/v1/members", other)).json["id"]
    two = resource(nora, patient={"reference": f"Patient/{ann}"} | NUMBERED)
    stranger = resource(nora, **contained(birthDate="1970-01-01"))
    unreadable = [contained(id="q"), contained(birthDate="once"), contained(name=[]), contained(identifier=[{}])]
    for each in (two, stranger, *(resource(nora, **one) for one in unreadable), resource(nora, patient=FOREIGN)):
        answer = await post(staff, each)
        assert (answer.status, answer.json["issue"][0]["code"]) == (404, "not-found")


async def test_a_search_gives_what_concerns_the_caller_as_a_bundle(staff: Caller, nora: str) -> None:
    await staff("POST", "/v1/consents", {"member": nora, "consent": TPO})
    bundle = (await staff("GET", f"{AT}?patient=Patient/{nora}")).json
    assert (bundle["type"], bundle["total"]) == ("searchset", 1)
    found = bundle["entry"][0]["resource"]
    assert (found["status"], found["patient"]["reference"]) == ("proposed", f"Patient/{nora}")
    assert (await staff("GET", f"{AT}?patient={nora}&status=active")).json["total"] == 0
    assert (await staff("GET", f"{AT}/{found['id']}")).json == found


@pytest.mark.parametrize("query", ["", "?patient=a&patient=b", "?patient=a&actor=x", "?patient=a&status=lost"])
async def test_a_search_that_is_not_understood_is_refused(staff: Caller, query: str) -> None:
    assert (await staff("GET", AT + query)).status == 400


async def test_somebody_elses_patient_looks_like_nobody(api: Api, nora: str) -> None:
    stranger = await api.caller("lantern", "staff")
    seen = [await stranger("GET", f"{AT}?patient={each}") for each in (nora, "nobody")]
    sent = [await post(stranger, resource(each)) for each in (nora, "nobody")]
    for real, unreal in (seen, sent):
        assert (real.status, real.body) == (unreal.status, unreal.body)
        assert real.status == 404


async def test_a_system_without_a_person_does_not_import(api: Api, nora: str) -> None:
    assert (await post(await api.caller("harbor"), resource(nora))).status == 403


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"resourceType":"Patient"}', b'{"resourceType":"Consent"}'])
async def test_what_is_no_consent_is_refused_without_a_trace(staff: Caller, raw: bytes) -> None:
    assert (await post(staff, raw)).status == 400


async def test_the_same_resource_again_is_one_consent(api: Api, staff: Caller, nora: str) -> None:
    """A second copy would stay in force when the first one is revoked."""
    first, second = await post(staff, resource(nora)), await post(staff, resource(nora))
    assert (first.status, second.status) == (201, 200)
    assert first.headers["Location"] == second.headers["Location"]
    assert len((await staff("GET", f"/v1/members/{nora}/consents")).json["items"]) == 1
