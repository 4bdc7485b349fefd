"""Signals within one process: what they remember stays bounded, whoever asks."""

import pytest

from hub.workers.signals import LocalSignals


@pytest.fixture
def clock(monkeypatch):
    now = [1_000.0]
    monkeypatch.setattr("hub.workers.signals.time.monotonic", lambda: now[0])
    return now


async def test_a_rate_counts_each_asker_in_the_present_window_alone(clock):
    signals = LocalSignals()
    assert [await signals.allow("one", 2, 60) for _ in range(3)] == [True, True, False]
    assert await signals.allow("another", 2, 60)
    clock[0] += 60
    assert await signals.allow("one", 2, 60)


async def test_strangers_who_ask_once_are_forgotten_with_their_window(clock):
    signals = LocalSignals()
    for stranger in range(1_000):
        await signals.allow(f"stranger-{stranger}", 5, 600)
    clock[0] += 600
    await signals.allow("anybody", 5, 600)
    remembered = [asker for _, askers in signals._rates.values() for asker in askers]
    assert remembered == ["anybody"]
