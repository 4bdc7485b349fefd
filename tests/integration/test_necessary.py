"""§2.13(a) on the path: a notice leaves without what its purpose does not need, unless the sender's staff say so."""

import json
from typing import Any

from msgspec.structs import replace

from hub.storage.tables import Decision
from tests.scenes import FORM, Scene, a_scene

TO_PLAN = replace(FORM, kind="tpo", recipients=("health_plans",), purposes=("treatment", "payment", "operations"))
ADMITTED: dict[str, Any] = {
    "kind": "admit_notice",
    "purpose": "care_management",
    "recipients": ("sunrise",),
    "event": {"kind": "admit", "at": "2026-03-06T22:40:00-08:00"},
}
PARTS = ({"information": "attendance"}, {"information": "demographics"}, {"information": "diagnosis"})


async def decided(scene: Scene) -> tuple[str, dict[str, list[str]]]:
    body = json.loads((await scene.rows(Decision.id, Decision.body))[-1][1])
    return body["outcome"], {item["item"]: item["reasons"] for item in body["items"] if not item["permitted"]}


async def test_the_plan_learns_of_the_admission_and_not_of_the_diagnosis(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent(TO_PLAN)
        await scene.submit(items=PARTS, **ADMITTED)
        assert await decided(scene) == ("partial", {"item-3": ["scope.not_needed"]})
        assert await scene.dispatch_all() == ["delivered"]
        (sent,) = scene.channel.received
        assert [document.information for document in sent.parcel.documents] == ["attendance", "demographics"]


async def test_what_the_senders_staff_state_wins_in_both_directions(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent(TO_PLAN)
        stated = (
            {"information": "attendance", "needed": False},
            {"information": "demographics"},
            {"information": "diagnosis", "needed": True},
        )
        await scene.submit(items=stated, **ADMITTED)
        assert await decided(scene) == ("partial", {"item-1": ["scope.not_needed"]})


async def test_the_same_papers_in_a_referral_packet_all_go(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent(TO_PLAN)
        await scene.submit(items=PARTS, kind="referral_packet", purpose="care_management", recipients=("sunrise",))
        assert await decided(scene) == ("permit", {})
