"""What becomes of a kept arrival: a submission, a proof, or work for a person. Safe to repeat at any point."""

from collections.abc import Awaitable, Callable

import msgspec

from hub.arrivals import ArrivedNote, ArrivedPacket, ArrivedProof, ArrivedUpdate
from hub.context import Hub
from hub.errors import Conflict, Rejected, Stale
from hub.inbound import answers, meant, owed, packets, proofs, threads, updates
from hub.inbound.keep import Kept, read
from hub.inbound.matching import member_of, recipients_of, sender_of
from hub.inbound.shares import NO_STOPS, Stops, Why, stops_of
from hub.model import MessageKind
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.directory import Directory
from hub.storage.statements import Change
from hub.storage.tables import Inbound
from hub.waiting.work import close_for, open_work

NOTICES = (MessageKind.ADMIT_NOTICE, MessageKind.DISCHARGE_NOTICE)
"""Whole hospitals' feeds: who is nobody's member here is no work for a person."""
APPOINTMENTS = ("scheduled", "appointment_cancelled", "no_show")
"""Whole calendars come, too."""
_NOBODY = ("member.unknown", "member.unnamed")
WORK = "inbound"
_SETTLE = Change(
    Inbound,
    ("state", "organization_id", "code", "reference", "settled_at"),
    ("id", "state"),
    must_hit=True,
)


async def settle(hub: Hub, inbound: str) -> str:
    """Bring a taken arrival to its next state, and say which. Raises `StorageFailed`; then it stays taken."""
    kept = await read(hub, inbound)
    if kept.state != "taken":
        return kept.state
    directory = await hub.directory.current()
    sender = sender_of(kept.arrival, directory)
    if kept.arrival.trouble or sender is None:
        return await waits(hub, kept, sender, kept.arrival.trouble or "sender.unknown")
    return await _understood(hub, kept, sender, directory)


async def _understood(hub: Hub, kept: Kept, sender: str, directory: Directory) -> str:
    match kept.arrival.content:
        case ArrivedProof() as said:
            state, code = await proofs.apply(hub, said, kept, sender)
            return await settled(hub, kept, state, sender, code, said.delivery)
        case ArrivedNote() as note:
            if note.review:
                return await waits(hub, kept, sender, " ".join(note.review))
            return await settled(hub, kept, "closed", sender, note.code, None)
        case ArrivedUpdate() as update:
            return await _update(hub, kept, update, sender, directory)
        case ArrivedPacket() as packet:
            return await _packet(hub, kept, packet, sender, directory)
        case _:
            return await waits(hub, kept, sender, "unrecognised")


async def waits(hub: Hub, kept: Kept, sender: str | None, code: str, stops: Stops = NO_STOPS) -> str:
    """A person looks at it: the sender is not told, and nothing goes on meanwhile."""
    now = hub.clock.now()
    due = hub.calendar.end_of_next(now, hub.zone)
    work = open_work(WORK, sender or "", kept.id, (kept.arrival.channel, code), now, due=due)
    # What waited already and still cannot go on waits once, for the present reason.
    earlier = close_for(WORK, kept.id, "hub", "waits anew", now)
    meant_for = await meant.remembered(hub, kept, sender)
    return await settled(hub, kept, "waiting", sender, code, None, earlier, work, *meant_for, stops=stops)


async def give_up(hub: Hub, inbound: str) -> None:
    """What cannot even be opened or read waits for a person, too. Raises `Stale` if somebody else was faster."""
    now = hub.clock.now()
    guard = Step(_SETTLE, ("waiting", None, "failed", None, now, inbound, "taken"), "inbound")
    writes = (
        entry("inbound.waiting", now, {"code": "failed"}, reference=inbound),
        open_work(WORK, "", inbound, ("failed",), now, due=hub.calendar.end_of_next(now, hub.zone)),
    )
    await hub.database.commit(Unit((guard,), writes))


async def settled(
    hub: Hub,
    kept: Kept,
    state: str,
    sender: str | None,
    code: str | None,
    reference: str | None,
    *more: Step,
    by: str = "",
    stops: Stops = NO_STOPS,
) -> str:
    """Commit the arrival's new state; `by` is the person who says so, `stops` what never leaves because of it.

    Raises `Stale` if somebody else was faster (`outbox`: with what is to be stopped).
    """
    now = hub.clock.now()
    guard = Step(_SETTLE, (state, sender, code or None, reference, now, kept.id, kept.state), "inbound")
    body = {"code": code or "", "organization": sender, "to": reference} | ({"by": by} if by else {})
    told = owed.at_the_end(kept.arrival, kept.id, state, code, now)
    writes = (entry(f"inbound.{state}", now, body, reference=kept.id), *told, *more, *stops.writes)
    await hub.database.commit(Unit((*stops.guards, guard), writes))
    return state


async def _packet(hub: Hub, kept: Kept, content: ArrivedPacket, sender: str, directory: Directory) -> str:
    if content.place == "answers":
        return await _answer(hub, kept, content, sender, directory)
    match = await member_of(hub, content.person, sender)
    if match.code == "member.unknown" and content.kind in NOTICES:
        return await settled(hub, kept, "unmatched", sender, match.code, None)
    if content.review or match.member is None:
        return await waits(hub, kept, sender, " ".join(content.review) or match.code)
    return await submitted(hub, kept, content, sender, match.member, directory)


async def submitted(
    hub: Hub,
    kept: Kept,
    content: ArrivedPacket,
    sender: str,
    member: str,
    directory: Directory,
    by: str = "",
    *more: Step,
    replaces: str = "",
    thread: bytes = b"",
    shares: tuple[str, ...] = (),
) -> str:
    """Hand it in as the sender's submission about this member, to those it is for; `more` if it goes on.

    `replaces`: an earlier submission, of which nothing leaves that has not left yet; `thread`: where it belongs, if its
    own number does not say so; `shares`: of a referral, which it answers.
    """
    if content.place == "retracts":
        return await _retracted(hub, kept, content, sender, member, directory, by, *more)
    if await threads.taken_back(hub, content, sender, kept.id):
        return await settled(hub, kept, "closed", sender, "retraction.meanwhile", None, *more)
    told = await recipients_of(hub, content.kind, content.recipients, member, sender, directory)
    if not told:
        return await waits(hub, kept, sender, "recipient.none" if told == () else "recipient.unknown")
    try:
        submission = await packets.submit(hub, content, kept, sender, member, told, by)
    except Rejected as error:
        return await waits(hub, kept, sender, error.detail_code)
    marks = (*threads.opened(hub, content, sender, submission, thread), *threads.answered(hub, shares, submission))

    async def instead(stops: Stops) -> str:
        return await settled(hub, kept, "submitted", sender, None, submission, *marks, *more, stops=stops)

    return await _stopping(hub, kept, replaces, "superseded", instead)


async def _retracted(
    hub: Hub,
    kept: Kept,
    content: ArrivedPacket,
    sender: str,
    member: str,
    directory: Directory,
    by: str,
    *more: Step,
) -> str:
    """What was told and is not so goes to whoever was told, and to nobody else."""
    try:
        names, marks = await threads.retract(hub, content, sender, member, kept.id)
    except Conflict as error:
        return await waits(hub, kept, sender, error.detail_code)
    if not names:
        return await settled(hub, kept, "closed", sender, "retraction.nobody-told", None, *marks, *more)
    # Whom it goes to is known: it is handed in as an answer to them.
    packet = msgspec.structs.replace(content, recipients=names, place="answers")
    return await submitted(hub, kept, packet, sender, member, directory, by, *marks, *more)


async def _stopping(hub: Hub, kept: Kept, submission: str, why: Why, commit: Callable[[Stops], Awaitable[str]]) -> str:
    """Commit together with what keeps an earlier submission from leaving; what a worker takes meanwhile leaves."""
    while True:
        stops = await stops_of(hub, submission, why, kept.id) if submission else NO_STOPS
        try:
            return await commit(stops)
        except Stale as stale:
            if stale.detail_code != "outbox":
                raise


async def _answer(hub: Hub, kept: Kept, content: ArrivedPacket, sender: str, directory: Directory) -> str:
    named = await member_of(hub, content.person, sender)
    found = await threads.answer_to(hub, content, sender, named.member) if content.thread else None
    if found is None:
        if named.code == "member.unknown" and content.event and content.event.kind in APPOINTMENTS:
            return await settled(hub, kept, "unmatched", sender, "referral.unknown", None)
        return await waits(hub, kept, sender, " ".join(content.review) or "referral.unknown")
    if content.review:
        return await waits(hub, kept, sender, " ".join(content.review))
    if named.member not in (None, found.member) or named.code == "member.differs":
        return await waits(hub, kept, sender, "member.differs")
    try:
        moves = await answers.moves(hub, content, found, sender)
    except Conflict as error:
        return await waits(hub, kept, sender, error.detail_code)
    to = await answers.addressed(hub, content, found)
    return await submitted(hub, kept, to, sender, found.member, directory, "", *moves, shares=found.shares)


async def _update(hub: Hub, kept: Kept, update: ArrivedUpdate, sender: str, directory: Directory) -> str:
    """What is new goes to those who have the last notice of the visit, each decided anew (interop A4)."""
    told = await threads.last_told(hub, update.thread, sender) if update.thread else None
    if update.review and await _touches(hub, update, sender):

        async def wait(stops: Stops) -> str:
            return await waits(hub, kept, sender, " ".join(update.review), stops)

        restricted = told.submission if told and update.restricted else ""
        return await _stopping(hub, kept, restricted, "restricted", wait)
    if told is None or not told.recipients:
        return await settled(hub, kept, "closed", sender, "update.nobody-told", None)
    named = await member_of(hub, update.person, sender)
    if named.member is None or named.member != told.member:
        return await waits(hub, kept, sender, named.code or "member.differs")
    content = await updates.notice(hub, update, told)
    if content is None:
        return await settled(hub, kept, "closed", sender, "update.no-news", None)
    return await submitted(hub, kept, content, sender, named.member, directory, replaces=told.submission)


async def _touches(hub: Hub, update: ArrivedUpdate, sender: str) -> bool:
    """Whether it is about anybody or any visit here: whole hospitals' feeds come in.

    Of a change of numbers only one that joins somebody here to another record, or moves a visit that was told of.
    """
    for thread in filter(None, (update.thread, *update.threads)):
        if await threads.last_told(hub, thread, sender) is not None:
            return True
    named = await member_of(hub, update.person, sender)
    if named.code not in _NOBODY and any(code.startswith("restricted.") for code in update.review):
        return True
    priors = [await member_of(hub, other, sender) for other in update.others]
    return any(each.code not in _NOBODY and (each.member is None or each.member != named.member) for each in priors)
