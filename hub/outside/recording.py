"""Recording a disclosure that was made outside of the hub: one unit, whatever the rules say of it.

Rules kept here:
- It is a fact, and is never refused because it was not permitted: what was not opens a breach matter with its clocks
  (§2.16(b), 45 CFR 164.402), unless the record that it corrects has opened one that is still open.
- Nothing is edited: a correction is a record of its own, and the first one stops counting.
- INVARIANT: metadata-is-content. Names and words are evidence under its seal; the ledger holds codes, ids and digests.
"""

from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import col

from hub.bases import evidence, reviews
from hub.compliance import breaches
from hub.compliance.breaches import Breach
from hub.context import Hub
from hub.crypto.identifiers import hash_submission_key
from hub.decided import newly, step
from hub.errors import Conflict, HubError, NotAvailable, Stale
from hub.model import Priority, RecordKind, new_id
from hub.outbox import ENQUEUE
from hub.outside import rows
from hub.outside.judging import COPY, NOTICE, Judged, judge, missing
from hub.outside.manifest import OutsideManifest
from hub.outside.rows import Hand
from hub.record import entry
from hub.storage import outside, submissions
from hub.storage.database import Step, Unit
from hub.storage.facts import instant
from hub.storage.outside import CORRECTED, RECORDED
from hub.storage.statements import Insert, Lookup, columns_of
from hub.storage.submissions import StoredFacts, StoredSubmission
from hub.storage.tables import Disclosure, Matter, Outbox, Submission
from hub.waiting.work import open_work
from policies.texts import LANGUAGES

ENTRY = "disclosure.recorded"
OWED = "notice_owed"
"""The work of sending what §2.32 asks for after it was told without."""
OWING = frozenset({NOTICE, COPY})
SUSPECTED = {
    "en": "A disclosure made outside of this system was recorded afterwards. What the rules say of it:",
    "es": "Se anotó después una divulgación hecha fuera de este sistema. Lo que dicen las reglas:",
}
"""What the matter opens with, in the language of whoever recorded it."""
_ADD = Insert(Submission, columns_of(Submission))
_DISCLOSURE = Insert(Disclosure, columns_of(Disclosure))
_ROW = Lookup(Outbox, ("id", "recipient"), "submission_id")
_STANDING = Lookup(Disclosure, ("discloser", "state"), "id")


class Recorded(NamedTuple):
    """What became of a record."""

    id: str
    outcome: str
    laws: tuple[str, ...]
    missing: tuple[str, ...]
    later: tuple[str, ...]
    matter: str | None
    """The breach matter that looks into it."""


async def record(hub: Hub, form: OutsideManifest, hand: Hand) -> Recorded:
    """Record it: when this returns, it is durable. The same key and body give the same record.

    Raises as `judge`, `NotAvailable` for a record to correct that is not there, and `Conflict` where that one stands no
    more, or the key was used for another body.
    """
    key = hash_submission_key(hub.ring, f"outside:{hand.discloser}", hand.key)
    earlier = await submissions.earlier(hub.database, hand.discloser, key)
    if earlier is not None:
        return await _again(hub, earlier, hand)
    looked_into = await _corrected(hub, form.corrects, hand.discloser) if form.corrects else None
    judged = await judge(hub, form, hand.discloser, hand.language)
    recorded, unit = await _unit(hub, form, hand, judged, key, looked_into)
    try:
        await hub.database.commit(unit)
    except Stale:
        earlier = await submissions.earlier(hub.database, hand.discloser, key)
        if earlier is None:
            raise Conflict("Somebody else has corrected this meanwhile.", code="changed-meanwhile") from None
        return await _again(hub, earlier, hand)
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


async def _corrected(hub: Hub, disclosure: str, discloser: str) -> str | None:
    """The matter that looks into the record to correct, while it is open."""
    standing, row = await hub.database.lookup(_STANDING, disclosure), await outside.read(hub, disclosure)
    if not standing or row is None or standing[0][0] != discloser:
        raise NotAvailable
    if standing[0][1] != RECORDED:
        raise Conflict("Another record stands in its place, or it was a mistake.", code="corrected")
    still = await hub.database.query(
        select(col(Matter.id)).where(col(Matter.id) == row["matter_id"], col(Matter.state) == "open")
    )
    return row["matter_id"] if still else None


async def _unit(
    hub: Hub, form: OutsideManifest, hand: Hand, judged: Judged, key: bytes, looked_into: str | None
) -> tuple[Recorded, Unit]:
    now, at, decided = hub.clock.now(), form.instant, newly(judged.decision, form.instant)
    # The log is in the order of what happened, and its bounds rest on it: the id begins with that moment.
    disclosure = f"{at // 1_000:012x}{new_id()[12:]}"
    submission = _submission(form, hand, judged, now)
    matter, opening = looked_into, tuple[Step, ...]()
    if matter is None and not judged.stands:
        matter, opening = await _suspected(hub, form, hand, judged, disclosure)
    entered = rows.submitted(submission, key, hand.digest)
    guard = Step(submissions.ADD, entered, "idempotency")
    if form.corrects is not None:
        # Of two corrections at once one counts; the key is the same wherever the corrected record is.
        guard = Step(outside.END, (CORRECTED, now, form.corrects, RECORDED), "correction")
    writes = [
        *([Step(_ADD, entered)] if form.corrects is not None else ()),
        Step(ENQUEUE, rows.row(disclosure, submission, judged)),
        step(decided, submission.id, judged.member, RECORDED),
        Step(_DISCLOSURE, rows.disclosure(disclosure, submission, judged, decided, form, now)),
        Step(outside.ADD, rows.codes(disclosure, form, hand, judged, matter, now)),
        *evidence.keep(
            hub.ring, disclosure, judged.member, form, form.documents, now, by=hand.by, told=rows.told(form),
            disclosed_at=at,
        ),
        entry(ENTRY, now, rows.bound(form, hand, judged, decided, matter), member=judged.member, reference=disclosure),
        *reviews.owed(hub, disclosure, submission, judged.decision, _released(judged), now),
        *_owed(hub, disclosure, judged, submission),
        *opening,
    ]  # fmt: skip
    recorded = Recorded(disclosure, judged.decision.outcome, judged.decision.laws, judged.missing, judged.later, matter)
    return recorded, Unit((guard,), tuple(writes))


def _submission(form: OutsideManifest, hand: Hand, judged: Judged, now: int) -> StoredSubmission:
    """What stands among the submissions for it, so that whatever asks whose a disclosure is finds it."""
    facts, kind = StoredFacts(asked=judged.asked, by=hand.by), RecordKind.OUTSIDE_DISCLOSURE
    return StoredSubmission(
        new_id(), hand.discloser, judged.member, kind, form.purpose, Priority.ROUTINE, facts, now
    )  # fmt: skip


def _owed(hub: Hub, disclosure: str, judged: Judged, submission: StoredSubmission) -> tuple[Step, ...]:
    """Work, where what §2.32 asks for did not go with it: it is sent afterwards."""
    codes, now = tuple(each for each in judged.missing if each in OWING), submission.created_at
    due = hub.calendar.end_of_next(now, hub.zone)
    return (open_work(OWED, submission.sender, disclosure, codes, now, due=due),) if codes else ()


async def _suspected(
    hub: Hub, form: OutsideManifest, hand: Hand, judged: Judged, disclosure: str
) -> tuple[str, tuple[Step, ...]]:
    """What was not permitted is presumed a breach until somebody has assessed it (45 CFR 164.402(2)); it is discovered
    by being recorded.
    """
    spoken, kinds = LANGUAGES[hand.language].classes, judged.asked.classes
    said = "\n".join(
        # The policy speaks of numbered items; a reader knows what they are.
        each["text"].replace(f'"{each["item"]}"', spoken.get(kinds[each["item"]], kinds[each["item"]]))
        for each in judged.words["explanation"]
    )
    breach = Breach(
        discovered_at=instant(hub.clock.now()),
        happened_at=instant(form.instant),
        what=f"{SUSPECTED[hand.language]}\n{said}",
        members=(judged.member,),
        reference=disclosure,
    )
    return await breaches.discovered(hub, breach, hand.discloser, by=hand.by)


def _released(judged: Judged) -> tuple[str, ...]:
    return tuple(each.item for each in judged.decision.items if each.permitted)
