"""What became of the reports of a referral's answers, by desk, FHIR, mail or HL7 v2; and which wait for a person.

INVARIANT: no-existence-leak. Whoever was asked reads of their own answers alone; whoever asked reads here of none.
"""

from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub import views
from hub.arrivals import ArrivedPacket
from hub.context import Hub
from hub.crypto.identifiers import hash_idempotency
from hub.desk.arrivals import CHANNELS
from hub.fhir.referral_moves import report_key
from hub.fhir.referrals import Share
from hub.inbound import threads
from hub.inbound.keep import Kept, standing
from hub.storage import submissions
from hub.storage.tables import Inbound

_MOST = 10


class Told(NamedTuple):
    """What became of the report of one answer."""

    channel: str
    """`api`: given at the desk, or over FHIR."""
    at: int
    step: str
    """What was said: a step of the referral."""
    state: str
    """`taken`: not decided yet; `submitted`: see `sent`; else it waits for a person."""
    sent: dict[str, Any] | None
    """The report as its sender sees it (`hub.views.submission`)."""
    arrival: str = ""
    """Which waits, for who may settle it; empty: none does."""


async def told(hub: Hub, share: Share) -> list[Told]:
    """The reports of the recipient's own last answers, the newest first."""
    given, waited = await _given(hub, share), await _waited(hub, share)
    came = {each.reference: each for each in waited if each.state == "submitted"}
    answers = (await threads.answers_of(hub, share.id))[:_MOST]
    sent = [await _sent(hub, each, share.recipient, came.get(each)) for each in answers]
    known = {each.sent["id"] for each in sent if each is not None and each.sent}
    kept = {each.id: each for each in (*given, *(each for each in waited if each.state == "waiting"))}
    here = [await _told(hub, each) for each in kept.values() if each.reference not in known]
    both = [*here, *(each for each in sent if each is not None)]
    return sorted(both, key=lambda each: each.at, reverse=True)[:_MOST]


async def _sent(hub: Hub, submission: str, organization: str, came: Kept | None) -> Told | None:
    """One that became a submission, of this organization; none if it is another's. `came`: what it was made of, where a
    person looked at it in between.
    """
    stored = await submissions.read(hub.database, submission)
    if stored is None or stored.sender != organization:
        return None
    view = await views.submission(hub, submission, organization)
    step, by = stored.facts.event.kind if stored.facts.event else "", stored.facts.by.rpartition("/")[2]
    if came is not None:
        return Told(came.arrival.channel, came.received_at, step, "submitted", view)
    return Told(by if by in CHANNELS else "api", stored.created_at, step, "submitted", view)


async def _given(hub: Hub, share: Share) -> list[Kept]:
    """Those that were given here or over FHIR, whether or not they have become a submission yet."""
    last = (share.version or 1) - 1
    numbers = range(last, max(0, last - _MOST), -1)
    keys = [hash_idempotency(hub.ring, "inbound:api", report_key(share.id, number)) for number in numbers]
    statement = select(col(Inbound.id)).where(col(Inbound.channel) == "api", col(Inbound.key_hash).in_(keys))
    found = [await standing(hub, each) for (each,) in await hub.database.query(statement)]
    return [each for each in found if each.arrival.organization == share.recipient]


async def _waited(hub: Hub, share: Share) -> list[Kept]:
    """The recipient's own, whichever way they came, that a person has looked at or has still to look at."""
    found = [await standing(hub, each) for each in (await threads.waiting_for(hub, share.id))[:_MOST]]
    return [each for each in found if each.organization == share.recipient]


async def _told(hub: Hub, kept: Kept) -> Told:
    content, sent = kept.arrival.content, None
    step = content.event.kind if isinstance(content, ArrivedPacket) and content.event else ""
    if kept.state == "submitted" and kept.reference and kept.organization:
        sent = await views.submission(hub, kept.reference, kept.organization)
    waits = kept.id if kept.state == "waiting" else ""
    return Told(kept.arrival.channel, kept.received_at, step, kept.state, sent, waits)
