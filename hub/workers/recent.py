"""What was just handed in, still in memory, so that its dispatch need not read and open it again.

INVARIANT: sql-is-the-truth. Nothing here is needed: another process, or this one after a restart, reads the store.
Entries are few, small and short-lived, because they are plain text.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from hub.decided import Decided
from hub.model import Document
from hub.storage.directory import Directory
from hub.storage.facts import Facts
from hub.storage.submissions import StoredSubmission

MOST_BYTES = 2 * 1024 * 1024
LARGEST = 256 * 1024
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

    def keep(
        self,
        submission: StoredSubmission,
        documents: Mapping[str, Document],
        decisions: Mapping[str, Decided],
        facts: Facts,
        directory: Directory,
    ) -> None:
        """Remember a submission that has committed, unless it is large."""
        size = sum(len(document.content) for document in documents.values())
        if size > LARGEST:
            return
        until = time.monotonic() + SECONDS
        self._kept[submission.id] = Remembered(submission, documents, decisions, facts, directory, size, until)
        self._size += size
        while self._size > MOST_BYTES:
            self._size -= self._kept.popitem(last=False)[1].size

    def take(self, submission: str) -> Remembered | None:
        """What is remembered of a submission, and forget it; a second recipient's dispatch reads the store."""
        found = self._kept.pop(submission, None)
        if found is None:
            return None
        self._size -= found.size
        return found if found.until > time.monotonic() else None
