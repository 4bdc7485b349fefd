"""What was just handed in, still in memory, so that its dispatch need not read and open it again.

INVARIANT: sql-is-the-truth. Nothing here is needed: another process, or this one after a restart, reads the store.
Entries are few, small and short-lived, because they are plain text.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from hub.decided import Decided
from hub.model import Document
from hub.storage.directory import Directory
from hub.storage.facts import Facts
from hub.storage.submissions import StoredSubmission

MOST_BYTES = 3 * 1024 * 1024
LARGEST = 256 * 1024
OVERHEAD = 4 * 1024
"""Of an entry, besides what its documents hold: many small ones are no less a burden than a few large ones."""
SECONDS = 30.0


class Remembered(NamedTuple):
    submission: StoredSubmission
    documents: Mapping[str, Document]
    decisions: Mapping[str, Decided]
    """By recipient."""
    facts: Facts
    directory: Directory
    """What the decisions rest on; the intent's guards tell whether that still holds."""
    size: int
    until: float


class Recent:
    """The last few submissions of this process, by id."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Remembered] = OrderedDict()
        self._size = 0
        self._forgetting = False

    def keep(
        self,
        submission: StoredSubmission,
        documents: Mapping[str, Document],
        decisions: Mapping[str, Decided],
        facts: Facts,
        directory: Directory,
    ) -> None:
        """Remember a submission that has committed, unless it is large."""
        size = OVERHEAD + sum(len(document.content) for document in documents.values())
        if size > LARGEST:
            return
        until = time.monotonic() + SECONDS
        self._kept[submission.id] = Remembered(submission, documents, decisions, facts, directory, size, until)
        self._size += size
        while self._size > MOST_BYTES:
            self._drop_oldest()
        if not self._forgetting:
            self._forgetting = True
            asyncio.get_running_loop().call_later(SECONDS, self._forget)

    def take(self, submission: str) -> Remembered | None:
        """What is remembered of a submission, and forget it; a second recipient's dispatch reads the store."""
        found = self._kept.pop(submission, None)
        if found is None:
            return None
        self._size -= found.size
        return found if found.until > time.monotonic() else None

    def _forget(self) -> None:
        """What nobody came for: another process dispatches it, or a person has to look first."""
        now = time.monotonic()
        while self._kept and next(iter(self._kept.values())).until <= now:
            self._drop_oldest()
        self._forgetting = bool(self._kept)
        if self._kept:
            oldest = next(iter(self._kept.values()))
            asyncio.get_running_loop().call_later(oldest.until - now, self._forget)

    def _drop_oldest(self) -> None:
        self._size -= self._kept.popitem(last=False)[1].size
