"""What a person does about an arrival that waits: look at it, say whose it is, or close it.

Every look is on the ledger; whoever matches says both the organization and the member, and the packet then goes the
same way as any other.
"""

from typing import Any, Literal

from sqlalchemy import select
from sqlmodel import col

from hub.arrivals import ArrivedPacket
from hub.compliance import viewing
from hub.context import Hub
from hub.errors import Conflict, Malformed, NotAvailable, Stale
from hub.inbound import answers, paper, threads
from hub.inbound.keep import Kept, read, standing
from hub.inbound.paper import Sorting
from hub.inbound.settle import WORK, settled, submitted
from hub.model import MemberIdentity
from hub.record import entry
from hub.storage import members
from hub.storage.tables import Inbound
from hub.waiting.work import close_for

Closing = Literal["duplicate", "misdirected", "not_ours", "filed", "refused", "unreadable"]
"""Fixed words: why an arrival goes no further."""
_SHOWN = ("id", "channel", "organization_id", "state", "code", "reference", "received_at", "settled_at")


async def listed(
    hub: Hub, *, organization: str | None, state: str = "waiting", before: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Arrivals in this state, newest first, without anything about a person; `organization` none: everybody's."""
    statement = select(*(col(getattr(Inbound, name)) for name in _SHOWN)).where(col(Inbound.state) == state)
    if organization is not None:
        statement = statement.where(col(Inbound.organization_id) == organization)
    if before is not None:
        statement = statement.where(col(Inbound.id) < before)
    rows = await hub.database.query(statement.order_by(col(Inbound.id).desc()).limit(limit))
    return [dict(zip(_SHOWN, row, strict=True)) for row in rows]


async def look(hub: Hub, inbound: str, *, organization: str | None, by: str) -> Kept:
    """The arrival, opened; that it was looked at is on the ledger.

    Raises `NotAvailable` if it is not this organization's (none: anybody's).
    """
    kept = await _theirs(hub, inbound, organization)
    await viewing.note(hub, by, "arrival", None, inbound)
    return kept


async def match(
    hub: Hub,
    inbound: str,
    sender: str,
    member: str,
    *,
    organization: str | None,
    by: str,
    sorting: Sorting | None = None,
) -> str:
    """Say who sent it and whom it concerns, and of paper what it is: it becomes the sender's submission, of this id.

    Raises `NotAvailable` (no such arrival or member, or not theirs) and `Conflict` (it does not wait, is no packet,
    or still cannot go on).
    """
    kept = await _theirs(hub, inbound, organization)
    content = kept.arrival.content
    await _require_theirs(hub, member, organization)
    if sorting is not None:
        known = await members.facts_of(hub, member)
        person = MemberIdentity(given=known.given, family=known.family, born=known.born)
        content = paper.packet(kept.arrival, sorting, person)
    if kept.state != "waiting" or not isinstance(content, ArrivedPacket):
        raise Conflict("This arrival does not wait to be matched.", code="not-waiting")
    directory = await hub.directory.current()
    if sender not in directory.organizations or organization not in (None, sender):
        raise NotAvailable
    shares: tuple[str, ...] = ()
    if content.place == "answers":
        content, shares = await _answering(hub, content, sender, member)
    matched = entry("inbound.matched", hub.clock.now(), {"by": by, "sender": sender}, member=member, reference=inbound)
    steps = (matched, close_for(WORK, inbound, by, "matched", hub.clock.now()))
    try:
        state = await submitted(hub, kept, content, sender, member, directory, by, *steps, shares=shares)
    except Stale:
        raise Conflict("Somebody else has settled this meanwhile.", code="not-waiting") from None
    if state != "submitted":
        raise Conflict("It still cannot go on; the reason stands with it.", code="still-waiting")
    return (await read(hub, inbound)).reference or ""


async def close(
    hub: Hub, inbound: str, why: Closing, *, organization: str | None, by: str, member: str | None = None
) -> None:
    """It goes no further; it stays kept, with this member if it is filed with one.

    Raises `NotAvailable`, `Malformed` (only what is filed is filed with somebody, and only what opens is filed), and
    `Conflict` if it does not wait.
    """
    kept = await _theirs(hub, inbound, organization)
    if kept.state != "waiting":
        raise Conflict("This arrival does not wait.", code="not-waiting")
    if why == "filed" and not kept.opens:
        raise Malformed("What does not open cannot be filed.", field="$.reason")
    steps = [close_for(WORK, inbound, by, why, hub.clock.now())]
    if member is not None:
        if why != "filed":
            raise Malformed("Only what is filed is filed with a member.", field="$.member")
        await _require_theirs(hub, member, organization)
        steps.append(entry("inbound.filed", hub.clock.now(), {"by": by}, member=member, reference=inbound))
    try:
        await settled(hub, kept, "closed", kept.organization, why, None, *steps, by=by)
    except Stale:
        raise Conflict("Somebody else has settled this meanwhile.", code="not-waiting") from None


async def _answering(
    hub: Hub, content: ArrivedPacket, sender: str, member: str
) -> tuple[ArrivedPacket, tuple[str, ...]]:
    """The answer, to those it is for, and whose part of the referral it answers: a person may let one go that
    contradicts what was said before.
    """
    found = await threads.answer_to(hub, content, sender, member) if content.thread else None
    if found is None or found.member != member:
        raise Conflict("It answers no referral of this person that they were told of.", code="still-waiting")
    return await answers.addressed(hub, content, found), found.shares


async def _require_theirs(hub: Hub, member: str, organization: str | None) -> None:
    # INVARIANT: no-existence-leak
    if organization is not None and not await members.may_see(hub, organization, member):
        raise NotAvailable
    await members.facts_of(hub, member)


async def _theirs(hub: Hub, inbound: str, organization: str | None) -> Kept:
    # INVARIANT: no-existence-leak
    kept = await standing(hub, inbound)
    if organization not in (None, kept.organization):
        raise NotAvailable
    return kept
