"""A packet taken back: what nobody has stays for good, what is under way goes on, and never both."""

import asyncio
import json

import pytest

from hub import exchange, outbox
from hub.desk import projection
from hub.errors import Conflict, NotAvailable, Stale, Unavailable
from hub.ledger.sequencer import Sequencer
from hub.storage import consents
from hub.storage.tables import Disclosure, LedgerEntry, LogRow, Outbox, WorkItem
from hub.waiting import withdrawal
from tests.scenes import happens_before

WHO = {"organization": "harbor", "by": "harbor/pat"}


@pytest.fixture
async def packet(scene):
    """Two copies that may leave."""
    await scene.consent()
    return await scene.submit("k1", recipients=("lantern", "valley-clinic"))


async def states(scene):
    return {r: (s, c) for _, r, s, c in await scene.rows(Outbox.id, Outbox.recipient, Outbox.state, Outbox.code)}


async def entries(scene, kind):
    return [json.loads(body) for _, k, body in await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.body)
            if k == kind]  # fmt: skip


async def test_what_is_taken_back_never_leaves_and_who_did_it_is_on_the_ledger(scene, packet):
    became = await withdrawal.withdraw(scene.hub, packet, **WHO)
    assert became == (("lantern", "valley-clinic"), ())
    assert await scene.dispatch_all() == []
    assert set((await states(scene)).values()) == {("withheld", "withdrawn")}
    assert await entries(scene, "dispatch.withdrawn") == [{"by": "harbor/pat", "from": "queued"}] * 2
    assert scene.channel.received == []


async def test_a_repeat_answers_the_same_and_writes_nothing(scene, packet):
    first = await withdrawal.withdraw(scene.hub, packet, **WHO)
    assert await withdrawal.withdraw(scene.hub, packet, **WHO) == first
    assert len(await entries(scene, "dispatch.withdrawn")) == 2


async def test_a_copy_that_a_worker_took_up_leaves_and_the_other_stays(scene, packet):
    (ticket,) = await outbox.claim(scene.hub.database, scene.hub.clock.now(), 1)
    became = await withdrawal.withdraw(scene.hub, packet, **WHO)
    assert became.gone == (ticket.recipient,)
    assert len(became.withdrawn) == 1
    assert await exchange.dispatch(scene.hub, ticket) == "delivered"
    assert len(scene.channel.received) == 1


async def test_what_has_left_cannot_be_taken_back(scene, packet):
    await scene.dispatch_all()
    with pytest.raises(Conflict) as refused:
        await withdrawal.withdraw(scene.hub, packet, **WHO)
    assert refused.value.detail_code == "not-waiting"
    assert await entries(scene, "dispatch.withdrawn") == []


async def test_raced_against_a_claim_each_copy_is_either_disclosed_or_taken_back(scene, packet):
    async def work():
        tickets = await outbox.claim(scene.hub.database, scene.hub.clock.now(), 1)
        return [await exchange.dispatch(scene.hub, ticket) for ticket in tickets]

    await asyncio.gather(work(), withdrawal.withdraw(scene.hub, packet, **WHO), work(), return_exceptions=True)
    left = {recipient for _, recipient in await scene.rows(Disclosure.id, Disclosure.recipient)}
    back = {recipient for recipient, (_, code) in (await states(scene)).items() if code == "withdrawn"}
    assert left | back == {"lantern", "valley-clinic"}
    assert not left & back


async def test_what_a_consent_frees_at_that_moment_is_taken_back_all_the_same(scene, monkeypatch):
    """It waits for a consent; one comes after the withdrawal has seen that, and no worker has taken it up yet."""
    packet = await scene.submit("k1", kind="crisis_followup")
    happens_before(scene, monkeypatch, outbox.MOVE, scene.consent)
    assert await withdrawal.withdraw(scene.hub, packet, **WHO) == (("lantern",), ())
    assert (await scene.dispatch_all(), scene.channel.received) == ([], [])
    assert await entries(scene, "dispatch.withdrawn") == [{"by": "harbor/pat", "from": "queued"}]


async def test_what_moves_about_at_each_look_is_not_called_gone(scene, packet, monkeypatch):
    async def moved(_unit):
        raise Stale("It moved.")

    monkeypatch.setattr(scene.hub.database, "commit", moved)
    with pytest.raises(Unavailable):
        await withdrawal.withdraw(scene.hub, packet, **WHO)


async def test_what_waits_for_a_person_is_taken_back_and_a_later_consent_does_not_revive_it(scene):
    consent = await scene.consent(verified=False)
    packet = await scene.submit("k1", hold_for_consent=True)
    assert (await states(scene))["lantern"][0] == "held"
    await withdrawal.withdraw(scene.hub, packet, **WHO)
    assert "open" not in {state for _, state in await scene.rows(WorkItem.id, WorkItem.state)}
    await Sequencer(scene.hub.database, scene.hub.ring, scene.hub.clock).finish()
    await projection.catch_up(scene.hub)
    assert [outcome for _, outcome in await scene.rows(LogRow.position, LogRow.outcome)] == ["withdrawn"]
    await consents.verify(scene.hub, consent, by="harbor/second")
    assert await scene.dispatch_all() == []
    assert (await states(scene))["lantern"] == ("withheld", "withdrawn")


async def test_another_organizations_packet_is_none(scene, packet):
    for submission, organization in ((packet, "lantern"), ("0" * 32, "harbor")):
        with pytest.raises(NotAvailable):
            await withdrawal.withdraw(scene.hub, submission, organization=organization, by="x")
    assert set((await states(scene)).values()) == {("queued", None)}
