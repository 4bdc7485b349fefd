"""The one data path. Read this file first.

     sender ─▶ 1 intake ─▶ 2 decide ─▶ 3 seal ─▶ 4 queue ──┐   (one SQL transaction; durable when submit returns)
                                                           │
                6 record ◀─ 5 deliver ◀─ record intent ◀─ 2 decide again

Everything enters through `submit` and everything leaves through `dispatch`; there is no second way out.
"""

from collections.abc import Mapping
from typing import NamedTuple

from hub import intents, packets
from hub.bases.checks import check_known
from hub.contents import check_documents
from hub.context import Hub
from hub.crypto.identifiers import hash_submission_key
from hub.decide import asked_by, decide, means, nobody, question, record_of
from hub.decided import Decided, newly, still_answers
from hub.decisions import Asked, DecisionRecord
from hub.deliver import Route, documents, parcel, prepare, route
from hub.errors import Conflict, HubError, IntegrityFailed, Malformed, Stale, Unrenderable
from hub.manifest import Handed
from hub.model import Document, Outcome, Prepared, Unknown
from hub.outbox import Ticket
from hub.storage import submissions
from hub.storage.directory import Directory
from hub.storage.facts import Facts
from hub.storage.submissions import StoredSubmission
from hub.turns import next_turn
from hub.workers.recent import Remembered

OUTBOX = "outbox"
"""The topic that wakes workers."""


class Ready(NamedTuple):
    """What the ledger says will leave."""

    submission: StoredSubmission
    chosen: Route
    decision: DecisionRecord
    prepared: Prepared


class Found(NamedTuple):
    """What holds for a row at one moment."""

    facts: Facts
    directory: Directory
    chosen: Route | None
    decided: Decided
    at: int


async def submit(hub: Hub, handed: Handed) -> str:
    """Take a submission: when this returns its id, it is durable, decided, sealed and queued.

    The same key and body give the same id. Raises `Malformed`, `TooLarge`, `Unsupported`, `Conflict` (the key was
    used for another body) and `StorageFailed` (nothing was taken).
    """
    kinds = check_documents(handed)
    directory = await hub.directory.current()
    for n, recipient in enumerate(handed.manifest.recipients):
        if recipient.organization not in directory.organizations:
            raise Malformed("No such organization in the directory.", field=f"$.recipients[{n}]")
    await next_turn()
    key = hash_submission_key(hub.ring, handed.sender, handed.key)
    while True:
        try:
            return await _take(hub, handed, kinds, directory, key)
        except Stale as stale:
            used = stale.detail_code == "idempotency"
        if used:
            return await _earlier(hub, handed, key)
        # It would wait for a consent, and one may just have come, or an agreement that does without.
        directory = await hub.directory.current()


async def _take(hub: Hub, handed: Handed, kinds: Mapping[str, str], directory: Directory, key: bytes) -> str:
    """Decide, seal and queue in one unit. Raises `Stale` for a key that was used, and for what would wait for a change
    of facts that have changed meanwhile.
    """
    facts = await packets.facts_for(hub, handed)
    await next_turn()
    now = hub.clock.now()
    asked = asked_by(handed.manifest)
    if asked.stated is not None or asked.agreements:
        check_known(handed.manifest, handed.manifest.agreements, directory.world, now)
    decisions = [
        newly(_decided(hub, asked, facts, directory, handed.sender, recipient.organization, now), now, stored=True)
        for recipient in handed.manifest.recipients
    ]
    await next_turn()
    lease_us = hub.lease_us if hub.handover.has_room([each.record.recipient for each in decisions]) else None
    packet = packets.packet(hub, handed, kinds, facts, asked, decisions, key, now, lease_us)
    await hub.database.commit(packet.unit)
    if packet.queued:
        kept = {decided.record.recipient: decided for decided in decisions}
        hub.recent.keep(packet.submission, packet.documents, kept, facts, directory)
        if lease_us is None:
            await hub.signals.wake(OUTBOX)
        else:
            hub.handover.give(packet.queued)
    return packet.submission.id


async def dispatch(hub: Hub, ticket: Ticket) -> str:
    """Bring one claimed outbox row to its next state, and say which.

    Decides on the facts of this moment, records the intent, and only then lets the channel deliver.
    """
    ready = await _intended(hub, ticket)
    if isinstance(ready, str):
        return ready
    # INVARIANT: no-silent-disclosure. From here on the ledger says that the bytes may be out.
    submission, chosen, decision, prepared = ready
    outcome = await _deliver(hub, chosen, prepared)
    delivery = prepared.parcel.delivery
    del ready, prepared  # a commit follows, for which so many bytes of each message under way need not wait
    return await intents.conclude(hub, ticket, submission, chosen, delivery, decision, outcome)


async def _intended(hub: Hub, ticket: Ticket) -> Ready | str:
    """What may leave, with its intent recorded; else the row's next state. Nothing else of the packet is kept.

    A changed fact between decision and intent fails the intent's guard, and everything is decided again. What was
    handed in a moment ago is first tried on the facts that `submit` saw: the guard tells as well whether they are those
    of this moment.
    """
    recent = hub.recent.take(ticket.submission)
    submission = recent.submission if recent else await submissions.read(hub.database, ticket.submission)
    if submission is None:
        raise IntegrityFailed("An outbox row without its submission.")
    while True:
        attempt, recent = _attempt(hub, ticket, submission, recent), None
        try:
            return await attempt
        except Stale as stale:
            if stale.detail_code == "claim":
                return "claimed by another worker"


async def _attempt(hub: Hub, ticket: Ticket, submission: StoredSubmission, recent: Remembered | None) -> Ready | str:
    found = await _found(hub, ticket, submission, recent)
    chosen, decided, now = found.chosen, found.decided, found.at
    released = packets.released(decided.record, ticket)
    if recent and chosen is None:
        raise Stale("A dead letter has no guard, so it rests on facts that were read again.")
    if not released:
        return await intents.withhold(hub, ticket, submission, decided, now)
    if chosen is None:
        return await intents.give_up(hub, ticket, submission, "no-endpoint", now)
    if chosen.away_until is not None:
        return await intents.postpone(hub, ticket, chosen.away_until)
    await next_turn()
    prepared = await _made(hub, ticket, submission, recent, found, chosen, released)
    if isinstance(prepared, str):
        return await intents.give_up(hub, ticket, submission, prepared, now)
    await next_turn()
    recent = None
    del found  # plain, and no longer needed: neither waits for the commit
    await intents.intend(hub, ticket, submission, chosen, decided, prepared, released)
    return Ready(submission, chosen, decided.record, prepared)


async def _found(hub: Hub, ticket: Ticket, submission: StoredSubmission, recent: Remembered | None) -> Found:
    directory = recent.directory if recent else await hub.directory.current()
    facts = recent.facts if recent else await hub.facts.of(submission.member)
    now = hub.clock.now()
    chosen = route(ticket, directory, hub.channels, hub.breakers, now)
    by = "ehr" if chosen is None else means(chosen.endpoint.channel)
    # What a person looked at took its time, and an order may have ended meanwhile: it is always decided anew.
    decided = recent and ticket.share != "review" and recent.decisions.get(ticket.recipient)
    if not decided or not still_answers(decided, facts, directory.version, by, now, hub.zone):
        asked = submission.facts.asked
        decided = newly(_decided(hub, asked, facts, directory, submission.sender, ticket.recipient, now, by=by), now)
    return Found(facts, directory, chosen, decided, now)


async def _made(
    hub: Hub,
    ticket: Ticket,
    submission: StoredSubmission,
    recent: Remembered | None,
    found: Found,
    chosen: Route,
    released: tuple[str, ...],
) -> Prepared | str:
    """The bytes that are to leave; or why they cannot be made."""
    try:
        opened = recent and tuple(recent.documents[item] for item in released)
        opened = opened or await _opened(hub, submission, released)
        given = parcel(submission, ticket, chosen, found.decided.record, found.facts, found.directory, opened)
        await next_turn()
        return await prepare(hub.channels[chosen.endpoint.channel], given)
    except (Unrenderable, IntegrityFailed) as error:
        return error.detail_code


async def _deliver(hub: Hub, chosen: Route, prepared: Prepared) -> Outcome:
    channel = hub.channels[chosen.endpoint.channel]
    outcome: Outcome
    try:
        outcome = await channel.deliver(prepared)
    except Exception:  # noqa: BLE001 - a channel must not raise; one that does may have sent (unknown-is-disclosed)
        outcome = Unknown(code="channel-failed")
    hub.breakers.saw(chosen.endpoint.id, outcome, hub.clock.now())
    return outcome


async def _opened(hub: Hub, submission: StoredSubmission, released: tuple[str, ...]) -> tuple[Document, ...]:
    return documents(hub.ring, submission, await submissions.read_items(hub.database, submission.id), released)


def _decided(
    hub: Hub,
    asked: Asked,
    facts: Facts,
    directory: Directory,
    discloser: str,
    recipient: str,
    at: int,
    *,
    by: str = "ehr",
) -> DecisionRecord:
    request = question(
        asked,
        facts,
        directory,
        discloser=discloser,
        recipient=recipient,
        at=at,
        by=by,
        operator=hub.operator,
        county_pack=hub.county_pack,
    )
    decision = record_of(decide(request, directory.rules_at(request.at)), request, facts, directory)
    # The sender has nothing to do with such a person: nothing is known, so nothing goes, whatever the stated facts.
    return decision if facts.member is not None else nobody(decision)


async def _earlier(hub: Hub, handed: Handed, key: bytes) -> str:
    found = await submissions.earlier(hub.database, handed.sender, key)
    if found is None:
        raise HubError("An idempotency key vanished.")
    if found[1] != handed.body_digest:
        raise Conflict("This Idempotency-Key was used for another body.", code="idempotency-key-reused")
    return found[0]
