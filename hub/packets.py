"""Steps 3 and 4 of `submit`: the one unit that makes a submission durable, sealed, decided, on the ledger and queued."""

import hashlib
from typing import NamedTuple

import msgspec

from hub import outbox
from hub.context import Hub
from hub.crypto import envelope
from hub.crypto.keyring import KeyRing
from hub.decide import Asked, DecisionRecord, item_id
from hub.intake import EmergencyManifest, Handed, media_type
from hub.model import new_id
from hub.outbox import Place, Ticket
from hub.record import entry
from hub.seal import seal_item
from hub.storage import members
from hub.storage.database import Step, Unit
from hub.storage.facts import NOBODY, Facts
from hub.storage.statements import Insert, columns_of
from hub.storage.submissions import ADD, ADD_DECISION, ADD_ITEM, StoredFacts
from hub.storage.tables import EmergencyRecord
from hub.work import open_work

_ADD_EMERGENCY = Insert(EmergencyRecord, columns_of(EmergencyRecord))
_encode = msgspec.json.Encoder().encode


class Packet(NamedTuple):
    submission: str
    unit: Unit
    queued: bool


def packet(
    ring: KeyRing,
    handed: Handed,
    facts: Facts,
    asked: Asked,
    decisions: list[DecisionRecord],
    key: bytes,
    now: int,
) -> Packet:
    """The unit of a submission: guarded by its idempotency key, whole or not at all."""
    submission = new_id()
    manifest = handed.manifest
    stored = _encode(StoredFacts(asked=asked, event=manifest.event)).decode()
    guard = Step(
        ADD,
        (
            submission, handed.sender, key, handed.body_digest, facts.member, manifest.kind.value,
            manifest.purpose, manifest.priority.value, stored, now,
        ),
        "idempotency",
    )  # fmt: skip
    writes = _items(ring, submission, handed)
    queued = False
    for decision in decisions:
        steps, ready = _recipient(ring, submission, handed, facts, decision, now)
        writes += steps
        queued = queued or ready
    return Packet(submission, Unit((guard,), tuple(writes)), queued)


def released(decision: DecisionRecord, ticket: Ticket) -> tuple[str, ...]:
    """The items of this row's share that may leave now.

    What a person must look at first leaves only in a row of its own, and only once approved.
    """
    if ticket.share == "review":
        return tuple(i.item for i in decision.items if i.permitted and i.hold) if ticket.approved else ()
    return tuple(i.item for i in decision.items if i.permitted and not i.hold)


async def facts_for(hub: Hub, handed: Handed) -> Facts:
    """What is known about the member this sender means; nobody's facts for somebody it has nothing to do with."""
    # INVARIANT: no-existence-leak
    named = handed.manifest.member
    member = named.id if named.cin is None else await members.find_by_cin(hub, named.cin)
    facts = await hub.facts.of(member)
    return facts if handed.sender in facts.known_to else NOBODY


def _items(ring: KeyRing, submission: str, handed: Handed) -> list[Step]:
    steps = []
    for number, item in enumerate(handed.manifest.items, 1):
        content = handed.documents[item.document]
        name = item_id(number)
        sealed = seal_item(ring, submission, name, item.title, content)
        digest = hashlib.sha256(content).digest()
        steps.append(
            Step(
                ADD_ITEM,
                (
                    submission, name, item.information, media_type(content), len(content), digest,
                    sealed.key_id, sealed.wrapped_key, sealed.ciphertext,
                ),
            )  # fmt: skip
        )
    return steps


def _recipient(
    ring: KeyRing, submission: str, handed: Handed, facts: Facts, decision: DecisionRecord, now: int
) -> tuple[list[Step], bool]:
    """Decision, ledger entry and outbox rows for one recipient, and whether one is ready to go."""
    steps = [*decision_steps(submission, facts.member, decision, "submit", "submission.decided", now)]
    emergency = handed.manifest.emergency
    ready = False
    for place in _places(decision, hold_for_consent=handed.manifest.holds_for_consent):
        ticket = new_id()
        steps.append(
            outbox.enqueue(ticket, submission, decision.recipient, place, now, handed.manifest.priority)
        )
        if place.code == "person":
            steps.append(open_work("hold", handed.sender, ticket, decision.reasons, now))
        if emergency is not None and facts.member is not None:
            steps.append(_emergency(ring, ticket, facts.member, emergency))
        ready = ready or place.state == "queued"
    return steps, ready


def _places(decision: DecisionRecord, *, hold_for_consent: bool) -> list[Place]:
    """Where the recipient's share stands after the first decision."""
    places = []
    if any(item.permitted and not item.hold for item in decision.items):
        places.append(Place("queued"))
    if any(item.hold for item in decision.items):
        share = "review" if any(item.permitted and item.hold for item in decision.items) else "ready"
        if share == "review" or not places:
            places.append(Place("held", "person", share))
    if not places:
        wait = hold_for_consent and _lacks_only_consent(decision)
        places.append(Place("held", "consent") if wait else Place("withheld", "denied"))
    return places


def _lacks_only_consent(decision: DecisionRecord) -> bool:
    return all(reason.startswith(("consent.", "scope.")) for reason in decision.reasons)


def decision_steps(
    submission: str, member: str | None, decision: DecisionRecord, phase: str, kind: str, now: int
) -> tuple[Step, Step]:
    """The stored decision, and a ledger entry that binds its digest."""
    step, digest = decision_step(submission, member, decision, phase, now)
    bound = {
        "decision": step.row[0],
        "digest": digest,
        "outcome": decision.outcome,
        "recipient": decision.recipient,
        "discloser": decision.discloser,
        "reasons": decision.reasons,
    }
    return step, entry(kind, now, bound, member=member, reference=submission)


def decision_step(
    submission: str, member: str | None, decision: DecisionRecord, phase: str, now: int
) -> tuple[Step, str]:
    """The stored decision, and the digest by which the ledger binds it."""
    body = _encode(decision)
    row = (
        new_id(), submission, member, decision.recipient, now, phase, decision.outcome, decision.hold,
        body.decode(),
    )  # fmt: skip
    return Step(ADD_DECISION, row), hashlib.sha256(body).hexdigest()


def _emergency(ring: KeyRing, ticket: str, member: str, emergency: EmergencyManifest) -> Step:
    """The five fields of §2.51(c), sealed; the time is added when it has been disclosed."""
    sealed = envelope.seal(ring, f"emergency/{ticket}", _encode(emergency))
    return Step(_ADD_EMERGENCY, (ticket, member, None, sealed.key_id, sealed.wrapped_key, sealed.ciphertext))
