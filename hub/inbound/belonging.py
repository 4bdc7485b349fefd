"""A person says which earlier notice or referral an arrival belongs to, where its number does not say so.

    an update          goes to those who have, or still wait for, the notice it changes
    a retraction       goes to those who were told, and keeps the notice from everybody else
    an answer          goes to the other side of the referral

Rules kept: only a notice of the same sender's can be meant, or a referral that it asked or was told of; what goes on is
a submission of the sender's own, decided like any other; that a person said so stands on the ledger.
"""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select
from sqlmodel import col

from hub.arrivals import ArrivedPacket, ArrivedUpdate
from hub.context import Hub
from hub.errors import Conflict, NotAvailable, Stale
from hub.inbound import answers, meant, threads, updates
from hub.inbound.keep import Kept, read, standing
from hub.inbound.matching import member_of
from hub.inbound.settle import WORK, settled, submitted
from hub.record import entry
from hub.storage.database import Step
from hub.storage.statements import Lookup
from hub.storage.tables import Submission, Thread
from hub.waiting.work import close_for

_HANDED_IN = Lookup(Submission, ("created_at",), "id")


class Earlier(NamedTuple):
    """A notice or a referral that an arrival may belong to."""

    submission: str
    event: str
    at: int
    """When it was handed in, microseconds UTC."""


def looks_for_one(kept: Kept) -> bool:
    """Whether it belongs to something earlier, and waits."""
    content = kept.arrival.content
    belongs = isinstance(content, ArrivedUpdate) or (isinstance(content, ArrivedPacket) and content.place != "opens")
    return belongs and kept.state == "waiting" and kept.organization is not None


async def candidates(hub: Hub, kept: Kept) -> list[Earlier]:
    """Whichever of them is about the person that the arrival names, the newest first; where it names nobody, the
    referral of the number that it gives, which nothing may have proved.
    """
    content, sender = kept.arrival.content, kept.organization
    if not looks_for_one(kept) or sender is None or not isinstance(content, ArrivedUpdate | ArrivedPacket):
        return []
    named = await member_of(hub, content.person, sender)
    if isinstance(content, ArrivedPacket) and content.place == "answers" and named.code == "member.unnamed":
        return await _of_its_number(hub, content, sender)
    if named.member is None:
        return []
    if isinstance(content, ArrivedPacket) and content.place == "answers":
        found = [Earlier(each, "referral", at) for each, at in await meant.referrals_about(hub, named.member)]
        return [each for each in found if await threads.answer_of(hub, each.submission, sender) is not None]
    # Attack stopped: whoever was told of another's visit takes its notice back, or reads who else was told.
    own: Any = (
        select(col(Thread.submission_id), col(Thread.event), col(Submission.created_at))
        .join(Submission, col(Submission.id) == col(Thread.submission_id))
        .where(
            col(Submission.sender) == sender,
            col(Submission.member_id) == named.member,
            col(Thread.event).in_(threads.events_of(content)),
            col(Thread.retracted_by).is_(None),
        )
        .order_by(col(Thread.submission_id).desc())
        .limit(meant.MOST)
    )
    return [Earlier(*row) for row in await hub.database.query(own)]


async def _of_its_number(hub: Hub, content: ArrivedPacket, sender: str) -> list[Earlier]:
    # Attack stopped: a document about one person goes to whoever asked about another, since it gives that number.
    if not content.thread or content.person.cin or "person.several" in content.review:
        return []
    found = await threads.answer_to(hub, content, sender, None)
    if found is None:
        return []
    ((at,),) = await hub.database.lookup(_HANDED_IN, found.submission)
    return [Earlier(found.submission, "referral", at)]


async def attach(hub: Hub, inbound: str, submission: str, *, organization: str | None, by: str) -> str:
    """It belongs to this submission: what becomes of it, the id of its own submission.

    Raises `NotAvailable` (no such arrival, or nothing that this sender knows), `Conflict` if it does not wait or still
    cannot go on.
    """
    # INVARIANT: no-existence-leak
    kept = await standing(hub, inbound)
    sender, content = kept.organization, kept.arrival.content
    if sender is None or organization not in (None, sender):
        raise NotAvailable
    if not looks_for_one(kept) or not isinstance(content, ArrivedUpdate | ArrivedPacket):
        raise Conflict("This arrival does not wait for what it belongs to.", code="not-waiting")
    if submission not in {each.submission for each in await candidates(hub, kept)}:
        raise NotAvailable
    now = hub.clock.now()
    belongs = entry("inbound.attached", now, {"by": by, "submission": submission}, reference=inbound)
    steps = (belongs, close_for(WORK, inbound, by, "attached", now))
    try:
        state = await _attached(hub, kept, content, sender, submission, by, steps)
    except Stale:
        raise Conflict("Somebody else has settled this meanwhile.", code="not-waiting") from None
    if state == "waiting":
        raise Conflict("It still cannot go on; the reason stands with it.", code="still-waiting")
    return (await read(hub, inbound)).reference or ""


async def _attached(
    hub: Hub,
    kept: Kept,
    content: ArrivedUpdate | ArrivedPacket,
    sender: str,
    submission: str,
    by: str,
    steps: tuple[Step, ...],
) -> str:
    directory = await hub.directory.current()
    if isinstance(content, ArrivedUpdate):
        told = await threads.told_of(hub, submission)
        packet = await updates.notice(hub, content, told)
        if packet is None or not told.recipients or told.member is None:
            return await settled(hub, kept, "closed", sender, "update.no-news", None, *steps, by=by)
        thread = await threads.number_of(hub, submission)
        return await submitted(
            hub, kept, packet, sender, told.member, directory, by, *steps, replaces=submission, thread=thread
        )
    if content.place == "retracts":
        member, names, marks = await threads.take_back(hub, submission, kept.id)
        if not names:
            return await settled(hub, kept, "closed", sender, "retraction.nobody-told", None, *marks, *steps, by=by)
        # Whom it goes to is known: nothing is looked for by its number any more.
        packet = msgspec.structs.replace(content, recipients=names, place="answers", thread="")
        return await submitted(hub, kept, packet, sender, member, directory, by, *marks, *steps)
    found = await threads.answer_about(hub, content, sender, submission)
    if found is None:
        raise NotAvailable
    moves = await answers.moves(hub, content, found, sender)
    packet = await answers.addressed(hub, content, found)
    more = (*moves, *steps)
    return await submitted(hub, kept, packet, sender, found.member, directory, by, *more, shares=found.shares)
