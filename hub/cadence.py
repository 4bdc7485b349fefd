"""When a refusal leaves: at a fixed beat after the question came, whatever the work took.

INVARIANT: no-existence-leak. A person who is known costs a look more than one who is not; whoever measures the
answers learns only that all of them come on the beat (§2.13(c)(2)).
"""

import asyncio
import time

BEAT_S = 0.25
"""Far above what a decision takes, so that every answer leaves on the first beat."""
clock = time.perf_counter


def wait_s(spent_s: float) -> float:
    """Seconds until the next beat, for work that has taken so long; more than 0."""
    return BEAT_S - spent_s % BEAT_S


async def until_beat(started_s: float) -> None:
    """Wait for the next beat after `started_s` (of `clock`)."""
    await asyncio.sleep(wait_s(clock() - started_s))
