"""Step 6, record: ledger entries as steps of the very unit that does what they record.

INVARIANT: no-silent-disclosure. An entry's body holds ids, codes, instants and digests; never a name, a date of
birth, a document.
"""

from typing import Any

import msgspec

from hub.randomness import sixteen
from hub.storage.database import Step
from hub.storage.statements import Insert
from hub.storage.tables import LedgerEntry

APPEND = Insert(LedgerEntry, ("at", "kind", "member_id", "reference", "salt", "body"))

_encode = msgspec.json.Encoder(order="sorted").encode


def entry(kind: str, at: int, body: dict[str, Any], *, member: str | None = None, reference: str | None = None) -> Step:
    """One ledger entry: `kind` is `noun.verb`, `at` microseconds UTC, `body` ids and codes in canonical JSON."""
    return Step(APPEND, (at, kind, member, reference, sixteen(), _encode(body)))
