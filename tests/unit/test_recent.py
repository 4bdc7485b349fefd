"""What was just handed in is plain text in memory: little of it, and not for long."""

import asyncio
from typing import Any, cast

from hub.decisions import Asked
from hub.model import Document, MessageKind, Priority
from hub.storage.facts import NOBODY
from hub.storage.submissions import StoredFacts, StoredSubmission
from hub.workers import recent
from hub.workers.recent import Recent

NOTE = Document(id="item-1", title="", information="summary", media_type="text/plain", content=b"a note")


def keep(kept: Recent, name: str) -> None:
    facts = StoredFacts(asked=Asked(purpose="treatment", items=()))
    parts = ("harbor", None, MessageKind.STATUS_REPORT, "treatment", Priority.ROUTINE, facts, 0)
    kept.keep(StoredSubmission(name, *parts), {NOTE.id: NOTE}, {}, NOBODY, cast("Any", None))


async def test_what_nobody_comes_for_is_forgotten_by_itself(monkeypatch):
    monkeypatch.setattr(recent, "SECONDS", 0.01)
    kept = Recent()
    keep(kept, "first")
    async with asyncio.timeout(5):
        while kept._kept:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    keep(kept, "second")
    assert kept.take("second") is not None


async def test_many_small_ones_take_no_more_room_than_a_few_large_ones():
    kept = Recent()
    for number in range(2_000):
        keep(kept, f"{number}")
    assert len(kept._kept) <= recent.MOST_BYTES // recent.OVERHEAD
    assert kept.take("0") is None
    assert kept.take("1999") is not None
