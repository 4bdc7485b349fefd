"""INVARIANT no-existence-leak: what is not yours answers exactly as what does not exist (§2.13(c)(2))."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from hub.storage.tables import Inquiry, WorkItem
from hub.web.app import ROUTES
from tests.api import NORA, TPO, Answer, Api, an_api
from tests.hubs import a_hub

NOBODY = "nonexistent0000000000000000"
BODIES: dict[str, Any] = {
    "/v1/consents": {"member": "ID", "consent": TPO},
    "/v1/members/{id}/facts": NORA,
    "/v1/members/{id}/restrictions": {"against": ["sunrise"]},
    "/v1/members/{id}/restrictions/{restriction}/end": {},
    "/v1/consents/{id}/revoke": {"how": "written"},
    "/v1/consents/{id}/event": {"status": "not_yet"},
    "/v1/work/{id}/assign": {},
    "/v1/work/{id}/propose": {"reason": "reviewed"},
    "/v1/work/{id}/confirm": None,
    "/v1/work/{id}/unpropose": None,
    "/v1/work/{id}/another-way": {},
    "/v1/work/{id}/close": {"reason": "reviewed"},
}
KIND = {
    "members": "member",
    "consents": "consent",
    "submissions": "submission",
    "decisions": "decision",
    "work": "work",
}


@pytest.fixture
async def api(tmp_path: Any) -> AsyncIterator[Api]:
    async with a_hub(f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub, an_api(hub) as made:
        yield made


@pytest.fixture
async def existing(api: Api) -> dict[str, str]:
    """One of everything, Harbor's."""
    harbor = await api.caller("harbor", "staff")
    member = (await harbor("POST", "/v1/members", NORA | {"relations": {"program": ["harbor"]}})).json["id"]
    consent = (await harbor("POST", "/v1/consents", {"member": member, "consent": TPO})).json["id"]
    await harbor("PUT", f"/v1/consents/{consent}/document", data=b"%PDF-1.7 scan")
    await harbor("POST", f"/v1/consents/{consent}/revoke", {"how": "oral"})
    submission = (await harbor.submit("key-1")).json["id"]
    view = (await harbor("GET", f"/v1/submissions/{submission}")).json
    work = (await harbor("GET", "/v1/work")).json["items"][0]["id"]
    return {
        "member": member,
        "consent": consent,
        "submission": submission,
        "decision": view["recipients"][0]["decisions"][0]["id"],
        "work": work,
    }


async def test_whoever_registers_a_person_reads_back_nothing_that_others_said_of_them(api: Api) -> None:
    harbor, clinic = await api.caller("harbor", "staff"), await api.caller("valley-clinic", "staff")
    said = NORA | {"phone": "+17075550123", "sex": "female", "relations": {"program": ["harbor"]}}
    await harbor("POST", "/v1/members", said)
    seen = []
    for person in (NORA, NORA | {"cin": "09999999A"}):
        claims = person | {"relations": {"treating_provider": ["valley-clinic"]}}
        member = (await clinic("POST", "/v1/members", claims)).json["id"]
        shown = (await clinic("GET", f"/v1/members/{member}")).json
        seen.append(shown | {"id": "", "cin": ""})
    assert seen[0] == seen[1], "known here or new"
    assert "+17075550123" not in str(seen)


async def test_whoever_merely_registered_a_person_limits_nothing_that_others_hold(
    api: Api, existing: dict[str, str]
) -> None:
    clinic = await api.caller("valley-clinic", "staff")
    assert (await clinic("POST", "/v1/members", NORA)).json["id"] == existing["member"]
    path = f"/v1/members/{existing['member']}/restrictions"
    assert (await clinic("POST", path, {"against": []})).status == 404
    await clinic("POST", "/v1/members", NORA | {"relations": {"treating_provider": ["valley-clinic"]}})
    assert (await clinic("POST", path, {"against": ["sunrise"]})).status == 201


REFERRING = [
    (route.method, route.path)
    for route in ROUTES
    if any(f"/v1/{kind}/{{id}}" in route.path for kind in KIND) or route.path == "/v1/consents"
]


@pytest.mark.parametrize(("method", "path"), [case for case in REFERRING if case[0] in ("GET", "POST", "PUT")])
async def test_what_belongs_to_another_answers_like_what_does_not_exist(
    api: Api, existing: dict[str, str], method: str, path: str
) -> None:
    stranger = await api.caller("lantern", "staff")

    async def ask(reference: str) -> tuple[int, bytes, dict[str, str]]:
        body = BODIES.get(path)
        if path == "/v1/consents":
            body = {"member": reference, "consent": TPO}
        options: dict[str, Any] = {"data": b"%PDF-1.7 x"} if (method, "document") == ("PUT", path[-8:]) else {}
        answer = await stranger(method, path.replace("{id}", reference).replace("{restriction}", "r"), body, **options)
        return answer.status, answer.body, {k: v for k, v in answer.headers.items() if k != "Date"}

    kind = "member" if path == "/v1/consents" else KIND[path.split("/")[2]]
    real, unreal = await ask(existing[kind]), await ask(NOBODY)
    assert real == unreal
    assert real[0] == 404


async def test_registering_a_known_person_answers_like_registering_a_new_one(
    api: Api, existing: dict[str, str]
) -> None:
    stranger = await api.caller("lantern", "staff")
    stated = {"relations": {"program": ["lantern"], "plan": ["sunrise"]}}

    async def seen(person: dict[str, str]) -> tuple[Answer, Answer]:
        made = await stranger("POST", "/v1/members", person | stated)
        return made, await stranger("GET", f"/v1/members/{made.json['id']}")

    known, known_view = await seen(NORA)
    new, new_view = await seen(NORA | {"cin": "07654321A"})
    conflict, conflict_view = await seen(NORA | {"family": "Other"})
    assert known.json["id"] == existing["member"]
    assert known.status == new.status == conflict.status == 201
    assert known.headers.keys() == new.headers.keys() == conflict.headers.keys()
    assert len(known.body) == len(new.body) == len(conflict.body)
    assert known_view.json.keys() == new_view.json.keys() == conflict_view.json.keys()
    # Not a word of what Harbor stated, nor of Harbor.
    assert known_view.json["relations"] == new_view.json["relations"]
    assert b"harbor" not in known_view.body


async def test_a_packet_about_a_stranger_is_decided_like_one_about_nobody(api: Api, existing: dict[str, str]) -> None:
    lantern = await api.caller("lantern", "staff")

    async def outcome(key: str, cin: str) -> Any:
        manifest = {
            "kind": "referral_packet",
            "member": {"cin": cin},
            "purpose": "treatment",
            "recipients": [{"organization": "valley-clinic"}],
            "items": [{"document": "summary", "title": "Summary"}],
        }
        view = (await lantern("GET", (await lantern.submit(key, manifest)).headers["Location"])).json
        (recipient,) = view["recipients"]
        decision = recipient["decisions"][0]
        return recipient["state"], recipient["code"], decision["outcome"], decision["reasons"], decision["items"]

    assert await outcome("key-1", NORA["cin"]) == await outcome("key-2", "07654321A")


async def test_a_question_without_a_good_reason_to_be_answered_gets_the_same_refusal(
    api: Api, existing: dict[str, str]
) -> None:
    asker = await api.caller("valley-clinic")
    answers = [
        await asker("POST", "/v1/inquiries", {"discloser": discloser, "cin": cin})
        for discloser, cin in (
            ("harbor", NORA["cin"]),
            ("harbor", "07654321A"),
            ("lantern", NORA["cin"]),
            ("harbor", "?"),
        )
    ]
    assert {(answer.status, answer.body) for answer in answers} == {(404, answers[0].body)}
    kept = await api.hub.database.query(select(col(Inquiry.outcome)))
    assert kept == [("refused",)] * 4
    assert (
        await api.hub.database.query(select(col(WorkItem.id)).where(col(WorkItem.kind) == "information_request")) == []
    )


async def test_a_question_the_consent_covers_becomes_work_for_the_discloser(api: Api) -> None:
    harbor = await api.caller("harbor", "staff")
    relations = {"program": ["harbor"], "treating_provider": ["valley-clinic"]}
    member = (await harbor("POST", "/v1/members", NORA | {"relations": relations})).json["id"]
    consent = (await harbor("POST", "/v1/consents", {"member": member, "consent": TPO})).json["id"]
    await (await api.caller("harbor", "staff"))("POST", f"/v1/consents/{consent}/verify")
    asker = await api.caller("valley-clinic")
    answer = await asker("POST", "/v1/inquiries", {"discloser": "harbor", "cin": NORA["cin"]})
    assert answer.status == 202
    (work,) = (await harbor("GET", "/v1/work")).json["items"]
    assert (work["kind"], work["reference"]) == ("information_request", answer.json["id"])
