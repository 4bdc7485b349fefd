"""What belongs together: the notices of one visit, the request and the answers of one referral.

    opens      a notice or a referral: which submission it became is remembered under the thread's keyed hash
    retracts   what was told and is not so: nobody else is told any more, and whoever was told hears of it
    updates    what is now said of a visit goes to those who have its last notice, instead of one that has not left
    answers    from one who was told of a referral, back to who asked; or from who asked, to those who were told

Rules kept: each retraction and each answer is a submission of its own, decided like any other; whom it goes to is what
the ledger's own rows say of the past, never what the message says; an answer from somebody who was not told of the
referral looks like one to a referral that nobody knows (no-existence-leak).
"""

import contextlib
from typing import Any, Literal, NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.arrivals import ArrivedPacket
from hub.context import Hub
from hub.crypto.identifiers import hash_idempotency
from hub.errors import Conflict, Stale
from hub.fhir.moves import Party
from hub.inbound import said
from hub.outbox import MOVE
from hub.record import entry
from hub.storage import members
from hub.storage.database import Step, Unit
from hub.storage.member_facts import KNOWS
from hub.storage.statements import Change, Check, Insert, Lookup, columns_of
from hub.storage.tables import Disclosure, Outbox, Submission, Thread
from hub.waiting.work import close_waiting

_RETRACTS = {
    "admit_cancelled": ("admit", "transfer", "visit"),
    "transfer_cancelled": ("transfer",),
    "discharge_cancelled": ("discharge",),
}
_VISITS = ("admit", "transfer", "visit", "discharge")
_REFERRAL = "referral/"
_ADD = Insert(Thread, columns_of(Thread))
_OF = Lookup(Thread, ("submission_id", "event", "retracted_by"), "hash")
_RETRACTED = Change(Thread, ("retracted_by",), ("hash", "submission_id"))
_STANDS = Check(Outbox, ("id", "state"))
_ROW = Lookup(Outbox, ("submission_id", "recipient"), "id")
_SUBMISSION = Lookup(Submission, ("sender", "member_id"), "id")
_SHARE: tuple[Any, ...] = (
    col(Outbox.id),
    col(Outbox.recipient),
    col(Outbox.state),
    col(Submission.member_id),
    col(Disclosure.state),
)
Why = Literal["superseded", "restricted"]
_NOT_YET = ("queued", "held", "dead")


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


class _Share(NamedTuple):
    """One recipient's share of a submission."""

    outbox: str
    recipient: str
    state: str
    member: str | None
    disclosed: str | None


def opened(hub: Hub, content: ArrivedPacket, sender: str, submission: str) -> tuple[Step, ...]:
    """The step that remembers what a thread led to; none for what stands alone."""
    if not content.thread or content.place != "opens":
        return ()
    event = content.event.kind if content.event else "referral"
    return (Step(_ADD, (_hash(hub, content.thread, sender), submission, event, None)),)


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
    shares = [each for submission in open_ for each in await _shares(hub, submission)]
    if any(share.member != member for share in shares):
        raise Conflict("What is retracted is about another person.", code="member.differs")
    await _stop(hub, shares, "retracted", inbound)
    told = [each.recipient for s in open_ for each in await _shares(hub, s) if _told(each)]
    marks = [Step(_RETRACTED, (inbound, thread, submission)) for submission in open_]
    if content.event is not None:
        marks.append(Step(_ADD, (thread, inbound, content.event.kind, None)))
    return tuple(dict.fromkeys(told)), marks


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
    shares = await _shares(hub, max(found))  # ids sort by time
    return Told(max(found), shares[0].member, tuple(s.recipient for s in shares if _told(s) or s.state in _NOT_YET))


class Stops(NamedTuple):
    """Keeps from leaving what nobody has yet, in the transaction of what makes it so."""

    guards: tuple[Step, ...] = ()
    writes: tuple[Step, ...] = ()


NO_STOPS = Stops()


async def stops(hub: Hub, submission: str, why: Why, inbound: str) -> Stops:
    """`superseded`: a newer notice goes instead; `restricted`: a person looks at what restricts it."""
    now, found = hub.clock.now(), Stops()
    for share in [each for each in await _shares(hub, submission) if each.state in _NOT_YET]:
        found = Stops(
            (*found.guards, Step(_STANDS, (share.outbox, share.state), "outbox")),
            (*found.writes, *_stopping(share, why, inbound, now)),
        )
    return found


async def answer_to(hub: Hub, content: ArrivedPacket, sender: str, member: str | None) -> Answer | None:
    """Whom the answer is about and for; none if the sender was not told of any such referral, nor asked it.

    `member`: whom the answer names. Several senders may number their referrals alike: then it has to name one.
    """
    candidates = await _candidates(hub, content, sender)
    if len({each.member for each in candidates}) > 1:
        candidates = [each for each in candidates if each.member == member]
    if not candidates:
        return None
    found = candidates[0]
    if found.party == "target" and not await members.may_see(hub, sender, found.member):
        # Whoever was told of a person has to do with them.
        await members.add_links(hub, found.member, [(sender, KNOWS)], by="hub/referral")
    return found


async def _candidates(hub: Hub, content: ArrivedPacket, sender: str) -> list[Answer]:
    """The referrals of this number that the sender asked or was told of, the newest first."""
    number = content.thread.removeprefix(_REFERRAL)
    rows = await hub.database.lookup(_OF, _hash(hub, content.thread, sender))
    found: list[tuple[str, str | None]] = [(submission, None) for submission, event, _ in rows if event == "referral"]
    # Our own referrals carry the id of the disclosure, which is one recipient's.
    found += [(submission, recipient) for submission, recipient in await hub.database.lookup(_ROW, number)]
    candidates = []
    for submission, only in sorted(found, key=lambda each: each[0], reverse=True):
        ((asked_by, member),) = await hub.database.lookup(_SUBMISSION, submission)
        told = [s for s in await _shares(hub, submission) if _told(s) and only in (None, s.recipient)]
        own = tuple(s.outbox for s in told if s.recipient == sender)
        if member is not None and sender == asked_by and told:
            to, shares = tuple(dict.fromkeys(s.recipient for s in told)), tuple(s.outbox for s in told)
            candidates.append(Answer(member, to, submission, shares, "requester"))
        elif member is not None and own:
            candidates.append(Answer(member, (asked_by,), submission, own, "target"))
    return candidates


async def _stop(hub: Hub, shares: list[_Share], why: str, inbound: str) -> None:
    """Before the retraction is made: whoever a worker has just taken it for counts as told, and is in it.

    Each stop is a transaction of its own, and a repeat goes on where the last one ended.
    """
    now = hub.clock.now()
    for share in [each for each in shares if each.state in _NOT_YET]:
        stop, *told = _stopping(share, why, inbound, now)
        with contextlib.suppress(Stale):
            await hub.database.commit(Unit((stop,), tuple(told)))


def _stopping(share: _Share, why: str, inbound: str, now: int) -> tuple[Step, ...]:
    stop = Step(MOVE, ("withheld", now, why, None, None, share.outbox, share.state), "outbox")
    stopped = entry(f"dispatch.{why}", now, {"inbound": inbound}, member=share.member, reference=share.outbox)
    return (stop, stopped, *close_waiting(share.outbox, now))


async def _newest(hub: Hub, submissions: list[str]) -> list[str]:
    """The last notice with what it replaces: of several transfers only the last is cancelled (HL7 v2 A12)."""
    last = []
    for each in sorted(submissions, reverse=True):  # ids sort by time
        last.append(each)
        lines = await said.text_of(hub, await said.submission_of(hub, each), "attendance")
        if not (lines and lines[0].startswith(said.UPDATED)):
            break
    return last


async def _shares(hub: Hub, submission: str) -> list[_Share]:
    statement = (
        select(*_SHARE)
        .join(Submission, col(Submission.id) == col(Outbox.submission_id))
        .outerjoin(Disclosure, col(Disclosure.id) == col(Outbox.id))
        .where(col(Outbox.submission_id) == submission)
        .order_by(col(Outbox.id))
    )
    return [_Share(*row) for row in await hub.database.query(statement)]


def _told(share: _Share) -> bool:
    """INVARIANT: unknown-is-disclosed. Whoever may have it, or is about to get it, was told."""
    if share.disclosed is not None:
        return share.disclosed != "not_disclosed"
    return share.state not in (*_NOT_YET, "withheld")


def _hash(hub: Hub, thread: str, sender: str) -> bytes:
    # A referral's answers come from others than its request; a visit's number is one sender's alone.
    scope = "" if thread.startswith(_REFERRAL) else sender
    return hash_idempotency(hub.ring, f"thread:{scope}", thread)
