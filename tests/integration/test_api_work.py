"""What waits for people, and what they and new consents let go; nothing leaves by a release alone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from hub.storage.tables import LedgerEntry, Outbox
from tests.api import MANIFEST, NORA, TPO, Api, Caller, an_api
from tests.hubs import a_hub

NOTICE = MANIFEST | {
    "kind": "admit_notice",
    "event": {"kind": "admit", "at": "2026-03-02T10:00:00-08:00"},
}


@pytest.fixture
async def api(tmp_path: Any) -> AsyncIterator[Api]:
    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub, an_api(hub) as made:
        yield made


@pytest.fixture
async def harbor(api: Api) -> Caller:
    return await api.caller("harbor", "staff")


@pytest.fixture
async def nora(harbor: Caller) -> str:
    relations = {"program": ["harbor"], "treating_provider": ["valley-clinic"]}
    return str((await harbor("POST", "/v1/members", NORA | {"relations": relations})).json["id"])


async def state(harbor: Caller, place: str) -> tuple[str, str | None]:
    (recipient,) = (await harbor("GET", place)).json["recipients"]
    return recipient["state"], recipient["approved_by"]


async def test_a_notice_that_lacks_only_a_consent_waits_and_goes_on_when_one_is_verified(
    api: Api, harbor: Caller, nora: str
) -> None:
    colleague = await api.caller("harbor", "staff")
    place = (await harbor.submit("key-1", NOTICE)).headers["Location"]
    assert (await state(harbor, place))[0] == "held"
    consent = (await harbor("POST", "/v1/consents", {"member": nora, "consent": TPO})).json["id"]
    await colleague("POST", f"/v1/consents/{consent}/verify")
    assert (await state(harbor, place))[0] == "queued"


async def test_a_packet_on_an_unverified_paper_waits_for_two_people_who_release_it_by_name(
    api: Api, harbor: Caller, nora: str
) -> None:
    await harbor("POST", "/v1/consents", {"member": nora, "consent": TPO})
    place = (await harbor.submit("key-1")).headers["Location"]
    assert (await state(harbor, place))[0] == "held"
    (work,) = (await harbor("GET", "/v1/work?kind=hold")).json["items"]
    assert "consent.unverified" in work["code"]
    colleague, place_of_work = await api.caller("harbor", "staff"), f"/v1/work/{work['id']}"
    assert (await harbor("POST", f"{place_of_work}/propose", {"reason": "reviewed"})).status == 204
    alone = await harbor("POST", f"{place_of_work}/confirm")
    assert (alone.status, alone.json["code"]) == (409, "same-person")
    assert (await colleague("GET", place_of_work)).json["proposal"]["reason"] == "reviewed"
    assert (await state(harbor, place))[0] == "held"
    assert (await colleague("POST", f"{place_of_work}/confirm")).status == 204
    queued, approved_by = await state(harbor, place)
    assert queued == "queued"
    assert approved_by is not None
    assert len(set(approved_by.split())) == 2
    assert (await harbor("GET", "/v1/work")).json["items"] == []
    again = await colleague("POST", f"{place_of_work}/confirm")
    assert (again.status, again.json["code"]) == (409, "not-waiting")
    kinds = {row[0] for row in await api.hub.database.query(select(col(LedgerEntry.kind)))}
    assert "work.released" in kinds


async def test_a_reason_is_one_of_a_fixed_list_since_free_words_could_name_a_person(harbor: Caller, nora: str) -> None:
    answer = await harbor("POST", "/v1/work/x/propose", {"reason": "Nora Quill called"})
    assert (answer.status, answer.json["field"]) == (400, "$.reason")
    assert b"Nora" not in answer.body


async def test_work_that_has_nothing_in_the_queue_can_be_closed_but_not_released(
    api: Api, harbor: Caller, nora: str
) -> None:
    consent = (await harbor("POST", "/v1/consents", {"member": nora, "consent": TPO})).json["id"]
    await harbor("POST", f"/v1/consents/{consent}/revoke", {"how": "oral"})
    (work,) = (await harbor("GET", "/v1/work")).json["items"]
    assert (await harbor("POST", f"/v1/work/{work['id']}/propose", {"reason": "reviewed"})).status == 409
    assert (await harbor("POST", f"/v1/work/{work['id']}/close", {"reason": "answered"})).status == 204
    assert await api.hub.database.query(select(col(Outbox.id))) == []


async def test_compliance_sees_every_organizations_work_and_a_system_sees_none(
    api: Api, harbor: Caller, nora: str
) -> None:
    await harbor("POST", "/v1/consents", {"member": nora, "consent": TPO})
    await harbor.submit("key-1")
    compliance, other = await api.caller("county", "compliance"), await api.caller("lantern", "staff")
    assert len((await compliance("GET", "/v1/work")).json["items"]) == 1
    assert (await other("GET", "/v1/work")).json["items"] == []
    assert (await (await api.caller("harbor"))("GET", "/v1/work")).status == 403


async def test_a_what_if_over_http_is_for_ones_own_disclosures(api: Api, harbor: Caller, nora: str) -> None:
    asked = {"discloser": "harbor", "recipient": "valley-clinic", "purpose": "treatment", "member": nora}
    answer = (await harbor("POST", "/v1/policy/check", asked)).json
    assert (answer["outcome"], answer["items"][0]["reasons"]) == ("deny", ["consent.none"])
    assert answer["remedies"]
    stranger = await api.caller("lantern", "staff")
    assert (await stranger("POST", "/v1/policy/check", asked)).status == 403
    assert (await (await api.caller("county", "compliance"))("POST", "/v1/policy/check", asked)).status == 200


async def test_lists_come_by_the_page(harbor: Caller, nora: str) -> None:
    for n in range(5):
        await harbor.submit(f"key-{n}")
    first = (await harbor("GET", "/v1/submissions?limit=3")).json
    second = (await harbor("GET", f"/v1/submissions?limit=3&before={first['next']}")).json
    assert [len(page["items"]) for page in (first, second)] == [3, 2]
    assert second["next"] is None
    assert len({each["id"] for page in (first, second) for each in page["items"]}) == 5
    assert (await harbor("GET", "/v1/submissions?limit=0")).status == 400


async def test_an_order_handed_in_over_http_is_approved_by_two_people_with_tokens_of_their_own(
    api: Api, harbor: Caller, nora: str
) -> None:
    order = {
        "section": "2.64",
        "court": "Superior Court of Meridian",
        "docket": "MC-2026-0417",
        "document": "paper",
        "holder": "harbor",
        "recipients": ["county"],
        "information": ["summary"],
        "criteria": ["no_other_means", "public_interest"],
    }
    asked = {"purpose": "civil_proceeding", "recipients": [{"organization": "county"}], "order": order}
    papers = {"summary": b"a discharge summary", "paper": b"%PDF-1.7 order"}
    place = (await harbor.submit("key-1", MANIFEST | asked, **papers)).headers["Location"]
    (work,) = (await harbor("GET", "/v1/work?kind=legal")).json["items"]
    counsel, director = await api.caller("harbor", "staff"), await api.caller("harbor", "staff")
    assert (await counsel("POST", f"/v1/work/{work['id']}/assign", {})).status == 204
    assert [each["id"] for each in (await counsel("GET", "/v1/work?mine=true")).json["items"]] == [work["id"]]
    assert (await director("GET", "/v1/work?mine=true")).json["items"] == []
    shown = (await counsel("GET", f"/v1/work/{work['id']}")).json
    assert shown["evidence"]["order"]["docket"] == "MC-2026-0417"
    own = await harbor("POST", f"/v1/work/{work['id']}/approve")
    assert (own.status, own.json["code"]) == (409, "same-person")
    assert (await counsel("POST", f"/v1/work/{work['id']}/approve")).json == {"given": 1, "needed": 2}
    assert (await state(harbor, place))[0] == "held"
    twice = await counsel("POST", f"/v1/work/{work['id']}/approve")
    assert (twice.status, twice.json["code"]) == (409, "same-person")
    assert (await director("POST", f"/v1/work/{work['id']}/approve")).json == {"given": 2, "needed": 2}
    queued, approved_by = await state(harbor, place)
    assert queued == "queued"
    assert approved_by is not None
    assert len(set(approved_by.split())) == 2


async def test_work_is_given_to_somebody_who_sees_it(api: Api, harbor: Caller, nora: str) -> None:
    await harbor("POST", "/v1/consents", {"member": nora, "consent": TPO})
    await harbor.submit("key-1")
    (work,) = (await harbor("GET", "/v1/work")).json["items"]
    place = f"/v1/work/{work['id']}/assign"
    admin = await api.caller("county", "admin")
    people = {
        role: (await admin("POST", "/v1/tokens", {"organization": organization, "role": role})).json["id"]
        for organization, role in (("harbor", "sender"), ("county", "compliance"), ("lantern", "staff"))
    }
    assert (await harbor("POST", place, {"to": people["compliance"]})).status == 204
    for wrong in (people["sender"], people["staff"], "nobody"):
        refused = await harbor("POST", place, {"to": wrong})
        assert (refused.status, refused.json["field"]) == (400, "$.to")


@pytest.mark.parametrize("days", [0, -1, 10**15])
async def test_a_token_is_not_issued_for_a_time_that_is_none(api: Api, days: int) -> None:
    admin = await api.caller("county", "admin")
    answer = await admin("POST", "/v1/tokens", {"organization": "harbor", "role": "sender", "days": days})
    assert (answer.status, answer.json["field"]) == (400, "days")
