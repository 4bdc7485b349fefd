"""Which referrals an answer that waits for a person may be to, so that the page of each can say that one waits.

By the number that it gives; where its sender knows of none of that number, by the person that it names.
INVARIANT: no-existence-leak. Only parts of referrals that its sender was told of are meant, and only its sender's own
people read that it waits.
"""

from sqlalchemy import select
from sqlmodel import col

from hub.arrivals import ArrivedPacket
from hub.context import Hub
from hub.inbound import threads
from hub.inbound.keep import Kept
from hub.inbound.matching import member_of
from hub.inbound.threads import Answer
from hub.model import MessageKind
from hub.storage.database import Step
from hub.storage.tables import Submission

MOST = 20


async def remembered(hub: Hub, kept: Kept, sender: str | None) -> tuple[Step, ...]:
    """The steps that remember where it may belong; none for what is no answer, or of nobody who is proved."""
    content = kept.arrival.content
    if sender is None or not isinstance(content, ArrivedPacket) or content.place != "answers":
        return ()
    found = await threads.numbered(hub, content, sender) if content.thread else []
    found = found or await _about(hub, content, sender)
    own = {share for each in found if each.party == "target" for share in each.shares}
    return threads.waits(hub, sorted(own), kept.id)


async def referrals_about(hub: Hub, member: str) -> list[tuple[str, int]]:
    """Every referral about the member and when it was handed in, the newest first; a number of a system's own only some
    have.
    """
    statement = (
        select(col(Submission.id), col(Submission.created_at))
        .where(col(Submission.member_id) == member, col(Submission.kind) == MessageKind.REFERRAL_PACKET.value)
        .order_by(col(Submission.id).desc())
        .limit(MOST)
    )
    return [(submission, at) for submission, at in await hub.database.query(statement)]


async def _about(hub: Hub, content: ArrivedPacket, sender: str) -> list[Answer]:
    named = await member_of(hub, content.person, sender)
    if named.member is None:
        return []
    found = [await threads.answer_of(hub, each, sender) for each, _ in await referrals_about(hub, named.member)]
    return [each for each in found if each is not None]
