"""Submissions as stored: written by `submit` in one unit, read back whole by `dispatch`."""

from typing import NamedTuple

import msgspec

from hub.crypto.envelope import Sealed
from hub.decisions import Asked, DecisionRecord
from hub.manifest import EventManifest
from hub.model import Frozen, MessageKind, Priority, RecordKind
from hub.storage.database import Database
from hub.storage.statements import Insert, InsertNew, Lookup, Row, columns_of
from hub.storage.tables import Decision, Item, Submission

ADD = InsertNew(Submission, columns_of(Submission), ("idempotency",))
ADD_ITEM = Insert(Item, columns_of(Item))
ADD_DECISION = Insert(Decision, columns_of(Decision))
_BY_ID = Lookup(Submission, ("sender", "member_id", "kind", "purpose", "priority", "facts", "created_at"), "id")
_ITEMS = Lookup(Item, ("id", "information", "media_type", "key_id", "wrapped_key", "sealed"), "submission_id")
_DECISIONS = Lookup(Decision, ("id", "recipient", "body"), "submission_id")
_BY_KEY = Lookup(Submission, ("sender", "id", "body_digest"), "idempotency")


class StoredFacts(Frozen, frozen=True, kw_only=True):
    """The `facts` column: what the policy asks, and what the parcel needs besides."""

    asked: Asked
    event: EventManifest | None = None
    by: str = ""
    """Who handed it in: such a person does not approve it."""
    waits_for_consent: bool = False
    """Kept, while it lacks only a consent, until one is recorded."""


class StoredItem(NamedTuple):
    id: str
    information: str
    media_type: str
    sealed: Sealed


class StoredSubmission(NamedTuple):
    id: str
    sender: str
    member: str | None
    kind: MessageKind | RecordKind
    purpose: str
    priority: Priority
    facts: StoredFacts
    created_at: int


class LastDecision(NamedTuple):
    """What was decided last about one recipient."""

    id: str
    record: DecisionRecord


RECORDS = frozenset(each.value for each in RecordKind)
"""Kinds of what stands among the submissions and is no packet."""
_decode_decision = msgspec.json.Decoder(DecisionRecord).decode
_encode = msgspec.json.Encoder().encode
_decode_facts = msgspec.json.Decoder(StoredFacts).decode


def row(submission: StoredSubmission, key: bytes, digest: bytes) -> Row:
    """As `ADD` takes it; `key`: `hash_submission_key`, `digest`: of the body that was handed in."""
    facts = _encode(submission.facts).decode()
    return (
        submission.id, submission.sender, key, digest, submission.member, submission.kind.value, submission.purpose,
        submission.priority.value, facts, submission.created_at,
    )  # fmt: skip


async def read(database: Database, submission: str) -> StoredSubmission | None:
    """The submission without its items; none if there is no such."""
    rows = await database.lookup(_BY_ID, submission)
    if not rows:
        return None
    sender, member, kind, purpose, priority, facts, created_at = rows[0]
    return StoredSubmission(
        submission,
        sender,
        member,
        RecordKind(kind) if kind in RECORDS else MessageKind(kind),
        purpose,
        Priority(priority),
        _decode_facts(facts),
        created_at,
    )


async def read_items(database: Database, submission: str) -> dict[str, StoredItem]:
    """The items, still sealed, in packet order."""
    rows = await database.lookup(_ITEMS, submission)
    found = {
        item: StoredItem(item, information, media_type, Sealed(key_id, wrapped, sealed))
        for item, information, media_type, key_id, wrapped, sealed in rows
    }
    return dict(sorted(found.items(), key=lambda pair: int(pair[0].rpartition("-")[2])))


async def last_decision(database: Database, submission: str, recipient: str) -> LastDecision:
    """The newest decision about this recipient; there is one from `submit` on."""
    rows = [row for row in await database.lookup(_DECISIONS, submission) if row[1] == recipient]
    decision, _, body = max(rows)
    return LastDecision(decision, _decode_decision(body))


async def earlier(database: Database, sender: str, idempotency: bytes) -> tuple[str, bytes] | None:
    """Id and body digest of what this sender handed in under this key; none if nothing."""
    for owner, submission, digest in await database.lookup(_BY_KEY, idempotency):
        if owner == sender:
            return submission, digest
    return None
