"""What belongs together: the notices of one visit, the request and the answers of one referral.

    opens      a notice or a referral: which submission it became is remembered under the thread's keyed hash
    retracts   what was told and is not so: nobody else is told any more, and whoever was told hears of it
    updates    what is now said of a visit goes to those who have its last notice, instead of one that has not left
    answers    from one who was told of a referral, back to who asked; or from who asked, to those who were told

Rules kept: each retraction and each answer is a submission of its own, decided like any other; whom it goes to is what
the ledger's own rows say of the past, never what the message says; an answer from somebody who was not told of the
referral looks like one to a referral that nobody knows (no-existence-leak).
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.arrivals import ArrivedPacket, ArrivedUpdate
from hub.context import Hub
from hub.crypto.identifiers import hash_idempotency
from hub.errors import Conflict
from hub.fhir.moves import Party
from hub.inbound import said
from hub.inbound.shares import NOT_YET, Share, shares_of, stop, told
from hub.model import MessageKind
from hub.storage import members
from hub.storage.database import Step
from hub.storage.member_facts import KNOWS
from hub.storage.statements import Change, Insert, Keep, Lookup, columns_of
from hub.storage.tables import Outbox, Submission, Thread

_RETRACTS = {
    "admit_cancelled": ("admit", "transfer", "visit"),
    "transfer_cancelled": ("transfer",),
    "discharge_cancelled": ("discharge",),
}
_VISITS = ("admit", "transfer", "visit", "discharge")
_REFERRAL = "referral/"
ANSWER, WAITS = "answer", "waits"
"""What was said of a referral, and an arrival that may say more and waits; beside the words for what was told."""
_KEEP = Keep(Thread, columns_of(Thread))
_ADD = Insert(Thread, columns_of(Thread))
_OF = Lookup(Thread, ("submission_id", "event", "retracted_by"), "hash")
_RETRACTED = Change(Thread, ("retracted_by",), ("hash", "submission_id"))
_ROW = Lookup(Outbox, ("submission_id", "recipient"), "id")
_KIND = Lookup(Submission, ("kind",), "id")
_SUBMISSION = Lookup(Submission, ("sender", "member_id"), "id")


class Answer(NamedTuple):
    """Whom an answer concerns and to whom it goes."""

    member: str
    recipients: tuple[str, ...]
    submission: str
    """The referral."""
    shares: tuple[str, ...]
    """Whose part of it is answered, or taken back."""
    party: Party
    """What the answerer is to it."""


class Told(NamedTuple):
    """The newest notice of a visit: its submission, and who has it or is to get it."""

    submission: str
    member: str | None
    recipients: tuple[str, ...]


def opened(hub: Hub, content: ArrivedPacket, sender: str, submission: str, thread: bytes = b"") -> tuple[Step, ...]:
    """The steps that remember what a thread led to, by its own number and by `thread`; none for what stands alone."""
    if content.place != "opens":
        return ()
    event = content.event.kind if content.event else "referral"
    own = {_hash(hub, content.thread, sender)} if content.thread else set()
    return tuple(Step(_ADD, (each, submission, event, None)) for each in sorted(own | ({thread} if thread else set())))


def answered(hub: Hub, shares: Iterable[str], submission: str) -> tuple[Step, ...]:
    """The steps that remember what was said of a referral, by each recipient's share that it was said of."""
    return tuple(Step(_ADD, (_hash(hub, f"{_REFERRAL}{share}", ""), submission, ANSWER, None)) for share in shares)


async def answers_of(hub: Hub, share: str) -> list[str]:
    """The submissions by which somebody answered this share of a referral, newest first."""
    return await _of_share(hub, share, ANSWER)


def waits(hub: Hub, shares: Iterable[str], inbound: str) -> tuple[Step, ...]:
    """The steps that remember an arrival that may answer these shares of referrals, and waits for a person."""
    return tuple(Step(_KEEP, (_hash(hub, f"{_REFERRAL}{share}", ""), inbound, WAITS, None)) for share in shares)


async def waiting_for(hub: Hub, share: str) -> list[str]:
    """The arrivals that have waited as answers to this share of a referral, newest first; some may be settled."""
    return await _of_share(hub, share, WAITS)


async def _of_share(hub: Hub, share: str, event: str) -> list[str]:
    rows = await hub.database.lookup(_OF, _hash(hub, f"{_REFERRAL}{share}", ""))
    return sorted((reference for reference, kind, _ in rows if kind == event), reverse=True)


async def retract(
    hub: Hub, content: ArrivedPacket, sender: str, member: str, inbound: str
) -> tuple[tuple[str, ...], list[Step]]:
    """Keeps what nobody has yet from leaving; gives those who were told, and the steps that mark it retracted.

    The retraction is remembered: what still waits for a person then never goes. Raises `Conflict` if
    the thread is about another person than the member (nobody who was told of one person hears of another by it), or
    if nobody knows it although the sender's notices about this member stand under other numbers.
    """
    thread = _hash(hub, content.thread, sender)
    events = _RETRACTS.get(content.event.kind if content.event else "", ())
    rows = await hub.database.lookup(_OF, thread)
    open_ = [submission for submission, event, by in rows if event in events and by is None]
    if not rows and await _stands_elsewhere(hub, sender, member, events):
        raise Conflict("The sender told of another visit of this person.", code="retraction.unknown")
    if events == _RETRACTS["transfer_cancelled"]:
        open_ = await _newest(hub, open_)
    shares = [each for submission in open_ for each in await shares_of(hub, submission)]
    if any(share.member != member for share in shares):
        raise Conflict("What is retracted is about another person.", code="member.differs")
    names = await _stopped(hub, open_, shares, inbound)
    marks = [Step(_RETRACTED, (inbound, thread, submission)) for submission in open_]
    if content.event is not None:
        marks.append(Step(_ADD, (thread, inbound, content.event.kind, None)))
    return names, marks


async def take_back(hub: Hub, submission: str, inbound: str) -> tuple[str, tuple[str, ...], list[Step]]:
    """The same of the one notice that a person has named: its member, who was told, the steps that mark it."""
    shares = await shares_of(hub, submission)
    names = await _stopped(hub, [submission], shares, inbound)
    marks = [Step(_RETRACTED, (inbound, thread, submission)) for thread in await _threads_of(hub, submission)]
    return (shares[0].member or "") if shares else "", names, marks


async def _stopped(hub: Hub, submissions: list[str], shares: list[Share], inbound: str) -> tuple[str, ...]:
    """Whoever was told once nobody else can be."""
    await stop(hub, shares, "retracted", inbound)
    names = [each.recipient for s in submissions for each in await shares_of(hub, s) if told(each)]
    return tuple(dict.fromkeys(names))


async def taken_back(hub: Hub, content: ArrivedPacket, sender: str, inbound: str) -> bool:
    """Whether the sender has meanwhile taken back what this arrival says; ids sort by time."""
    event = content.event.kind if content.event else ""
    if content.place != "opens" or not content.thread or event not in _VISITS:
        return False
    rows = await hub.database.lookup(_OF, _hash(hub, content.thread, sender))
    return any(event in _RETRACTS.get(kind, ()) and by > inbound for by, kind, _ in rows)


async def _stands_elsewhere(hub: Hub, sender: str, member: str, events: tuple[str, ...]) -> bool:
    statement = (
        select(col(Thread.submission_id))
        .join(Submission, col(Submission.id) == col(Thread.submission_id))
        .where(
            col(Submission.sender) == sender,
            col(Submission.member_id) == member,
            col(Thread.event).in_(events),
            col(Thread.retracted_by).is_(None),
        )
        .limit(1)
    )
    return bool(await hub.database.query(statement))


async def last_told(hub: Hub, thread: str, sender: str) -> Told | None:
    """The newest notice of a visit that was not taken back; none if nobody knows of the visit."""
    rows = await hub.database.lookup(_OF, _hash(hub, thread, sender))
    found = [submission for submission, event, by in rows if event in _VISITS and by is None]
    if not found:
        return None
    shares = await shares_of(hub, max(found))  # ids sort by time
    return Told(max(found), shares[0].member, tuple(s.recipient for s in shares if told(s) or s.state in NOT_YET))


async def told_of(hub: Hub, submission: str) -> Told:
    """Who has this notice or is to get it, also those from whom a restriction keeps it for the present."""
    shares = await shares_of(hub, submission)
    names = [s.recipient for s in shares if told(s) or s.state in NOT_YET or s.code == "restricted"]
    return Told(submission, shares[0].member if shares else None, tuple(names))


async def number_of(hub: Hub, submission: str) -> bytes:
    """The thread that a notice belongs to, by its keyed hash; empty if it stands alone."""
    return next(iter(await _threads_of(hub, submission)), b"")


def events_of(content: ArrivedPacket | ArrivedUpdate) -> tuple[str, ...]:
    """The notices that an update or a retraction can belong to."""
    if isinstance(content, ArrivedUpdate):
        return _VISITS
    return _RETRACTS.get(content.event.kind if content.event else "", ())


async def _threads_of(hub: Hub, submission: str) -> list[bytes]:
    statement = select(col(Thread.hash)).where(col(Thread.submission_id) == submission).order_by(col(Thread.hash))
    return [thread for (thread,) in await hub.database.query(statement)]


async def answer_to(hub: Hub, content: ArrivedPacket, sender: str, member: str | None) -> Answer | None:
    """Whom the answer is about and for; none if the sender was not told of any such referral, nor asked it.

    `member`: whom the answer names. Several senders may number their referrals alike: then it has to name one.
    """
    candidates = await numbered(hub, content, sender)
    if len({each.member for each in candidates}) > 1:
        candidates = [each for each in candidates if each.member == member]
    if not candidates:
        return None
    found = candidates[0]
    if found.party == "target" and not await members.may_see(hub, sender, found.member):
        # Whoever was told of a person has to do with them.
        await members.add_links(hub, found.member, [(sender, KNOWS)], by="hub/referral")
    return found


async def numbered(hub: Hub, content: ArrivedPacket, sender: str) -> list[Answer]:
    """The referrals of this number that the sender asked or was told of, the newest first."""
    number = content.thread.removeprefix(_REFERRAL)
    rows = await hub.database.lookup(_OF, _hash(hub, content.thread, sender))
    found: list[tuple[str, str | None]] = [(submission, None) for submission, event, _ in rows if event == "referral"]
    found += await _of_our_number(hub, number)
    candidates = []
    for submission, only in sorted(found, key=lambda each: each[0], reverse=True):
        found_here = await answer_of(hub, submission, sender, only)
        candidates += [found_here] if found_here else []
    return candidates


async def _of_our_number(hub: Hub, number: str) -> list[tuple[str, str | None]]:
    """The referral whose disclosure, which is one recipient's, has this id: it carries that for a number.

    So do notices and answers, to which nobody says "accepted": whoever replies to one of them names no referral.
    """
    found = []
    for submission, recipient in await hub.database.lookup(_ROW, number):
        ((kind,),) = await hub.database.lookup(_KIND, submission)
        found += [(submission, recipient)] if kind == MessageKind.REFERRAL_PACKET else []
    return found


async def answer_about(hub: Hub, content: ArrivedPacket, sender: str, submission: str) -> Answer | None:
    """The same to a referral that a person has named: of the one recipient's part alone whose number it gives."""
    known = await numbered(hub, content, sender) if content.thread else []
    found = next((each for each in known if each.submission == submission), None)
    return found or await answer_of(hub, submission, sender)


async def answer_of(hub: Hub, submission: str, sender: str, only: str | None = None) -> Answer | None:
    """What an answer of the sender to this referral is; none if they neither asked it nor were told of it.

    `only`: the one recipient whose part is meant.
    """
    ((asked_by, member),) = await hub.database.lookup(_SUBMISSION, submission)
    know = [s for s in await shares_of(hub, submission) if told(s) and only in (None, s.recipient)]
    own = tuple(s.outbox for s in know if s.recipient == sender)
    if member is not None and sender == asked_by and know:
        to, shares = tuple(dict.fromkeys(s.recipient for s in know)), tuple(s.outbox for s in know)
        return Answer(member, to, submission, shares, "requester")
    return Answer(member, (asked_by,), submission, own, "target") if member is not None and own else None


async def _newest(hub: Hub, submissions: list[str]) -> list[str]:
    """The last notice with what it replaces: of several transfers only the last is cancelled (HL7 v2 A12)."""
    last = []
    for each in sorted(submissions, reverse=True):  # ids sort by time
        last.append(each)
        lines = await said.text_of(hub, await said.submission_of(hub, each), "attendance")
        if not (lines and lines[0].startswith(said.UPDATED)):
            break
    return last


def _hash(hub: Hub, thread: str, sender: str) -> bytes:
    # A referral's answers come from others than its request; a visit's number is one sender's alone.
    scope = "" if thread.startswith(_REFERRAL) else sender
    return hash_idempotency(hub.ring, f"thread:{scope}", thread)
