"""What whoever was asked to take a referral has answered, as far as whoever asked has heard it.

INVARIANT: no-existence-leak. An answer is here once its report has arrived (`hub.desk.answers`), and while the rules
would still give it: whatever was kept back, or waits, looks like none.
"""

from typing import NamedTuple

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.desk import answers
from hub.fhir import referrals
from hub.fhir.referrals import Share
from hub.inbound import threads
from hub.storage.submissions import StoredFacts
from hub.storage.tables import Disclosure, Outbox, Submission

_MOST = 10
_MILLISECOND_US = 1_000
_decode = msgspec.json.Decoder(StoredFacts).decode


class Heard(NamedTuple):
    """One answer."""

    step: str
    """A word of `hub.manifest.EventKind`."""
    at: int
    """When it was given, microseconds UTC."""
    slot: int | None
    """When the person is expected, where this answer said so and none was given since."""


async def heard(hub: Hub, delivery: str, asker: str, language: str) -> list[Heard]:
    """Of the referral that left as `delivery`, the newest first; empty for what is no referral."""
    found = await referrals.shares(hub, asker, share=delivery, requester=asker, limit=1)
    reports = (await threads.answers_of(hub, found[0].id))[:_MOST] if found else []
    if not reports:
        return []
    today = await answers.foretold(hub, found[0], language)
    if not any(each["permitted"] for each in today["items"]):
        return []
    statement = (
        select(col(Submission.id), col(Submission.facts))
        .join(Outbox, col(Outbox.submission_id) == col(Submission.id))
        .join(Disclosure, col(Disclosure.id) == col(Outbox.id))
        .where(col(Submission.id).in_(reports), col(Submission.sender) == found[0].recipient)
        .where(col(Outbox.recipient) == asker, col(Disclosure.state) == "disclosed")
        .order_by(col(Submission.id).desc())
        .distinct()
    )
    rows = await hub.database.query(statement)
    return [each for _, facts in rows if (each := _heard(found[0], _decode(facts)))]


def _heard(share: Share, facts: StoredFacts) -> Heard | None:
    if facts.event is None:
        return None
    at, moved_at = facts.event.instant, share.updated_at or 0
    # The share holds the last time that was named: one that was changed since, and not told yet, is not said here.
    told = facts.event.kind == "scheduled" and abs(at - moved_at) < _MILLISECOND_US
    return Heard(facts.event.kind, at, share.slot if told else None)
