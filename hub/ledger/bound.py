"""Whether the hub's own tables still say what the ledger recorded of them: decisions, disclosures with their attempts,
consents with their history.

An entry cannot be changed unseen. The row beside it could be, and it is what people read and what the rules rest on.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlmodel import col

from hub.ledger import consented, disclosed
from hub.ledger.disclosed import Disclosures
from hub.ledger.said import Said, entries
from hub.storage import tables
from hub.storage.database import Database

_DECIDED = ("submission.decided", "dispatch.withheld")
_MOST_LISTED = 20
_NAMES = ("decisions", "disclosures", "consents")
_WORDS = (
    "A stored decision is not the one that was recorded",
    "A disclosure is not as it was recorded: by whom, to whom, about whom, what left, that it arrived or counts",
    "A consent, or its history, is not as it was recorded",
)


class Bound(msgspec.Struct):
    """What is not as it was recorded, by the number of the entry that says otherwise; `unrecorded`: how many consents,
    or events of their history, no entry records.
    """

    decisions: set[int]
    disclosures: set[int]
    consents: set[int]
    unrecorded: int = 0

    def words(self) -> list[str]:
        """A sentence for each kind of fault."""
        found = [f"{what} ({_numbers(each)})." for what, each in zip(_WORDS, self._all(), strict=True) if each]
        if self.unrecorded:
            found.append(f"Consents or their history: {self.unrecorded:,} that the ledger never recorded.")
        return found

    def counts(self) -> dict[str, Any]:
        """How many entries of each kind do not fit, and which, of each the first few."""
        numbers = {name: len(each) for name, each in zip(_NAMES, self._all(), strict=True)}
        listed = sorted({number for each in self._all() for number in sorted(each)[:_MOST_LISTED]})
        return {**numbers, "unrecorded_consents": self.unrecorded, "differing_entries": listed}

    def _all(self) -> tuple[set[int], ...]:
        return self.decisions, self.disclosures, self.consents


async def compare(database: Database, now: int) -> Bound:
    """Go through all that the ledger binds, at `now` (microseconds UTC). Raises `StorageFailed`."""
    found, disclosures = Bound(set(), set(), set()), Disclosures(now)
    # Asked first: what is recorded meanwhile has its entry among those that are read afterwards.
    event, consent = tables.ConsentEvent, tables.Consent
    of = select(col(event.id)).where(col(event.consent_id) == col(consent.id), col(event.what) == "recorded")
    ((unheard,),) = await database.query(select(func.count()).select_from(consent).where(~of.exists()))
    ((events,),) = await database.query(select(func.count()).select_from(event))
    heard = 0
    async for batch in entries(database, (*_DECIDED, *disclosed.KINDS, *consented.KINDS)):
        found.decisions |= await _decisions(database, batch)
        found.disclosures |= await disclosures.differing(database, batch)
        history = [each for each in batch if each.entry.kind in consented.KINDS]
        found.consents |= await consented.differing(database, history)
        heard += len(history)
    found.disclosures |= disclosures.hidden()
    found.unrecorded = int(unheard) + max(0, int(events) - heard)
    return found


async def _decisions(database: Database, batch: Sequence[Said]) -> set[int]:
    row = tables.Decision
    wanted = {
        entry.id: (body.get("decision"), body.get("digest" if entry.kind in _DECIDED else "decision_digest"))
        for entry, body in batch
        if entry.kind in (*_DECIDED, *disclosed.PARTIES)
    }
    statement: Any = select(col(row.id), col(row.body)).where(col(row.id).in_({each for each, _ in wanted.values()}))
    stored = {name: hashlib.sha256(str(text).encode()).hexdigest() for name, text in await database.query(statement)}
    return {number for number, (decision, digest) in wanted.items() if digest and stored.get(decision) != digest}


def _numbers(entries: set[int]) -> str:
    listed = ", ".join(f"{each}" for each in sorted(entries)[:_MOST_LISTED])
    more = f" and {len(entries) - _MOST_LISTED:,} more" if len(entries) > _MOST_LISTED else ""
    return f"{'entry' if len(entries) == 1 else 'entries'} {listed}{more}"
