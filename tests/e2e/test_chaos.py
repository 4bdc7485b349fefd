"""Every partner misbehaves at random, and the hub's workers with them: nothing is lost, nothing is said that was not.

CHAOS_S says for how many seconds (20 unless said); `make chaos` plays for ten minutes. CHAOS_SEED repeats a play.
"""

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from sqlmodel import col, select

from hub import exchange
from hub.crypto.checkpoint import verifier_of
from hub.crypto.keyring import KeyKind
from hub.ledger.audit import audit
from hub.ledger.sequencer import Sequencer
from hub.storage.tables import Disclosure, LedgerEntry, Outbox
from hub.workers.worker import Worker
from tests.neighbours import EVERYBODY, Neighbours, neighbours
from tests.scenes import handed

SECONDS = float(os.environ.get("CHAOS_S", "20"))
SEED = int(os.environ.get("CHAOS_SEED", str(random.SystemRandom().randrange(10**6))))
EACH_S = 0.25
"""How long a mood lasts, and how often somebody hands in a packet."""
RETRY_US = 900_000_000
"""How far the clock leaps at each mood: retries and pauses are minutes, and the play is short."""
UNSETTLED = frozenset({"queued", "claimed", "in_flight"})


async def play(among: Neighbours, dice: random.Random) -> int:
    """Packets go in while everybody misbehaves; returns how many. Then all behave, and the queue runs dry."""
    worker = Worker(among.hub)
    running = asyncio.create_task(worker.run())
    handed_in = 0
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    try:
        while loop.time() < end:
            among.misbehave(dice)
            await exchange.submit(among.hub, handed(among.member, f"k{handed_in}", recipients=EVERYBODY))
            handed_in += 1
            await asyncio.sleep(EACH_S)
            among.hub.clock.ahead += RETRY_US  # type: ignore[attr-defined]
        among.behave()
        async with asyncio.timeout(90):
            while await waiting(among):
                among.hub.clock.ahead += RETRY_US  # type: ignore[attr-defined]
                await asyncio.sleep(EACH_S)
    finally:
        worker.stop()
        await running
    return handed_in


async def waiting(among: Neighbours) -> bool:
    rows = select(col(Outbox.id)).where(col(Outbox.state).in_(UNSETTLED)).limit(1)
    return bool(await among.hub.database.query(rows))


@pytest.mark.slow
@pytest.mark.timeout(int(SECONDS) + 240)
async def test_after_the_chaos_the_ledger_says_what_the_partners_say(migrated_url: str, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    async with neighbours(migrated_url, tmp_path) as among:
        handed_in = await play(among, dice)
        query = among.hub.database.query
        rows = {row: (to, state) for row, to, state in await query(select(Outbox.id, Outbox.recipient, Outbox.state))}
        disclosures = dict(await query(select(Disclosure.id, Disclosure.state)))
        kinds = ("disclosure.intended", "disclosure.concluded")
        entries = await query(
            select(LedgerEntry.kind, LedgerEntry.reference, LedgerEntry.body)
            .where(col(LedgerEntry.kind).in_(kinds))
            .order_by(LedgerEntry.id)
        )
        intended = {msgspec.json.decode(b)["attempt"]: r for kind, r, b in entries if kind == kinds[0]}
        concluded = [(msgspec.json.decode(b)["attempt"], r) for kind, r, b in entries if kind == kinds[1]]
        told = f"seed {SEED}: {handed_in} packets, {Counter(rows.values())}"

        # Nothing is lost: each packet has its row for each partner, and each row its end.
        assert Counter(to for to, _ in rows.values()) == dict.fromkeys(EVERYBODY, handed_in), told
        assert {state for _, state in rows.values()} <= {"delivered", "unknown", "dead"}, told
        received = [(who, delivery) for who, all_of in among.received().items() for delivery in all_of]
        # Nothing left without its intent, nothing arrived twice, nobody got what is not theirs.
        assert {delivery for _, delivery in received} <= intended.keys(), told
        of = [intended[delivery] for _, delivery in received]
        assert [row for row, count in Counter(of).items() if count > 1] == [], told
        assert all(rows[intended[delivery]][0] == who for who, delivery in received), told
        # What arrived is said to be disclosed, or not known; what is said to have arrived did.
        assert {disclosures[row] for row in of} <= {"disclosed", "unknown"}, told
        assert {row for row, (_, state) in rows.items() if state == "delivered"} <= set(of), told
        # Each attempt has one conclusion, after its intent.
        assert Counter(attempt for attempt, _ in concluded) == dict.fromkeys(intended, 1), told

        await Sequencer(among.hub.database, among.hub.ring, among.hub.clock).finish()
        keys = tuple(verifier_of(key) for key in among.hub.ring.all_of(KeyKind.LEDGER))
        assert (await audit(among.hub.database, keys, [], among.hub.clock.now() + 1)).intact, told
