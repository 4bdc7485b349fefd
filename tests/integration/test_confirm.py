"""An unknown outcome, and what the recipient said when somebody called: on both databases."""

import json
from typing import Any

import pytest

from hub.errors import Conflict, Malformed
from hub.model import Delivered, Receipt, Refused, Unknown
from hub.storage.tables import Disclosure, Evidence, LedgerEntry, Outbox, WorkItem
from hub.waiting import items, proposals
from hub.workers.recovery import recover
from tests import disclosures as d
from tests.disclosures import a_county, disclose
from tests.people import let_go
from tests.scenes import Scene, a_scene

CALLER = "harbor/omar"


async def unknown(scene: Scene) -> str:
    """One delivery of which nobody knows whether it arrived; the id of its work item."""
    await scene.consent()
    await scene.submit()
    scene.channel.answers.append(Unknown(code="time-out"))
    assert await scene.dispatch_all() == ["unknown"]
    return await asked(scene, "unknown_outcome")


async def asked(scene: Scene, kind: str) -> str:
    rows = await scene.rows(WorkItem.id, WorkItem.kind, WorkItem.state)
    (work,) = [work for work, of, state in rows if (of, state) == (kind, "open")]
    return str(work)


async def confirmations(scene: Scene) -> list[dict[str, Any]]:
    rows = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.member_id, LedgerEntry.body)
    found = [(member, json.loads(body)) for _, kind, member, body in rows if kind == "disclosure.confirmed"]
    assert all(member == scene.member for member, _ in found)
    return [body for _, body in found]


async def test_what_the_recipient_says_they_have_was_disclosed(migrated_url):
    async with a_scene(migrated_url) as scene:
        work = await unknown(scene)
        await items.close(scene.hub, work, "confirmed_delivered", organization="harbor", by=CALLER)
        assert await scene.rows(Outbox.state) == [("delivered",)]
        ((state, concluded),) = await scene.rows(Disclosure.state, Disclosure.concluded_at)
        assert (state, concluded is not None) == ("disclosed", True)
        assert await confirmations(scene) == [{"work": work, "from": "unknown", "to": "disclosed", "by": CALLER}]


async def test_what_the_recipient_says_they_lack_was_not_disclosed_and_does_not_go_by_itself(migrated_url):
    async with a_scene(migrated_url) as scene:
        work = await unknown(scene)
        await items.close(scene.hub, work, "confirmed_not_delivered", organization="harbor", by=CALLER)
        assert await scene.rows(Outbox.state, Outbox.code) == [("dead", "confirmed_not_delivered")]
        assert await scene.rows(Disclosure.state) == [("not_disclosed",)]
        assert await scene.dispatch_all() == []
        assert [body["to"] for body in await confirmations(scene)] == ["not_disclosed"]


async def test_what_the_recipient_says_they_lack_goes_again_when_it_is_released(migrated_url):
    async with a_scene(migrated_url) as scene:
        work = await unknown(scene)
        await let_go(scene.hub, work, "confirmed_not_delivered")
        assert await scene.rows(Outbox.state) == [("queued",)]
        assert await scene.rows(Disclosure.state) == [("not_disclosed",)]
        assert [body["to"] for body in await confirmations(scene)] == ["not_disclosed"]
        assert await scene.dispatch_all() == ["delivered"]
        assert await scene.rows(Disclosure.state) == [("disclosed",)]


@pytest.mark.parametrize("reason", ["confirmed_delivered", "reviewed"])
async def test_nothing_goes_again_unless_the_recipient_said_they_lack_it(migrated_url, reason):
    """INVARIANT unknown-is-disclosed."""
    async with a_scene(migrated_url) as scene:
        work = await unknown(scene)
        with pytest.raises(Malformed, match="says that they do not have it"):
            await proposals.propose(scene.hub, work, reason, organization="harbor", by=CALLER)
        assert await scene.rows(Outbox.state) == [("unknown",)]
        assert await confirmations(scene) == []


async def test_closing_without_an_answer_leaves_it_a_disclosure_that_may_have_been_made(migrated_url):
    async with a_scene(migrated_url) as scene:
        work = await unknown(scene)
        await items.close(scene.hub, work, "reviewed", organization="harbor", by=CALLER)
        assert await scene.rows(Outbox.state) == [("unknown",)]
        assert await scene.rows(Disclosure.state) == [("unknown",)]
        assert await confirmations(scene) == []


async def test_a_dead_letter_has_nothing_to_confirm(migrated_url):
    async with a_scene(migrated_url) as scene:
        await scene.consent()
        await scene.submit()
        scene.channel.answers.append(Refused(code="not-accepted"))
        assert await scene.dispatch_all() == ["dead"]
        work = await asked(scene, "dead_letter")
        for act in (items.close, proposals.propose):
            with pytest.raises(Malformed, match="Only an unknown outcome"):
                await act(scene.hub, work, "confirmed_delivered", organization="harbor", by=CALLER)
        assert await scene.rows(Disclosure.state) == [("not_disclosed",)]


async def test_a_receipt_that_came_late_outweighs_somebody_who_did_not_find_it(migrated_url):
    async with a_scene(migrated_url) as scene:
        work = await late_receipt(scene)
        for act in (items.close, proposals.propose):
            with pytest.raises(Conflict) as caught:
                await act(scene.hub, work, "confirmed_not_delivered", organization="harbor", by=CALLER)
            assert caught.value.detail_code == "delivered"
        await items.close(scene.hub, work, "confirmed_delivered", organization="harbor", by=CALLER)
        assert await scene.rows(Outbox.state) == [("delivered",)]


async def late_receipt(scene: Scene) -> str:
    """The recovery gives an attempt up while its worker still delivers; then the receipt comes."""

    async def slowly(prepared: Any) -> Delivered:
        scene.hub.clock.ahead += 2 * scene.hub.lease_us
        assert await recover(scene.hub, scene.hub.clock.now()) == (0, 1)
        return Delivered(receipt=Receipt(kind="test", reference="1", at=scene.hub.clock.now()))

    await scene.consent()
    await scene.submit()
    scene.channel.deliver = slowly
    assert await scene.dispatch_all() == ["unknown"]
    assert await scene.rows(Disclosure.state) == [("disclosed",)]
    return await asked(scene, "unknown_outcome")


async def test_the_record_of_an_emergency_has_no_time_of_a_disclosure_that_never_happened(migrated_url):
    """§2.51(c)(3)."""
    async with a_county(migrated_url) as scene:
        await disclose(scene, "emergency-room", "medications", kind="emergency_disclosure", emergency=d.EMERGENCY)
        scene.channel.answers.append(Unknown(code="time-out"))
        assert await scene.dispatch_all() == ["unknown"]
        work = await asked(scene, "unknown_outcome")
        await let_go(scene.hub, work, "confirmed_not_delivered")
        assert await scene.rows(Evidence.disclosed_at) == [(None,)]
        assert await scene.dispatch_all() == ["delivered"]
        ((disclosed_at,),) = await scene.rows(Evidence.disclosed_at)
        assert disclosed_at is not None
