"""Another way for what did not reach its reader: a person chooses the next of the recipient's verified addresses.

    undelivered, or at the wrong machine, or damaged     it left: a disclosure of its own, in a row of its own
    dead letter                                          it did not: the same row, at another address

Rules kept: the verified directory is the only source of addresses; nothing leaves by the choice itself, `dispatch`
decides anew (deny-by-default), and what people had approved is approved anew; one person chooses, as nothing is let go
that the hub would not try by itself; the first disclosure stays what it is (INVARIANT: unknown-is-disclosed). Choice,
item and new row become durable together, so that one item leads to one.
"""

from typing import NamedTuple

from hub.bases import evidence
from hub.context import Hub
from hub.deliver import usable
from hub.errors import Conflict, Malformed
from hub.exchange import OUTBOX
from hub.model import ChannelKind, new_id
from hub.outbox import MOVE, RETARGET, Place, Ticket, enqueue
from hub.people import persons
from hub.record import entry
from hub.storage import submissions
from hub.storage.database import Step, Unit
from hub.storage.statements import Lookup
from hub.storage.tables import Outbox
from hub.waiting.doubts import QUALITY, STATION
from hub.waiting.settling import commit_settled, open_item
from hub.waiting.work import CLOSE

UNDELIVERED, DEAD = "undelivered", "dead_letter"
KINDS = frozenset({UNDELIVERED, DEAD, STATION, QUALITY})
"""Kinds of work items about a packet that its reader has not, or not whole."""
RESOLUTION = "another_way"
_ROW = Lookup(Outbox, ("submission_id", "recipient", "share", "state", "endpoint_id"), "id")


class Way(NamedTuple):
    """A verified address of the recipient, other than the last one tried."""

    endpoint: str
    channel: ChannelKind
    address: str


class _Row(NamedTuple):
    submission: str
    recipient: str
    share: str
    state: str
    endpoint: str | None


async def ways(hub: Hub, kind: str, outbox: str) -> tuple[Way, ...]:
    """What may be chosen for a work item of this kind about an outbox row: what follows in rank, then what comes
    before.
    """
    rows = await hub.database.lookup(_ROW, outbox) if kind in KINDS else ()
    return await _ways(hub, _Row(*rows[0])) if rows else ()


async def choose(hub: Hub, work: str, endpoint: str | None, *, organization: str | None, by: str) -> str:
    """Queue what a work item is about for this address (none: the next one), close the item; the outbox row's id.

    Raises `NotAvailable` if it is not this organization's (none: anybody's), `Forbidden` for a system, `Malformed` for
    an address that is not the recipient's, `Conflict` if there is none, or nothing that could go another way.
    """
    item = await open_item(hub, work, organization)
    await persons.need(hub, by)
    rows = await hub.database.lookup(_ROW, item["reference"]) if item["kind"] in KINDS else ()
    if not rows:
        raise Conflict("There is nothing that could go another way.", code="not-waiting")
    row, now = _Row(*rows[0]), hub.clock.now()
    way = _chosen(await _ways(hub, row), endpoint)
    if item["kind"] == DEAD:
        outbox = str(item["reference"])
        move = Step(MOVE, ("queued", now, None, None, None, outbox, "dead"), "outbox")
        steps = [move, Step(RETARGET, (way.endpoint, 0, outbox))]
    else:
        outbox = new_id()
        ticket = Ticket(outbox, row.submission, row.recipient, way.endpoint, 0, 0, row.share, None, "")
        steps = await _again(hub, item["reference"], row, ticket)
    guard = Step(CLOSE, ("closed", now, by, RESOLUTION, work, "open"), "work")
    body = {"work": work, "from": item["reference"], "endpoint": way.endpoint, "channel": way.channel.value, "by": by}
    await commit_settled(hub, Unit((guard,), (*steps, entry("work.rerouted", now, body, reference=outbox))))
    await hub.signals.wake(OUTBOX)
    return outbox


async def _ways(hub: Hub, row: _Row) -> tuple[Way, ...]:
    found = usable(row.recipient, await hub.directory.current(), hub.channels)
    at = next((n for n, each in enumerate(found) if each.id == row.endpoint), -1)
    ordered = (*found[at + 1 :], *found[: max(at, 0)])
    return tuple(Way(each.id, each.channel, each.address) for each in ordered)


def _chosen(found: tuple[Way, ...], endpoint: str | None) -> Way:
    if not found:
        raise Conflict("The recipient has no other verified address.", code="no-other-way")
    way = next((each for each in found if endpoint in (None, each.endpoint)), None)
    if way is None:
        raise Malformed("This is no other verified address of the recipient.", field="$.endpoint")
    return way


async def _again(hub: Hub, first: str, row: _Row, ticket: Ticket) -> list[Step]:
    """The same share for the same recipient in a row of its own, with the evidence that was stated for it."""
    if row.state not in ("delivered", "unknown"):
        raise Conflict("It is on its way, or nothing of it has left.", code="not-waiting")
    submission = await submissions.read(hub.database, row.submission)
    items = await submissions.read_items(hub.database, row.submission)
    if submission is None or any(each.sealed.wrapped_key is None for each in items.values()):
        raise Conflict("Its content has been destroyed.", code="destroyed")
    now = hub.clock.now()
    return [
        enqueue(ticket, Place("queued", None, row.share), now, submission.priority),
        *await evidence.again(hub, first, ticket.id, now),
    ]
