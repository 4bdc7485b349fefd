"""The log and the registers over HTTP: an organization sees its own, nobody sees others; each look is recorded."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlmodel import select

from hub.storage.facts import instant
from hub.storage.tables import LedgerEntry
from tests.api import Api, Caller, an_api
from tests.scenes import NAME, Scene, a_scene


class Story:
    """A disclosure by Harbor House, and a matter on each of its registers."""

    def __init__(self, api: Api, scene: Scene) -> None:
        self.api, self.scene = api, scene
        self.disclosure = ""
        self.decision = ""
        self.submission = ""
        self.matters: dict[str, str] = {}

    @property
    def now(self) -> str:
        return instant(self.scene.hub.clock.now()).isoformat()

    async def viewed(self) -> int:
        rows = await self.scene.hub.database.query(select(LedgerEntry.kind))  # type: ignore[call-overload]
        return [row[0] for row in rows].count("access.viewed")


@pytest.fixture
async def story(tmp_path: Any) -> AsyncIterator[Story]:
    async with a_scene(f"sqlite:///{tmp_path / 'hub.sqlite'}") as scene, an_api(scene.hub) as api:
        told = Story(api, scene)
        await scene.consent()
        told.submission = await scene.submit()
        await scene.dispatch_all()
        staff = await api.caller("harbor", "staff")
        (row,) = (await staff("GET", "/v1/log")).json["items"]
        told.disclosure, told.decision = row["id"], row["decision_id"]
        member = {"member": scene.member, "received_at": told.now}
        for kind, fields in {
            "accounting": member,
            "complaint": {"received_at": told.now, "what": "They spoke of me in the hall", "member": scene.member},
            "restriction": member | {"against": ["lantern"]},
            "breach": {"discovered_at": told.now, "what": "A fax went astray", "members": [scene.member]},
        }.items():
            answer = await staff("POST", f"/v1/registers/{kind}", fields)
            assert answer.status == 201, answer.body
            told.matters[kind] = answer.json["id"]
        yield told


def reading(story: Story) -> dict[str, bool]:
    """Every address under which a person reads about the member; whether it shows the member's own data."""
    member = story.scene.member
    return {
        f"/v1/members/{member}": True,
        f"/v1/members/{member}/consents": True,
        f"/v1/members/{member}/restrictions": True,
        f"/fhir/Consent?patient={member}": True,
        f"/v1/submissions/{story.submission}": True,
        f"/v1/decisions/{story.decision}": True,
        f"/v1/disclosures?member={member}": True,
        f"/v1/log?member={member}": True,
        f"/v1/disclosures/{story.disclosure}/permitted": True,
        f"/v1/disclosures/{story.disclosure}/necessary": True,
        **{f"/v1/matters/{matter}": True for matter in story.matters.values()},
        f"/v1/matters/{story.matters['accounting']}/letter": True,
    }


async def test_every_look_at_a_member_by_a_person_is_an_entry(story: Story) -> None:
    callers = [await story.api.caller("harbor", "staff"), await story.api.caller("county", "compliance")]
    for caller in callers:
        for address in reading(story):
            if "submissions" in address and caller is callers[1]:
                continue  # whose it is not, compliance included, sees no submission
            before = await story.viewed()
            answer = await caller("GET", address)
            assert answer.status == 200, address
            assert await story.viewed() == before + 1, address


async def test_another_organization_gets_the_neutral_refusal_everywhere(story: Story) -> None:
    outside = await story.api.caller("valley-clinic", "staff")
    nothing = await outside("GET", "/v1/decisions/no-such")
    for address in reading(story):
        if "?" in address:
            answer = await outside("GET", address)
            shown = answer.json.get("items", answer.json.get("entry", []))
            assert answer.status in (200, 404), address
            assert shown == [], address
            continue
        answer = await outside("GET", address)
        assert (answer.status, answer.body) == (404, nothing.body), address
    for address in (
        "/v1/log", "/v1/log?discloser=harbor", "/v1/log/denied", "/v1/log/emergencies", "/v1/log/inquiries",
        "/v1/matters?state=any", f"/v1/matters?member={story.scene.member}",
    ):  # fmt: skip
        assert (await outside("GET", address)).json["items"] == [], address
    assert not any((await outside("GET", f"/v1/put-right?reference={story.disclosure}")).json.values())
    for kind in ("log", "matters", "hhs", "denied", "auditevents"):
        assert (await outside("GET", f"/v1/exports/{kind}.jsonl")).body == b"", kind


async def test_another_organization_brings_no_matter_on(story: Story) -> None:
    outside = await story.api.caller("valley-clinic", "staff")
    for matter in (*story.matters.values(), "no-such"):
        for deed in ("extend", "withdraw", "assess", "agree", "answer", "letter"):
            answer = await outside("POST", f"/v1/matters/{matter}/{deed}", {"reason": "x"})
            assert answer.status == 404, deed
    elsewhere = await outside(
        "POST", "/v1/registers/complaint?organization=harbor", {"received_at": story.now, "what": "x"}
    )
    assert elsewhere.status == 404


async def test_a_system_reaches_no_register(story: Story) -> None:
    system = await story.api.caller("harbor")
    for address in ("/v1/log", "/v1/matters", f"/v1/matters/{story.matters['breach']}", "/v1/views", "/v1/put-right"):
        assert (await system("GET", address)).status == 403
    assert (await system("POST", "/v1/registers/complaint", {})).status == 403


async def test_staff_do_not_see_who_looked(story: Story) -> None:
    assert (await (await story.api.caller("harbor", "staff"))("GET", "/v1/views")).status == 403
    reviewer = await story.api.caller("county", "compliance")
    assert (await reviewer("GET", f"/v1/views?member={story.scene.member}")).status == 200


async def test_compliance_enters_a_matter_for_an_organization(story: Story) -> None:
    reviewer = await story.api.caller("county", "compliance")
    fields = {"received_at": story.now, "what": "Told the county"}
    answer = await reviewer("POST", "/v1/registers/complaint?organization=harbor", fields)
    shown = (await reviewer("GET", answer.headers["Location"])).json
    assert (shown["organization_id"], shown["words"]["what"]) == ("harbor", "Told the county")
    wrong = await reviewer("POST", "/v1/registers/complaint?organization=nowhere", fields)
    assert wrong.status == 400


async def test_an_answer_is_a_letter_and_closes_the_request(story: Story) -> None:
    staff = await story.api.caller("harbor", "staff")
    matter = story.matters["accounting"]
    seen = await staff("GET", f"/v1/matters/{matter}/letter")
    assert (seen.headers["Content-Type"], seen.body[:5]) == ("application/pdf", b"%PDF-")
    assert NAME[1] not in seen.headers["Content-Disposition"]
    answer = await staff("POST", f"/v1/matters/{matter}/letter", {"reason": "Mailed today"})
    assert answer.status == 200
    closed = (await staff("GET", f"/v1/matters/{matter}")).json
    assert (closed["state"], closed["facts"]["letter"]) == ("closed", answer.headers["Digest-SHA-256"])
    kept = await staff("GET", f"/v1/matters/{matter}/letter?about=sent")
    assert (kept.body, kept.headers["Digest-SHA-256"]) == (answer.body, answer.headers["Digest-SHA-256"])
    again = await staff("POST", f"/v1/matters/{matter}/letter", {"reason": "again"})
    assert (again.status, again.json["code"]) == (409, "closed")


@pytest.mark.parametrize(
    "address",
    [
        "/v1/log?surprise=1",
        "/v1/log?since=yesterday",
        "/v1/log?since=2026-01-01",
        "/v1/log?purpose=curiosity",
        "/v1/log?limit=0",
        "/v1/matters?kind=rumours",
        "/v1/matters?state=lost",
        "/v1/log/emergencies?state=lost",
    ],
)
async def test_a_question_that_is_not_understood_is_refused(story: Story, address: str) -> None:
    answer = await (await story.api.caller("county", "compliance"))("GET", address)
    assert (answer.status, answer.json["code"]) == (400, "malformed")


async def test_fields_that_are_not_understood_are_named_and_never_quoted(story: Story) -> None:
    staff = await story.api.caller("harbor", "staff")
    answer = await staff("POST", "/v1/registers/complaint", {"received_at": "Quintanar", "what": 5})
    assert (answer.status, answer.json["code"]) == (400, "malformed")
    assert b"Quintanar" not in answer.body
    broken = await staff("POST", "/v1/registers/complaint", data=b"{", headers={"Content-Type": "application/json"})
    assert broken.status == 400
    assert (await staff("POST", "/v1/registers/rumours", {})).status == 400


async def test_the_lists_show_what_their_routes_say(story: Story) -> None:
    staff: Caller = await story.api.caller("harbor", "staff")
    kinds = [each["kind"] for each in (await staff("GET", "/v1/matters")).json["items"]]
    assert sorted(kinds) == ["accounting", "breach", "complaint", "restriction"]
    (breach,) = (await staff("GET", "/v1/matters?kind=breach")).json["items"]
    assert "words" not in breach
    assert b"astray" not in msgspec.json.encode(breach)
    put_right = (await staff("GET", "/v1/put-right")).json
    assert [each["id"] for each in put_right["breaches"]] == [story.matters["breach"]]
