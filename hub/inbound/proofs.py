"""What a recipient's system says about a delivery: bound to the attempt and the ledger, once.

INVARIANT: unknown-is-disclosed. A proof can turn `unknown` into `disclosed`; nothing that arrives turns a disclosure
into none. A proof from anybody but the recipient, of an attempt that was not, or said before, changes nothing.
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
_ATTEMPTS = Lookup(Attempt, ("number", "channel"), "disclosure_id")
_OF = Lookup(Disclosure, ("recipient", "discloser", "member_id", "state"), "id")
_DISCLOSED = Change(Disclosure, ("state", "concluded_at"), ("id", "state"))
_ARRIVED = Change(Outbox, ("state", "code"), ("id", "state"))
_KNOWN = Change(WorkItem, ("state", "closed_at", "closed_by", "resolution"), ("reference", "kind", "state"))

_encode = msgspec.json.Encoder().encode


async def apply(hub: Hub, said: ArrivedProof, kept: Kept, sender: str) -> tuple[str, str]:
    """The arrival's new state, `proved` or `closed`, and why it changed nothing if it did not."""
    meant = attempt_of(said.delivery)
    if meant is None:
        return "closed", "proof.unknown"
    disclosure, number = meant
    rows = await hub.database.lookup(_OF, disclosure)
    attempts: dict[int, str] = dict(await hub.database.lookup(_ATTEMPTS, disclosure))
    if not rows or rows[0][0] != sender or attempts.get(number) != kept.arrival.channel:
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
    writes += _changes(said, disclosure, discloser, state, now)
    try:
        await hub.database.commit(Unit((Step(_ADD, row, "proof"),), tuple(writes)))
    except Stale:
        return "closed", "proof.repeated"
    return "proved", ""


def _changes(said: ArrivedProof, disclosure: str, discloser: str, state: str, now: int) -> list[Step]:
    if said.says == "failed":
        # It left, and did not reach its reader: still a disclosure, and a person offers another way.
        return [open_work("undelivered", discloser, disclosure, (said.kind,), now)]
    if state == "not_disclosed":
        return [open_work("late_proof", discloser, disclosure, (said.kind,), now)]
    if state != "unknown":
        return []
    return [
        Step(_DISCLOSED, ("disclosed", now, disclosure, "unknown")),
        Step(_ARRIVED, ("delivered", None, disclosure, "unknown")),
        Step(_KNOWN, ("closed", now, "hub", "confirmed_delivered", disclosure, "unknown_outcome", "open")),
    ]
