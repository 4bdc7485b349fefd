"""A sequencer that kills itself at a given step. Not a test; run by one.

    python -m tests.integration.killed_sequencer URL KEYS HEAD STEP

Steps are counted around every commit and around every write and renaming of the head file.
"""

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path

from hub.crypto import private_file
from hub.crypto.keyring import KeyRing
from hub.ledger.sequencer import Sequencer
from tests.hubs import MovableClock, open_database


async def main(url: str, keys: Path, head: Path, last: int) -> None:
    steps = itertools.count(1)

    def step() -> None:
        if next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    database = await open_database(url)
    commit, replace = database.commit, os.replace

    async def killing_commit(unit):
        step()
        await commit(unit)
        step()

    def killing_replace(*args, **where):
        step()
        replace(*args, **where)
        step()

    database.commit = killing_commit  # type: ignore[method-assign]
    private_file.os.replace = killing_replace  # type: ignore[assignment]
    await Sequencer(database, KeyRing.load(keys), MovableClock(), head).finish()
    await database.close()


if __name__ == "__main__":
    url, keys, head, last = sys.argv[1:]
    asyncio.run(main(url, Path(keys), Path(head), int(last)))
