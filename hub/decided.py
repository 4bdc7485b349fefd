"""A decision that was made: its record, its place in the store, and whether it still is the answer.

The policy is a pure function of stated facts, stored facts, directory and instant, and depends on the instant only
through the local day and through its order to the instants among the facts. So while the fence, the directory's
version and the day are the same and no such instant has passed, asking again gives the same answer, and the stored
one is used.
"""

import hashlib
from bisect import bisect_right
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from hub.decisions import DecisionRecord
from hub.model import new_id
from hub.storage.database import Step
from hub.storage.facts import Facts, instant
from hub.storage.submissions import ADD_DECISION

_encode = msgspec.json.Encoder().encode
_QUARTER_US = 900_000_000
"""In no zone of today does a day begin inside a quarter of an hour of UTC: within one, the day is the same."""


class Decided(NamedTuple):
    record: DecisionRecord
    id: str
    at: int
    body: bytes
    digest: str
    """SHA-256 of the stored body, in hex; the ledger binds it."""
    stored: bool
    """Already in the store, so that a later step only refers to it."""


def newly(record: DecisionRecord, at: int, *, stored: bool = False) -> Decided:
    """A decision just made; `stored`: the unit that rests on it stores it too, so whoever sees it later finds it."""
    body = _encode(record)
    return Decided(record, new_id(), at, body, hashlib.sha256(body).hexdigest(), stored)


def step(decided: Decided, submission: str, member: str | None, phase: str) -> Step:
    """The row of a decision."""
    record = decided.record
    row = (
        decided.id, submission, member, record.recipient, decided.at, phase, record.outcome, record.hold,
        decided.body.decode(),
    )  # fmt: skip
    return Step(ADD_DECISION, row)


def still_answers(decided: Decided, facts: Facts, directory: int, by: str, now: int, zone: ZoneInfo) -> bool:
    """Whether the policy would answer the same now, without asking it; false where that is not certain."""
    record = decided.record
    if record.fence != facts.fence or record.directory != directory or record.by != by or now < decided.at:
        return False
    if bisect_right(facts.instants, decided.at) != bisect_right(facts.instants, now):
        return False
    if decided.at // _QUARTER_US == now // _QUARTER_US:
        return True
    return instant(decided.at).astimezone(zone).date() == instant(now).astimezone(zone).date()
