"""What runs beside the path goes on after a round that fails in a way nobody foresaw: else the whole hub would stop."""

import asyncio
from typing import Any

import pytest

from hub.compliance import audit_feed
from hub.desk import projection
from hub.errors import StorageFailed
from hub.inbound import acknowledge, unanswered
from hub.inbound.unanswered import Waits
from hub.webhooks import telling
from hub.workers.rounds import lasting

TASKS = {
    "the feed to an audit repository": (audit_feed, "feed", ("_RETRY_S", "PERIOD_S"), ("sink",)),
    "the log": (projection, "catch_up", ("PERIOD_S",), ()),
    "acknowledgements": (acknowledge, "send_due", (), ("acknowledger",)),
    "unanswered mail": (unanswered, "time_out", ("POLL_S",), (Waits(0, 0),)),
    "webhooks": (telling, "tell_due", ("PERIOD_S",), ()),
}


class NoHub:
    """What a task asks of a hub between two rounds."""

    def __init__(self) -> None:
        self.signals = self

    async def wait(self, _topic: str, _seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("error", [RuntimeError("a name"), StorageFailed("away")])
async def test_a_round_that_fails_is_not_the_last(monkeypatch, capsys, name, error):
    task, work, pauses, more = TASKS[name]
    again, failures = asyncio.Event(), [error]

    async def round_of(*_: Any) -> int:
        if failures:
            raise failures.pop()
        again.set()
        return 0

    monkeypatch.setattr(task, work, round_of)
    if task is telling:
        monkeypatch.setattr(telling.feed, "advance", lambda _hub: asyncio.sleep(0, 0))
    for pause in pauses:
        monkeypatch.setattr(task, pause, 0.0)
    running = asyncio.create_task(task.run(NoHub(), *more))
    async with asyncio.timeout(5):
        await again.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert "a name" not in capsys.readouterr().out


def test_the_end_of_a_task_is_no_failure_of_a_round():
    with pytest.raises(asyncio.CancelledError), lasting("anything"):
        raise asyncio.CancelledError
