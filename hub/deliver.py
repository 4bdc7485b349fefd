"""Step 5, deliver: which endpoint and channel, and the parcel in the bytes that will leave."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from hub.accompany import accompany
from hub.crypto.keyring import KeyRing
from hub.decisions import DecisionRecord
from hub.errors import HubError, Unrenderable
from hub.model import ChannelKind, Document, Endpoint, Event, MessageKind, Parcel, Prepared
from hub.outbox import MAX_TRIES, Ticket
from hub.ports import Channel
from hub.seal import open_item
from hub.storage.directory import Directory
from hub.storage.facts import Facts
from hub.storage.submissions import StoredItem, StoredSubmission
from hub.workers.breakers import Breakers
from policies.vocabulary import BASE_OF

_DELIVERY = re.compile(r"([0-9a-f]{32})([0-9a-f]{2,8})")


def delivery_id(disclosure: str, attempt: int) -> str:
    """The id that the partner sees and quotes: it leads back to the attempt without an index of its own."""
    return f"{disclosure}{attempt:02x}"


def attempt_of(delivery: str) -> tuple[str, int] | None:
    """Disclosure and number of the attempt; none if it cannot be an id of ours."""
    found = _DELIVERY.fullmatch(delivery)
    return None if found is None else (found[1], int(found[2], 16))


class Route(NamedTuple):
    """The endpoint to use now, and how many tries it has had."""

    endpoint: Endpoint
    tries: int
    last: bool
    """No further endpoint of the recipient follows in rank."""
    away_until: int | None = None
    """When it may be tried again, microseconds UTC, if this endpoint and all that follow are left alone now."""


def usable(recipient: str, directory: Directory, channels: Mapping[ChannelKind, Channel]) -> tuple[Endpoint, ...]:
    """The recipient's verified endpoints that the hub has a channel for, by rank."""
    return tuple(each for each in directory.endpoints.get(recipient, ()) if each.channel in channels)


def route(
    ticket: Ticket, directory: Directory, channels: Mapping[ChannelKind, Channel], breakers: Breakers, now: int
) -> Route | None:
    """The recipient's endpoint for this attempt; none if it has no verified one that the hub can use.

    The verified directory is the only source of addresses. After `MAX_TRIES` at one endpoint, or while it is away, the
    next in rank follows, if there is one; the caller decides anew before it is used.
    """
    found = usable(ticket.recipient, directory, channels)
    if not found:
        return None
    at = next((n for n, endpoint in enumerate(found) if endpoint.id == ticket.endpoint), 0)
    tries = ticket.tries if found[at].id == ticket.endpoint else 0
    if tries >= MAX_TRIES and at + 1 < len(found):
        at, tries = at + 1, 0
    until = breakers.away_until(found[at].id, now)
    if until is None:
        return Route(found[at], tries, last=at + 1 == len(found))
    for n in range(at + 1, len(found)):
        if breakers.away_until(found[n].id, now) is None:
            return Route(found[n], 0, last=n + 1 == len(found))
    return Route(found[at], tries, last=at + 1 == len(found), away_until=until)


def parcel(
    submission: StoredSubmission,
    ticket: Ticket,
    chosen: Route,
    decision: DecisionRecord,
    facts: Facts,
    directory: Directory,
    documents: tuple[Document, ...],
) -> Parcel:
    """Everything the channel is given. Raises `Unrenderable` if an obligation cannot be met."""
    event = submission.facts.event
    assert isinstance(submission.kind, MessageKind)  # what is only a record has nothing to leave
    return Parcel(
        delivery=delivery_id(ticket.id, ticket.attempts + 1),
        disclosure=ticket.id,
        kind=submission.kind,
        priority=submission.priority,
        created_at=submission.created_at,
        sender=directory.organizations[submission.sender].correspondent,
        recipient=directory.organizations[ticket.recipient].correspondent,
        endpoint=chosen.endpoint,
        member=facts.identity,
        documents=documents,
        purpose=BASE_OF.get(submission.purpose, submission.purpose),
        amended=len(documents) < len(decision.items),
        zone=str(directory.world.zone),
        accompaniment=accompany(decision, facts, directory.world),
        event=None
        if event is None
        else Event(kind=event.kind, at=event.instant, setting=event.setting, contact=event.contact),
    )


def documents(
    ring: KeyRing, submission: StoredSubmission, items: Mapping[str, StoredItem], released: tuple[str, ...]
) -> tuple[Document, ...]:
    """The released items, opened. Raises `IntegrityFailed`."""
    opened = []
    for item in released:
        stored = items[item]
        title, content = open_item(ring, submission.id, item, stored.sealed)
        opened.append(
            Document(
                id=item, title=title, information=stored.information, media_type=stored.media_type, content=content
            )
        )
    return tuple(opened)


async def prepare(channel: Channel, given: Parcel) -> Prepared:
    """The bytes that will leave, and the parcel without its documents: plain, they need not stay while those travel.

    Raises `Unrenderable` also for what is too large for the channel, or breaks it.
    """
    try:
        prepared = await channel.prepare(given)
    except HubError:
        raise
    except Exception:  # noqa: BLE001 - tried again, it would break again, and nobody would hear of it
        raise Unrenderable("The channel failed to make its form.", code="not-rendered") from None
    if len(prepared.body) > channel.max_bytes:
        raise Unrenderable("The packet is too large for this channel.", code="too-large")
    return msgspec.structs.replace(prepared, parcel=msgspec.structs.replace(prepared.parcel, documents=()))
