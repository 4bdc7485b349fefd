"""What a recipient's system says about a delivery: bound to the attempt and the ledger, once.

INVARIANT: unknown-is-disclosed. A proof can turn `unknown` into `disclosed`; nothing that arrives turns a disclosure
into none. A proof from anybody but the recipient, of an attempt that was not, or said before, changes nothing.

    failed                                  work `undelivered`, one a disclosure however many say so
    anything else after it                  stands with that work, for whoever thinks of another way
    received, though nothing had left       work `late_proof`: the record and the recipient contradict each other
"""

import hashlib

import msgspec

from hub.arrivals import ArrivedProof
from hub.context import Hub
from hub.deliver import attempt_of
from hub.errors import Stale
from hub.inbound.keep import Kept
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Change, InsertNew, Lookup, columns_of
from hub.storage.tables import Attempt, Disclosure, Outbox, Proof, WorkItem
from hub.waiting.work import open_work

_ADD = InsertNew(Proof, columns_of(Proof), ("delivery", "kind"))
_ATTEMPTS = Lookup(Attempt, ("number", "channel", "outcome"), "disclosure_id")
_OF = Lookup(Disclosure, ("recipient", "discloser", "member_id", "state"), "id")
_DISCLOSED = Change(Disclosure, ("state", "concluded_at"), ("id", "state"))
_ARRIVED = Change(Outbox, ("state", "code"), ("id", "state"))
_OPEN = Lookup(WorkItem, ("id", "kind", "state", "code"), "reference")
_SAID_SINCE = Change(WorkItem, ("code",), ("id", "state"))
_KNOWN = Change(WorkItem, ("state", "closed_at", "closed_by", "resolution"), ("reference", "kind", "state"))
_UNDELIVERED, _LATE = "undelivered", "late_proof"
_NEVER_LEFT = ("deferred", "refused")

_encode = msgspec.json.Encoder().encode


async def apply(hub: Hub, said: ArrivedProof, kept: Kept, sender: str) -> tuple[str, str]:
    """The arrival's new state, `proved` or `closed`, and why it changed nothing if it did not."""
    meant = attempt_of(said.delivery)
    if meant is None:
        return "closed", "proof.unknown"
    disclosure, number = meant
    rows = await hub.database.lookup(_OF, disclosure)
    attempts = {each: (channel, outcome) for each, channel, outcome in await hub.database.lookup(_ATTEMPTS, disclosure)}
    channel, outcome = attempts.get(number, ("", None))
    if not rows or rows[0][0] != sender or channel != kept.arrival.channel:
        # A delivery of somebody else looks like none.
        return "closed", "proof.unknown"
    _, discloser, member, state = rows[0]
    now = hub.clock.now()
    digest = hashlib.sha256(kept.arrival.raw).digest()
    detail = _encode(dict(said.detail)).decode()
    row = (said.delivery, said.kind, disclosure, said.says, said.reference, detail, digest, now)
    body = {
        "attempt": said.delivery,
        "digest": digest.hex(),
        "inbound": kept.id,
        "kind": said.kind,
        "reference": said.reference,
        "says": said.says,
    }
    writes = [entry("disclosure.proved", now, body, member=member, reference=disclosure)]
    if outcome in _NEVER_LEFT or state == "not_disclosed":
        writes += await _contradicts(hub, said, disclosure, discloser, now)
    elif said.says == "failed":
        writes += await _undelivered(hub, said, disclosure, discloser, now)
    else:
        writes += [*_arrived(disclosure, state, now), *await _said_since(hub, said, disclosure)]
    try:
        await hub.database.commit(Unit((Step(_ADD, row, "proof"),), tuple(writes)))
    except Stale:
        return "closed", "proof.repeated"
    return "proved", ""


async def _undelivered(hub: Hub, said: ArrivedProof, disclosure: str, discloser: str, now: int) -> list[Step]:
    # It left, and did not reach its reader: still a disclosure, and a person offers another way.
    if await _open(hub, disclosure, _UNDELIVERED):
        return await _said_since(hub, said, disclosure)
    return [open_work(_UNDELIVERED, discloser, disclosure, (said.kind,), now)]


async def _contradicts(hub: Hub, said: ArrivedProof, disclosure: str, discloser: str, now: int) -> list[Step]:
    """What is said of an attempt that, as the channel could show, left nothing: no proof of anything by itself."""
    if said.says == "failed" or await _open(hub, disclosure, _LATE):
        return []
    return [open_work(_LATE, discloser, disclosure, (said.kind,), now)]


def _arrived(disclosure: str, state: str, now: int) -> list[Step]:
    if state != "unknown":
        return []
    return [
        Step(_DISCLOSED, ("disclosed", now, disclosure, "unknown")),
        Step(_ARRIVED, ("delivered", None, disclosure, "unknown")),
        Step(_KNOWN, ("closed", now, "hub", "confirmed_delivered", disclosure, "unknown_outcome", "open")),
    ]


async def _said_since(hub: Hub, said: ArrivedProof, disclosure: str) -> list[Step]:
    """Beside what opened the work that waits, so that whoever acts on it knows."""
    return [
        Step(_SAID_SINCE, (f"{code} {said.kind}", work, "open"))
        for work, code in await _open(hub, disclosure, _UNDELIVERED)
        if said.kind not in code.split()
    ]


async def _open(hub: Hub, disclosure: str, kind: str) -> list[tuple[str, str]]:
    rows = await hub.database.lookup(_OPEN, disclosure)
    return [(work, code) for work, of, state, code in rows if (of, state) == (kind, "open")]
