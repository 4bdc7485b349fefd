"""Step 6 of `dispatch`, record: intents before any byte leaves, conclusions after, each in one guarded unit.

INVARIANT: no-silent-disclosure, unknown-is-disclosed, revocation-is-a-fence.
"""

import contextlib

import msgspec

from hub import outbox, packets
from hub.bases import reviews
from hub.context import Hub
from hub.decided import Decided, step
from hub.decisions import DecisionRecord
from hub.deliver import Route
from hub.errors import Stale
from hub.model import Deferred, Delivered, Outcome, Prepared, Refused, Unknown
from hub.outbox import BEGIN_FLIGHT, RETARGET, SETTLE, Ticket
from hub.record import entry
from hub.storage import submissions
from hub.storage.database import Step, Unit
from hub.storage.fence import nothing_came, unchanged
from hub.storage.statements import Change, Check, Insert, columns_of
from hub.storage.submissions import StoredSubmission
from hub.storage.tables import Attempt, DirectoryState, Disclosure, Outbox
from hub.waiting import doubts, lacking
from hub.waiting.work import close_waiting, open_work

_DIRECTORY = Check(DirectoryState, ("id", "version"), held=False)
"""Not held: every intent of the county would queue for one row, and no law orders a directory change and an intent."""
_ADD_DISCLOSURE = Insert(Disclosure, columns_of(Disclosure))
_INTEND_AGAIN = Change(
    Disclosure,
    ("decision_id", "description", "address", "state", "accounting", "intended_at", "concluded_at"),
    ("id",),
)
"""A later attempt carries what is permitted then, and is accounted for as that."""
_CONCLUDE = Change(Disclosure, ("state", "concluded_at"), ("id",))
_CONCLUDE_FROM = Change(Disclosure, ("state", "concluded_at"), ("id", "state"))
_GOES_NO_MORE = Change(Outbox, ("state", "code"), ("id", "state"))
_LAST_ATTEMPT = Check(Outbox, ("id", "attempts"))
_ADD_ATTEMPT = Insert(Attempt, columns_of(Attempt))
_FINISH = Change(Attempt, ("finished_at", "outcome", "code", "receipt"), ("disclosure_id", "number"))

_encode = msgspec.json.Encoder().encode


async def intend(
    hub: Hub,
    ticket: Ticket,
    submission: StoredSubmission,
    chosen: Route,
    decided: Decided,
    prepared: Prepared,
    released: tuple[str, ...],
) -> None:
    """Commit the intent to disclose. Raises `Stale` if a consent, the directory or the claim changed since the
    decision.
    """
    now, endpoint = hub.clock.now(), chosen.endpoint
    flight = ("in_flight", endpoint.id, ticket.attempts + 1, chosen.tries + 1, ticket.id, "claimed", ticket.claim)
    # INVARIANT: revocation-is-a-fence. A revocation changes the fence under the same row lock.
    guards = (*_rests_on(submission, decided.record), Step(BEGIN_FLIGHT, flight, "claim"))
    attempt = (
        ticket.id, ticket.attempts + 1, prepared.parcel.delivery, endpoint.channel.value, endpoint.id,
        prepared.digest, now, None, None, None, None,
    )  # fmt: skip
    writes = [
        _disclosure(ticket, submission, chosen, decided, released, now),
        Step(_ADD_ATTEMPT, attempt),
        _intended(ticket, submission, chosen, decided, prepared, released, now),
        *lacking.no_longer(hub, ticket.id, submission.created_at, now),
    ]
    if not decided.stored:
        writes.append(step(decided, submission.id, submission.member, "dispatch"))
    await hub.database.commit(Unit(guards, tuple(writes)))


async def conclude(
    hub: Hub,
    ticket: Ticket,
    submission: StoredSubmission,
    chosen: Route,
    delivery: str,
    decision: DecisionRecord,
    outcome: Outcome,
) -> str:
    """Record how the attempt `delivery` ended, and where the outbox row stands now. Returns the row's new state."""
    now = hub.clock.now()
    state, code, due = _next(ticket, chosen, outcome, now)
    writes = _concluded(ticket, submission, delivery, outcome, now)
    if not isinstance(outcome, Deferred | Refused):
        writes += reviews.after(hub, ticket.id, submission, decision, packets.released(decision, ticket), now)
    writes += await doubts.after(hub, submission.sender, ticket.id, submission.member, outcome, now)
    told = tuple(writes)
    if state in ("unknown", "dead"):
        kind = "unknown_outcome" if state == "unknown" else "dead_letter"
        writes.append(open_work(kind, submission.sender, ticket.id, (code,), now))
    if isinstance(outcome, Refused) and state == "queued":
        writes.append(Step(RETARGET, (chosen.endpoint.id, outbox.MAX_TRIES, ticket.id)))
    settle = Step(SETTLE, (state, due, code or None, None, None, ticket.id, ticket.claim), "claim")
    late = False
    try:
        await hub.database.commit(Unit((settle,), tuple(writes)))
    except Stale:
        late = True
    if late:
        # The recovery gave this attempt up as unknown meanwhile: its outcome is still told, the row stays with the
        # person.
        await _tell_late(hub, ticket, outcome, told, now)
    return "unknown" if late else state


async def _tell_late(hub: Hub, ticket: Ticket, outcome: Outcome, told: tuple[Step, ...], now: int) -> None:
    """What a later attempt disclosed, or a person has confirmed, is not taken back: that this one disclosed nothing
    settles only its own doubt. What it did disclose does not go again, where it waits to.
    """
    if isinstance(outcome, Delivered):
        arrived = Step(_GOES_NO_MORE, ("delivered", None, ticket.id, "queued"))
        await hub.database.commit(Unit((), (*told, arrived)))
        return
    attempt = tuple(step for step in told if step.statement not in (_CONCLUDE, _CONCLUDE_FROM))
    last = Step(_LAST_ATTEMPT, (ticket.id, ticket.attempts + 1), "attempt")
    settled = Step(_CONCLUDE_FROM, (_legally(outcome), now, ticket.id, "unknown"))
    with contextlib.suppress(Stale):
        await hub.database.commit(Unit((last,), (*attempt, settled)))
        return
    await hub.database.commit(Unit((), attempt))


async def withhold(hub: Hub, ticket: Ticket, submission: StoredSubmission, decided: Decided, now: int) -> str:
    """Nothing of the row may leave now: it is withheld, or waits for a person or a consent, and the ledger says why;
    what goes on waiting for the same reasons says nothing new.

    Raises `Stale` as `intend` does: a refusal that a consent of this very moment lifts is decided anew.
    """
    decision = decided.record
    state, code = packets.refused(submission, decision, ticket)
    guards, news = _rests_on(submission, decision), True
    if code == "consent" and submission.member is not None:
        guards = nothing_came(submission.member, decision.fence, decision.directory)
        news = not await _says_the_same(hub, ticket, decision)
    writes: list[Step] = []
    if news:
        writes.append(packets.bound("dispatch.withheld", decided, submission))
        if not decided.stored:
            writes.append(step(decided, submission.id, submission.member, "dispatch"))
    if code == "person":
        writes += close_waiting(ticket.id, now)
        writes.append(reviews.waiting(hub, submission.sender, ticket.id, decision, now))
    if code != "consent":
        writes += lacking.no_longer(hub, ticket.id, submission.created_at, now)
    settle = Step(SETTLE, (state, now, code, None, None, ticket.id, ticket.claim), "claim")
    await hub.database.commit(Unit((*guards, settle), tuple(writes)))
    return state


async def _says_the_same(hub: Hub, ticket: Ticket, decision: DecisionRecord) -> bool:
    """Whether what was decided last about this recipient had the same answer for the same reasons."""
    last = (await submissions.last_decision(hub.database, ticket.submission, ticket.recipient)).record
    return (last.outcome, last.hold, last.items) == (decision.outcome, decision.hold, decision.items)


async def postpone(hub: Hub, ticket: Ticket, until: int) -> str:
    """The partner is away: back into the queue, decided again when it is tried again; no attempt was made."""
    settle = Step(SETTLE, ("queued", until, "partner-away", None, None, ticket.id, ticket.claim), "claim")
    await hub.database.commit(Unit((settle,), ()))
    return "queued"


async def give_up(hub: Hub, ticket: Ticket, submission: StoredSubmission, code: str, now: int) -> str:
    """No way to deliver: a dead letter, which a person sees and can release."""
    body = {"code": code, "recipient": ticket.recipient}
    writes = (
        entry("dispatch.dead", now, body, member=submission.member, reference=ticket.id),
        open_work("dead_letter", submission.sender, ticket.id, (code,), now),
        *lacking.no_longer(hub, ticket.id, submission.created_at, now),
    )
    settle = Step(SETTLE, ("dead", now, code, None, None, ticket.id, ticket.claim), "claim")
    await hub.database.commit(Unit((settle,), writes))
    return "dead"


def _rests_on(submission: StoredSubmission, decision: DecisionRecord) -> tuple[Step, ...]:
    """The guards of a decision: the facts and the directory are those that it saw."""
    directory = Step(_DIRECTORY, (1, decision.directory), "directory")
    member = submission.member
    return (directory,) if member is None else (unchanged(member, decision.fence), directory)


def _concluded(ticket: Ticket, submission: StoredSubmission, delivery: str, outcome: Outcome, now: int) -> list[Step]:
    """What became of the attempt, with its proof: on the attempt, on the disclosure, and on the ledger."""
    proof = outcome.receipt if isinstance(outcome, Delivered | Unknown) else None
    receipt = _encode(proof).decode() if proof else None
    ended = outcome.__struct_config__.tag
    code = "" if isinstance(outcome, Delivered) else outcome.code
    body = {"attempt": delivery, "outcome": ended, "code": code, "receipt": proof}
    became = Step(_CONCLUDE, (_legally(outcome), now, ticket.id))
    if isinstance(outcome, Deferred | Refused):
        # What an earlier attempt was found meanwhile to have disclosed stays disclosed.
        became = Step(_CONCLUDE_FROM, (_legally(outcome), now, ticket.id, "intended"))
    return [
        Step(_FINISH, (now, ended, code, receipt, ticket.id, ticket.attempts + 1)),
        became,
        entry("disclosure.concluded", now, body, member=submission.member, reference=ticket.id),
    ]


def _disclosure(
    ticket: Ticket,
    submission: StoredSubmission,
    chosen: Route,
    decided: Decided,
    released: tuple[str, ...],
    now: int,
) -> Step:
    classes = submission.facts.asked.classes
    described = ", ".join(sorted({classes[item] for item in released}))
    accounting = "accounting" in decided.record.obligations
    now_so = (decided.id, described, chosen.endpoint.address, "intended", accounting, now, None)
    if ticket.attempts:
        return Step(_INTEND_AGAIN, (*now_so, ticket.id))
    decision, *rest = now_so
    parties = (submission.member, submission.sender, ticket.recipient, submission.purpose)
    return Step(_ADD_DISCLOSURE, (ticket.id, submission.id, decision, *parties, *rest))


def _intended(
    ticket: Ticket,
    submission: StoredSubmission,
    chosen: Route,
    decided: Decided,
    prepared: Prepared,
    released: tuple[str, ...],
    now: int,
) -> Step:
    """The entry that stands before any byte leaves: it binds the decision and the very bytes."""
    decision = decided.record
    body = {
        "attempt": prepared.parcel.delivery,
        "channel": chosen.endpoint.channel.value,
        "consents": decision.consents,
        "decision": decided.id,
        "decision_digest": decided.digest,
        "digest": prepared.digest.hex(),
        "discloser": submission.sender,
        "endpoint": chosen.endpoint.id,
        "items": released,
        "laws": decision.laws,
        "obligations": decision.obligations,
        "purpose": submission.purpose,
        "recipient": ticket.recipient,
    }
    return entry("disclosure.intended", now, body, member=submission.member, reference=ticket.id)


def _next(ticket: Ticket, chosen: Route, outcome: Outcome, now: int) -> tuple[str, str, int]:
    """State, code and due time of the outbox row after this outcome."""
    match outcome:
        case Delivered():
            return "delivered", "", now
        case Unknown(code=code):
            return "unknown", code, now
        case Deferred(code=code, retry_after=named):
            if ticket.attempts + 1 >= outbox.MAX_ATTEMPTS:
                return "dead", code, now
            wait = outbox.retry_after_s(chosen.tries + 1, named)
            return "queued", code, now + int(wait * 1_000_000)
        case Refused(code=code):
            return ("dead" if chosen.last else "queued"), code, now


def _legally(outcome: Outcome) -> str:
    match outcome:
        case Delivered():
            return "disclosed"
        case Unknown():
            return "unknown"
        case _:
            return "not_disclosed"
