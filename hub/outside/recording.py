"""Recording a disclosure that was made outside of the hub: one unit, whatever the rules say of it.

Rules kept here:
- It is a fact, and is never refused because it was not permitted: what was not opens a breach matter with its clocks
  (§2.16(b), 45 CFR 164.402), unless the record that it corrects has opened one about the same person, still open.
- Nothing is edited: a correction is a record of its own, and the first one stops counting.
- INVARIANT: metadata-is-content. Names and words are evidence under its seal; the ledger holds codes, ids and digests.
"""

from typing import NamedTuple

from hub.bases import evidence
from hub.context import Hub
from hub.crypto.identifiers import hash_submission_key
from hub.decided import newly, step
from hub.errors import Conflict, HubError, NotAvailable, Stale
from hub.model import Priority, RecordKind, new_id
from hub.outbox import ENQUEUE
from hub.outside import following, rows
from hub.outside.judging import Judged, judge, missing
from hub.outside.manifest import OutsideManifest
from hub.outside.rows import Hand, Made
from hub.record import entry
from hub.storage import outside, submissions
from hub.storage.database import Step, Unit
from hub.storage.outside import CORRECTED, RECORDED
from hub.storage.statements import Check, Insert, Lookup, columns_of
from hub.storage.submissions import StoredFacts, StoredSubmission
from hub.storage.tables import Disclosure, Matter, Outbox, Submission

ENTRY = "disclosure.recorded"
_ADD = Insert(Submission, columns_of(Submission))
_DISCLOSURE = Insert(Disclosure, columns_of(Disclosure))
_ROW = Lookup(Outbox, ("id", "recipient"), "submission_id")
_STANDING = Lookup(Disclosure, ("discloser", "member_id", "state"), "id")
_MATTER = Lookup(Matter, ("state",), "id")
_STILL_OPEN = Check(Matter, ("id", "state"))


class Recorded(NamedTuple):
    """What became of a record."""

    id: str
    outcome: str
    laws: tuple[str, ...]
    missing: tuple[str, ...]
    later: tuple[str, ...]
    matter: str | None
    """The breach matter that looks into it."""


class _First(NamedTuple):
    """The record to correct."""

    id: str
    member: str
    matter: str | None
    """That looks into it, while it is open."""


async def record(hub: Hub, form: OutsideManifest, hand: Hand) -> Recorded:
    """Record it: when this returns, it is durable. The same key and body give the same record.

    Raises as `judge`, `NotAvailable` for a record to correct that is not there, and `Conflict` where that one stands no
    more, or the key was used for another body.
    """
    key = hash_submission_key(hub.ring, f"outside:{hand.discloser}", hand.key)
    while True:
        earlier = await submissions.earlier(hub.database, hand.discloser, key)
        if earlier is not None:
            return await _again(hub, earlier, hand)
        first = await _to_correct(hub, form.corrects, hand.discloser) if form.corrects else None
        judged = await judge(hub, form, hand.discloser, hand.language)
        recorded, unit = await _unit(hub, form, hand, judged, key, first)
        try:
            await hub.database.commit(unit)
        except Stale:
            continue  # it was recorded, or what it corrects was corrected or concluded, meanwhile: look again
        return recorded


async def _again(hub: Hub, earlier: tuple[str, bytes], hand: Hand) -> Recorded:
    submission, digest = earlier
    if digest != hand.digest:
        raise Conflict("This Idempotency-Key was used for another body.", code="idempotency-key-reused")
    ((disclosure, recipient),) = await hub.database.lookup(_ROW, submission)
    stored = await submissions.read(hub.database, submission)
    row = await outside.read(hub, disclosure)
    if stored is None or row is None:
        raise HubError("A record of a disclosure without its row.")
    decision = (await submissions.last_decision(hub.database, submission, recipient)).record
    owed = missing(row["notice"], row["scope"], stored.facts.asked.stated, decision)
    return Recorded(disclosure, decision.outcome, decision.laws, owed, tuple(row["later"]), row["matter_id"])


async def _to_correct(hub: Hub, disclosure: str, discloser: str) -> _First:
    standing, row = await hub.database.lookup(_STANDING, disclosure), await outside.read(hub, disclosure)
    if not standing or row is None or standing[0][0] != discloser:
        raise NotAvailable
    _, member, state = standing[0]
    if state != RECORDED:
        raise Conflict("Another record stands in its place, or it was a mistake.", code="corrected")
    matter = row["matter_id"]
    is_open = matter is not None and await hub.database.lookup(_MATTER, matter) == [("open",)]
    return _First(disclosure, member, matter if is_open else None)


async def _unit(
    hub: Hub, form: OutsideManifest, hand: Hand, judged: Judged, key: bytes, first: _First | None
) -> tuple[Recorded, Unit]:
    # The log is in the order of what happened, and its bounds rest on it: the id begins with that moment.
    disclosure = f"{form.instant // 1_000:012x}{new_id()[12:]}"
    matter, opening = None, tuple[Step, ...]()
    if first is not None and first.member == judged.member:  # another person's matter tells this one nothing
        matter = first.matter
    if matter is None and not judged.stands:
        matter, opening = await following.suspected(hub, form, hand, judged, disclosure)
    decided, submission = newly(judged.decision, form.instant), _submission(hub, form, hand, judged)
    made = Made(disclosure, form, hand, judged, decided, submission, matter)
    guard, entered = await _entered(hub, made, key, first)
    looked_into = (Step(_STILL_OPEN, (matter, "open"), "matter"),) if matter and not opening else ()
    unit = Unit((*looked_into, guard), (*entered, *_steps(hub, made), *following.owed(hub, made), *opening))
    decision = judged.decision
    return Recorded(disclosure, decision.outcome, decision.laws, judged.missing, judged.later, matter), unit


async def _entered(hub: Hub, made: Made, key: bytes, first: _First | None) -> tuple[Step, tuple[Step, ...]]:
    """Its guard, and what else of the unit hangs on whether it corrects another one."""
    entered = submissions.row(made.submission, key, made.hand.digest)
    if first is None:
        return Step(submissions.ADD, entered, "idempotency"), ()
    # Of two corrections at once one counts; the key is the same wherever the corrected record is.
    guard = Step(outside.END, (CORRECTED, made.at, first.id, RECORDED), "correction")
    return guard, (Step(_ADD, entered), *await following.ended(hub, first.id, by=made.hand.by, at=made.at))


def _submission(hub: Hub, form: OutsideManifest, hand: Hand, judged: Judged) -> StoredSubmission:
    facts, kind = StoredFacts(asked=judged.asked, by=hand.by), RecordKind.OUTSIDE_DISCLOSURE
    return StoredSubmission(
        new_id(), hand.discloser, judged.member, kind, form.purpose, Priority.ROUTINE, facts, hub.clock.now()
    )  # fmt: skip


def _steps(hub: Hub, made: Made) -> tuple[Step, ...]:
    """The rows of the record, its evidence, and the entry that binds them."""
    form, member = made.form, made.judged.member
    kept = evidence.keep(
        hub.ring, made.id, member, form, form.documents, made.at,
        by=made.hand.by, told=rows.told(form), disclosed_at=form.instant,
    )  # fmt: skip
    return (
        Step(ENQUEUE, rows.row(made)),
        step(made.decided, made.submission.id, member, RECORDED),
        Step(_DISCLOSURE, rows.disclosure(made)),
        Step(outside.ADD, rows.codes(made)),
        *kept,
        entry(ENTRY, made.at, rows.bound(made), member=member, reference=made.id),
    )
