"""Revocation raced against dispatch: the ledger always shows one order, and never a delivery after the fence."""

import asyncio
import json

import pytest

from hub import exchange, outbox
from hub.storage import consents
from hub.storage.tables import LedgerEntry
from tests.scenes import Scene, a_scene, handed

RACES = 1000
STEP_S = 0.0004


async def one_race(scene: Scene, number: int, jitter: int) -> tuple[str, str]:
    """Revoke and dispatch in the same moment, one of them up to a few milliseconds later."""
    consent = await scene.consent()
    await exchange.submit(scene.hub, handed(scene.member, f"race-{number}"))
    (ticket,) = await outbox.claim(scene.hub.database, scene.hub.clock.now(), 1)

    async def later(steps: int, work):
        await asyncio.sleep(steps * STEP_S)
        return await work

    state, _ = await asyncio.gather(
        later(max(jitter, 0), exchange.dispatch(scene.hub, ticket)),
        later(max(-jitter, 0), consents.revoke(scene.hub, consent, how="written", by="harbor")),
    )
    return consent, state


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_revocation_raced_against_dispatch_a_thousand_times_always_shows_one_order(migrated_url):
    async with a_scene(migrated_url) as scene:
        races = []
        for number in range(RACES):
            if number % 25 == 0:
                await scene.next_member()  # so that the revoked consents of one member stay few
            races.append(await one_race(scene, number, number % 21 - 10))
        ledger = await scene.rows(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.reference, LedgerEntry.body)
    revoked_at = {reference: number for number, kind, reference, _ in ledger if kind == "consent.revoked"}
    intents = {
        consent: number
        for number, kind, _, body in ledger
        if kind == "disclosure.intended"
        for consent in json.loads(body)["consents"]
    }
    states = [state for _, state in races]
    assert set(states) == {"delivered", "withheld"}, "both orders must occur, or nothing was raced"
    for consent, state in races:
        if state == "delivered":
            assert intents[consent] < revoked_at[consent]
        else:
            assert consent not in intents


async def test_an_intent_that_rests_on_facts_from_before_a_revocation_cannot_commit(migrated_url):
    """The narrowest moment: the revocation commits after the decision and before the intent."""
    async with a_scene(migrated_url) as scene:
        consent = await scene.consent()
        await scene.submit()
        prepare = scene.channel.prepare

        async def revoked_meanwhile(parcel):
            await consents.revoke(scene.hub, consent, how="oral", by="harbor")
            return await prepare(parcel)

        scene.channel.prepare = revoked_meanwhile
        assert await scene.dispatch_all() == ["withheld"]
        assert scene.channel.received == []
