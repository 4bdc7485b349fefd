"""One timer for all exchanges, and yet each has its own deadline."""

import asyncio

import pytest

from adapters.api.deadline import Deadline


async def kept(deadline: Deadline, seconds: float) -> str:
    try:
        with deadline:
            await asyncio.sleep(seconds)
    except TimeoutError:
        return "late"
    return "in time"


async def test_whoever_takes_too_long_is_stopped_and_nobody_else():
    deadline = Deadline(0.05)
    assert await asyncio.gather(kept(deadline, 5), kept(deadline, 0), kept(deadline, 5)) == ["late", "in time", "late"]
    assert await kept(deadline, 0) == "in time"


async def test_each_has_its_whole_time_however_late_it_began():
    deadline = Deadline(0.2)
    first = asyncio.create_task(kept(deadline, 5))
    await asyncio.sleep(0.15)
    second = asyncio.create_task(kept(deadline, 0.15))
    assert (await first, await second) == ("late", "in time")


async def test_whoever_is_cancelled_from_elsewhere_is_cancelled():
    deadline = Deadline(5)
    task = asyncio.create_task(kept(deadline, 5))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_another_failure_goes_through():
    with pytest.raises(OSError, match="away"), Deadline(5):
        raise OSError("away")
