"""Steps 3 and 4 of `submit`: the one unit that makes a submission durable, sealed, decided, on the ledger and
queued.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from hub import outbox
from hub.bases import evidence, reviews
from hub.context import Hub
from hub.crypto.keyring import KeyRing
from hub.decided import Decided, step
from hub.decisions import Asked, DecisionRecord, item_id
from hub.manifest import Handed
from hub.model import Document, new_id
from hub.outbox import Place, Ticket
from hub.record import entry
from hub.seal import seal_item
from hub.storage import members
from hub.storage.database import Step, Unit
from hub.storage.facts import NOBODY, Facts
from hub.storage.fence import nothing_came
from hub.storage.submissions import ADD, ADD_ITEM, StoredFacts, StoredSubmission, row


class Packet(NamedTuple):
    submission: StoredSubmission
    documents: Mapping[str, Document]
    unit: Unit
    queued: tuple[Ticket, ...]
    """Rows that may leave at once."""


def packet(
    hub: Hub,
    handed: Handed,
    kinds: Mapping[str, str],
    facts: Facts,
    asked: Asked,
    decisions: list[Decided],
    key: bytes,
    now: int,
    lease_us: int | None = None,
) -> Packet:
    """The unit of a submission: guarded by its idempotency key, whole or not at all. `kinds`: the documents' media
    types, by name.

    With a lease, what may leave is born claimed, for the worker of this process.
    """
    submission = _submission(handed, facts.member, asked, now)
    documents = _documents(handed, kinds)
    writes = [
        _item(hub.ring, submission.id, document, handed.digests.get(item.document))
        for document, item in zip(documents.values(), handed.manifest.items, strict=True)
    ]
    queued: list[Ticket] = []
    places = [_places(decided.record, submission.facts.waits_for_consent) for decided in decisions]
    for decided, placed in zip(decisions, places, strict=True):
        steps, ready = _recipient(hub, submission, handed, decided, placed, lease_us)
        writes += steps
        queued += ready
    guard = Step(ADD, row(submission, key, handed.body_digest), "idempotency")
    guards = (*_still_lacking(facts, decisions, places), guard)
    return Packet(submission, documents, Unit(guards, tuple(writes)), tuple(queued))


def _submission(handed: Handed, member: str | None, asked: Asked, now: int) -> StoredSubmission:
    manifest = handed.manifest
    stated = StoredFacts(
        asked=asked, event=manifest.event, by=handed.by, waits_for_consent=manifest.holds_for_consent
    )  # fmt: skip
    return StoredSubmission(
        new_id(), handed.sender, member, manifest.kind, manifest.purpose, manifest.priority, stated, now
    )  # fmt: skip


def released(decision: DecisionRecord, ticket: Ticket) -> tuple[str, ...]:
    """The items of this row's share that may leave now.

    What a person must look at first leaves only in a row of its own, and only once approved.
    """
    if ticket.share == "review":
        return tuple(i.item for i in decision.items if i.permitted and i.hold) if let_go(decision, ticket) else ()
    return tuple(i.item for i in decision.items if i.permitted and not i.hold)


def refused(submission: StoredSubmission, decision: DecisionRecord, ticket: Ticket) -> tuple[str, str]:
    """State and code of a row of which nothing may leave now."""
    if decision.hold and not let_go(decision, ticket):
        return "held", "person"
    if ticket.share == "ready" and waits_for_consent(submission, decision):
        return "held", "consent"
    return "withheld", "denied"


def let_go(decision: DecisionRecord, ticket: Ticket) -> bool:
    """Whether enough people have looked: two for what rests on a court's order."""
    return reviews.approved(decision, ticket.approved) if ticket.share == "review" else bool(ticket.approved)


async def facts_for(hub: Hub, handed: Handed) -> Facts:
    """What is known about the member this sender means; nobody's facts for somebody it has nothing to do with."""
    # INVARIANT: no-existence-leak
    named = handed.manifest.member
    member = named.id if named.cin is None else await members.find_by_cin(hub, named.cin)
    facts = await hub.facts.of(member)
    return facts if handed.sender in facts.known_to else NOBODY


def _documents(handed: Handed, kinds: Mapping[str, str]) -> dict[str, Document]:
    found = {}
    for number, item in enumerate(handed.manifest.items, 1):
        found[item_id(number)] = Document(
            id=item_id(number),
            title=item.title,
            information=item.information,
            media_type=kinds[item.document],
            content=handed.documents[item.document],
        )
    return found


def _item(ring: KeyRing, submission: str, document: Document, digest: bytes | None) -> Step:
    content = document.content
    sealed = seal_item(ring, submission, document.id, document.title, content)
    row = (
        submission, document.id, document.information, document.media_type, len(content),
        digest or hashlib.sha256(content).digest(), sealed.key_id, sealed.wrapped_key, sealed.ciphertext,
    )  # fmt: skip
    return Step(ADD_ITEM, row)


def _recipient(
    hub: Hub, submission: StoredSubmission, handed: Handed, decided: Decided, places: list[Place], lease_us: int | None
) -> tuple[list[Step], list[Ticket]]:
    """Decision, ledger entry and outbox rows for one recipient, and those that are ready to go."""
    decision, member, now = decided.record, submission.member, submission.created_at
    steps = [step(decided, submission.id, member, "submit"), bound("submission.decided", decided, submission)]
    stated, ready = submission.facts.asked.stated, []
    # A subpoena is answered by counsel, also where something else of the packet may go at once.
    served = stated is not None and len(places) == 1 and reviews.queue(decision) == reviews.LEGAL
    for place in places:
        # The submission's id is a claim that nobody else can have.
        claim, size = submission.id, handed.size
        ticket = Ticket(new_id(), submission.id, decision.recipient, None, 0, 0, place.share, None, claim, size)
        steps.append(outbox.enqueue(ticket, place, now, submission.priority, lease_us))
        if place.code == "person" or served:
            steps.append(reviews.waiting(hub, handed.sender, ticket.id, decision, now))
        if stated is not None and member is not None:
            steps += evidence.keep(hub.ring, ticket.id, member, handed.manifest, handed.documents, now, by=handed.by)
        if place.state == "queued":
            ready.append(ticket)
    return steps, ready


def bound(kind: str, decided: Decided, submission: StoredSubmission) -> Step:
    """The ledger entry that binds a stored decision by its digest."""
    decision = decided.record
    body = {
        "decision": decided.id,
        "digest": decided.digest,
        "outcome": decision.outcome,
        "recipient": decision.recipient,
        "discloser": decision.discloser,
        "reasons": decision.reasons,
    }
    return entry(kind, decided.at, body, member=submission.member, reference=submission.id)


def _still_lacking(facts: Facts, decisions: list[Decided], places: list[list[Place]]) -> tuple[Step, ...]:
    """What waits for facts to change rests on facts that have not: nobody would look at it again."""
    waits = any(place.state == "held" and place.share == "ready" for placed in places for place in placed)
    if not waits or facts.member is None:
        return ()
    return nothing_came(facts.member, facts.fence, decisions[0].record.directory)


def _places(decision: DecisionRecord, waits_for_consent: bool) -> list[Place]:
    """Where the recipient's share stands after the first decision."""
    places = []
    if any(item.permitted and not item.hold for item in decision.items):
        places.append(Place("queued"))
    if any(item.hold for item in decision.items):
        share = "review" if any(item.permitted and item.hold for item in decision.items) else "ready"
        if share == "review" or not places:
            places.append(Place("held", "person", share))
    if not places:
        waits = waits_for_consent and decision.lacks_only_consent
        places.append(Place("held", "consent") if waits else Place("withheld", "denied"))
    return places


def waits_for_consent(submission: StoredSubmission, decision: DecisionRecord) -> bool:
    """Whether a row of which nothing may leave is kept for the consent that would carry it."""
    return submission.facts.waits_for_consent and decision.lacks_only_consent
