"""The hub stops though a part of it loses the first word that it should."""

import asyncio
import contextlib

from hub.bootstrap import ended


async def test_a_part_that_loses_a_cancellation_is_told_again() -> None:
    lost: list[str] = []

    async def deaf_once() -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append("the first one")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError

    tasks = [asyncio.create_task(deaf_once()), asyncio.create_task(asyncio.sleep(3600)), asyncio.create_task(fails())]
    await asyncio.sleep(0.01)
    async with asyncio.timeout(30):
        await ended(*tasks)
    assert lost
    assert all(task.done() for task in tasks)
    with contextlib.suppress(ValueError):
        tasks[2].result()


async def test_where_nothing_runs_nothing_is_waited_for() -> None:
    await ended()
