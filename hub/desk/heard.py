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
from hub.explanations import LANGUAGES
from hub.fhir import referrals
from hub.fhir.referrals import Share
from hub.inbound import threads
from hub.inbound.referral_tasks import STATUS_OF
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
    return await _heard_of(hub, found[0], language) if found else []


async def as_heard(hub: Hub, share: Share, viewer: str | None) -> Share:
    """The share as one of its parties may see it (none: whoever sees all): for whoever asked it stands as the last
    answer that they heard has it, or as they state it themselves. Its versions count no more than that.
    """
    if share.stated is None or viewer != share.sender or viewer == share.recipient:
        return share
    told = [each for each in await _heard_of(hub, share, LANGUAGES[0]) if each.step in STATUS_OF]
    if (share.moved_by or "").partition("/")[0] == viewer:
        return share._replace(version=len(told) + 2)
    if not told:
        return share._replace(stated=None, version=None, updated_at=None, step=None, slot=None)
    last = told[0]
    return share._replace(
        stated=STATUS_OF[last.step], version=len(told) + 1, updated_at=last.at, step=last.step, slot=last.slot
    )


async def _heard_of(hub: Hub, share: Share, language: str) -> list[Heard]:
    reports = (await threads.answers_of(hub, share.id))[:_MOST]
    if not reports:
        return []
    today = await answers.foretold(hub, share, language)
    if not any(each["permitted"] for each in today["items"]):
        return []
    statement = (
        select(col(Submission.id), col(Submission.facts))
        .join(Outbox, col(Outbox.submission_id) == col(Submission.id))
        .join(Disclosure, col(Disclosure.id) == col(Outbox.id))
        .where(col(Submission.id).in_(reports), col(Submission.sender) == share.recipient)
        .where(col(Outbox.recipient) == share.sender, col(Disclosure.state) == "disclosed")
        .order_by(col(Submission.id).desc())
        .distinct()
    )
    rows = await hub.database.query(statement)
    return [each for _, facts in rows if (each := _heard(share, _decode(facts)))]


def _heard(share: Share, facts: StoredFacts) -> Heard | None:
    if facts.event is None:
        return None
    at, moved_at = facts.event.instant, share.updated_at or 0
    # The share holds the last time that was named: one that was changed since, and not told yet, is not said here.
    told = facts.event.kind == "scheduled" and abs(at - moved_at) < _MILLISECOND_US
    return Heard(facts.event.kind, at, share.slot if told else None)
