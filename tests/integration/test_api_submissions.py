"""Handing in over HTTP: durable when answered, once per key, seen by its sender and nobody else."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.storage.tables import LedgerEntry, Submission
from tests.api import MANIFEST, NORA, TPO, Api, an_api
from tests.hubs import a_hub


@pytest.fixture
async def api(tmp_path: Any) -> AsyncIterator[Api]:
    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub, an_api(hub) as made:
        yield made


async def a_member_with_consent(api: Api) -> str:
    harbor, staff = await api.caller("harbor"), await api.caller("harbor", "staff")
    relations = {"program": ["harbor"], "treating_provider": ["valley-clinic"]}
    member = (await harbor("POST", "/v1/members", NORA | {"relations": relations})).json["id"]
    consent = (await harbor("POST", "/v1/consents", {"member": member, "consent": TPO})).json["id"]
    assert (await staff("POST", f"/v1/consents/{consent}/verify")).status == 204
    return str(member)


async def count(api: Api, model: Any) -> int:
    return int((await api.hub.database.query(select(func.count()).select_from(model)))[0][0])


async def test_a_packet_handed_in_is_stored_and_queued_when_the_answer_comes(api: Api) -> None:
    await a_member_with_consent(api)
    harbor = await api.caller("harbor", "staff")
    answer = await harbor.submit("key-1")
    assert answer.status == 202
    view = (await harbor("GET", answer.headers["Location"])).json
    assert view["recipients"][0]["state"] == "queued"
    assert view["recipients"][0]["decisions"][0]["outcome"] == "permit"
    assert view["items"][0]["title"] == "Discharge summary"
    listed = (await harbor("GET", "/v1/submissions")).json["items"]
    assert [each["id"] for each in listed] == [answer.json["id"]]


async def test_documents_in_base64_are_the_same_submission(api: Api) -> None:
    await a_member_with_consent(api)
    harbor = await api.caller("harbor")
    first = await harbor.submit("key-1")
    body = {"manifest": MANIFEST, "documents": {"summary": base64.b64encode(b"a discharge summary").decode()}}
    raw = json.dumps(body).encode()
    headers = {"Idempotency-Key": "key-1", "Content-Type": "application/json"}
    second = await harbor("POST", "/v1/submissions", data=raw, headers=headers)
    assert (second.status, second.json["id"]) == (202, first.json["id"])


async def test_the_same_key_and_body_answer_the_same_and_another_body_is_refused(api: Api) -> None:
    await a_member_with_consent(api)
    harbor = await api.caller("harbor")
    answers = await asyncio.gather(*(harbor.submit("key-1") for _ in range(5)))
    assert {answer.json["id"] for answer in answers} == {answers[0].json["id"]}
    other = await harbor.submit("key-1", summary=b"something else")
    assert (other.status, other.json["code"]) == (409, "idempotency-key-reused")
    assert await count(api, Submission) == 1


async def test_a_submission_without_its_key_is_told_what_is_missing(api: Api) -> None:
    harbor = await api.caller("harbor")
    answer = await harbor("POST", "/v1/submissions", MANIFEST)
    assert (answer.status, answer.json["field"]) == (400, "Idempotency-Key")
    assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_an_organizations_system_learns_the_outcome_and_its_people_the_reasons(api: Api) -> None:
    await (await api.caller("harbor"))("POST", "/v1/members", NORA | {"relations": {"program": ["harbor"]}})
    system, person = await api.caller("harbor"), await api.caller("harbor", "staff")
    place = (await system.submit("key-1")).headers["Location"]
    told = (await system("GET", place)).json["recipients"][0]["decisions"][0]
    explained = (await person("GET", place)).json["recipients"][0]["decisions"][0]
    assert told.keys() == {"id", "at", "phase", "outcome", "hold"}
    assert explained["reasons"] == ["consent.none"]


async def test_a_decision_explains_itself_to_the_dischargers_people_in_english_and_spanish(api: Api) -> None:
    await (await api.caller("harbor"))("POST", "/v1/members", NORA | {"relations": {"program": ["harbor"]}})
    person = await api.caller("harbor", "staff")
    place = (await person.submit("key-1")).headers["Location"]
    decision = (await person("GET", place)).json["recipients"][0]["decisions"][0]["id"]
    english = (await person("GET", f"/v1/decisions/{decision}")).json
    spanish = (await person("GET", f"/v1/decisions/{decision}?language=es")).json
    assert "§2.31" in english["explanation"][0]["text"]
    assert english["remedies"]
    assert english["explanation"] != spanish["explanation"]
    refused = await (await api.caller("harbor"))("GET", f"/v1/decisions/{decision}")
    assert refused.status == 403
    reviewed = await (await api.caller("county", "compliance"))("GET", f"/v1/decisions/{decision}")
    assert reviewed.status == 200
    kinds = [row[0] for row in await api.hub.database.query(select(LedgerEntry.__table__.c.kind))]
    # The program's person saw the submission and the decision twice; compliance saw the decision.
    assert kinds.count("access.viewed") == 4


async def test_nothing_about_the_person_is_in_an_error(api: Api) -> None:
    harbor = await api.caller("harbor")
    wrong = MANIFEST | {"purpose": "Nora Quill 01234567A"}
    answer = await harbor.submit("key-1", wrong)
    assert (answer.status, answer.json["field"]) == (400, "$.purpose")
    assert b"Nora" not in answer.body
    member = await harbor("POST", "/v1/members", NORA | {"sex": "Nora Quill"})
    assert (member.status, member.json["field"]) == (400, "$.sex")
    assert b"Nora" not in member.body


async def test_a_body_over_the_limit_is_refused_before_it_is_read(api: Api) -> None:
    harbor = await api.caller("harbor")
    answer = await harbor(
        "POST",
        "/v1/submissions",
        data=b"x" * (300 * 1024),
        headers={"Idempotency-Key": "k", "Content-Type": "text/plain"},
    )
    assert answer.status == 415
    large = await harbor("POST", "/v1/members", {"given": "x" * (300 * 1024)})
    assert (large.status, large.json["code"]) == (413, "too-large")


async def test_a_compressed_body_is_not_unfolded(api: Api) -> None:
    harbor = await api.caller("harbor")
    answer = await harbor(
        "POST", "/v1/members", data=b"{}", headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}
    )
    assert answer.status == 415


async def test_its_sender_takes_back_over_http_what_has_not_left(api: Api) -> None:
    await a_member_with_consent(api)
    harbor, other = await api.caller("harbor"), await api.caller("lantern")
    where = (await harbor.submit("key-1")).headers["Location"]
    assert (await other("POST", f"{where}/withdraw")).status == 404
    answer = await harbor("POST", f"{where}/withdraw")
    assert (answer.status, answer.json) == (200, {"withdrawn": ["valley-clinic"], "gone": []})
    shown = (await harbor("GET", where)).json["recipients"][0]
    assert (shown["state"], shown["code"]) == ("withheld", "withdrawn")
