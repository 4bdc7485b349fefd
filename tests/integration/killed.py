"""A process that submits and dispatches one packet, and kills itself at a given step. Not a test; run by one.

    python -m tests.integration.killed URL KEYS INBOX STEP

Steps are counted at every commit (before it, after it) and at every delivery (before its first byte, after its last).
"""

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path

from adapters.loopback import LoopbackChannel
from hub import exchange, outbox
from hub.context import Hub
from hub.crypto.keyring import KeyRing
from hub.model import ChannelKind
from hub.storage.directory import DirectoryStore
from hub.storage.facts import FactsReader
from hub.workers.recent import Recent
from hub.workers.signals import LocalSignals
from tests.hubs import ZONE, MovableClock, open_database
from tests.scenes import handed


async def main(url: str, keys: Path, inbox: Path, last: int, member: str) -> None:
    steps = itertools.count(1)

    def step() -> None:
        if next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    channel = LoopbackChannel(ChannelKind.API)
    database = await open_database(url)
    commit, deliver = database.commit, channel.deliver

    async def killing_commit(unit):
        step()
        await commit(unit)
        step()

    async def killing_deliver(prepared):
        step()
        with inbox.open("ab") as file:  # the partner has it from here on
            file.write(prepared.parcel.delivery.encode() + b"\n")
        step()
        return await deliver(prepared)

    database.commit = killing_commit  # type: ignore[method-assign]
    channel.deliver = killing_deliver  # type: ignore[method-assign]
    ring = KeyRing.load(keys)
    hub = Hub(
        database=database,
        clock=MovableClock(),
        ring=ring,
        directory=DirectoryStore(database, ZONE),
        facts=FactsReader(database, ring),
        channels={ChannelKind.API: channel},
        signals=LocalSignals(),
        recent=Recent(),
        zone=ZONE,
        demo=True,
    )
    await exchange.submit(hub, handed(member))
    for ticket in await outbox.claim(database, hub.clock.now(), 1):
        await exchange.dispatch(hub, ticket)
    await database.close()


if __name__ == "__main__":
    url, keys, inbox, last, member = sys.argv[1:]
    asyncio.run(main(url, Path(keys), Path(inbox), int(last), member))
