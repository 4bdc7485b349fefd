"""Coming for what waits: which row a link means, and handing it over by the one way out.

INVARIANT: no-existence-leak. An unknown, an old, a used and a refused link are one answer.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import NamedTuple

import msgspec

from hub import exchange
from hub.context import Hub
from hub.deliver import attempt_of
from hub.errors import NotAvailable, Stale, Unavailable
from hub.model import ChannelKind, new_id
from hub.outbox import AWAITED, Ticket
from hub.pickup.links import delivery_of
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, Lookup
from hub.storage.tables import Attempt, Outbox

LIFE_US = 7 * 86_400_000_000
"""How long a link opens; then a new notice is sent."""

_ATTEMPTS = Lookup(Attempt, ("number", "channel", "started_at", "endpoint_id"), "disclosure_id")
_ROW = Lookup(
    Outbox,
    ("state", "code", "submission_id", "recipient", "endpoint_id", "attempts", "tries", "share", "approved_by"),
    "id",
)
_CLAIM = Change(Outbox, ("state", "claim", "lease_until"), ("id", "state", "attempts"), must_hit=True)


class Waiting(NamedTuple):
    """What a link opens."""

    delivery: str
    ticket: Ticket
    address: str
    """Where the notice went, and where the code goes."""


async def waiting(hub: Hub, token: str) -> Waiting:
    """What waits behind this link. Raises `NotAvailable` for every link that opens nothing now."""
    delivery = delivery_of(hub.ring, token)
    meant = attempt_of(delivery) if delivery else None
    if delivery is None or meant is None:
        raise NotAvailable
    disclosure, number = meant
    tried = {row[0]: row[1:] for row in await hub.database.lookup(_ATTEMPTS, disclosure)}
    rows = await hub.database.lookup(_ROW, disclosure)
    if number not in tried or not rows:
        raise NotAvailable
    channel, started_at, endpoint = tried[number]
    state, code, submission, recipient, chosen, attempts, tries, share, approved = rows[0]
    here = (channel, state, code, chosen, attempts)
    if here != (ChannelKind.PICKUP, "queued", AWAITED, endpoint, number) or started_at + LIFE_US < hub.clock.now():
        raise NotAvailable
    offered = (await hub.directory.current()).endpoints.get(recipient, ())
    addresses = [each.address for each in offered if each.id == endpoint]
    if not addresses:
        raise NotAvailable
    # Its claim is taken at the hand-over.
    ticket = Ticket(disclosure, submission, recipient, endpoint, attempts, tries, share, approved, "")
    return Waiting(delivery, ticket, addresses[0])


async def hand_over(hub: Hub, found: Waiting, send: Callable[[bytes], Awaitable[None]]) -> None:
    """Decide anew, record the intent, and give the content to `send`; the row ends where `dispatch` says.

    Raises `NotAvailable` if nothing may go any more, `Unavailable` where pick-up is not configured.
    """
    if hub.pickup is None:
        raise Unavailable("Pick-up is not configured here.")
    ticket = msgspec.structs.replace(found.ticket, claim=new_id())
    until = hub.clock.now() + hub.lease_us
    guard = Step(_CLAIM, ("claimed", ticket.claim, until, ticket.id, "queued", ticket.attempts), "claim")
    try:
        await hub.database.commit(Unit((guard,), ()))
    except Stale:
        raise NotAvailable from None
    reading = replace(hub, channels={ChannelKind.PICKUP: hub.pickup.reader(send)})
    if await exchange.dispatch(reading, ticket) not in ("delivered", "unknown"):
        raise NotAvailable
