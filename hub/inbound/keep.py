"""Keeping an arrival: when `keep` returns, it is sealed, durable and on the ledger, and only then acknowledged."""

import asyncio
import hashlib
from itertools import chain

import msgspec

from hub.arrivals import Arrival, Taken
from hub.context import Hub
from hub.crypto.envelope import Sealed, open, seal  # noqa: A004 - the glossary's verb
from hub.crypto.identifiers import hash_idempotency
from hub.errors import Conflict, HubError, IntegrityFailed, NotAvailable, Stale, TooLarge
from hub.inbound import owed
from hub.model import Frozen, new_id
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.statements import Insert, InsertNew, Lookup, Row, columns_of
from hub.storage.tables import Inbound

MAX_BYTES = 64 * 1024 * 1024
"""Of one arrival as received: base64 around 40 MiB of documents."""
INBOUND = "inbound"
"""The topic that wakes whoever settles."""
_ADD = InsertNew(Inbound, columns_of(Inbound), ("channel", "key_hash"))
_ADD_UNIQUE = Insert(Inbound, columns_of(Inbound))
_EARLIER = Lookup(Inbound, ("id", "digest"), "key_hash")
_STANDS = Lookup(
    Inbound,
    ("channel", "state", "organization_id", "code", "reference", "received_at", "key_id", "wrapped_key", "sealed"),
    "id",
)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Arrival).decode


class Kept(Frozen, frozen=True, kw_only=True):
    """An arrival as it stands, opened."""

    id: str
    state: str
    organization: str | None
    code: str | None
    reference: str | None
    received_at: int
    arrival: Arrival
    opens: bool = True
    """Whether its seal opens; if not, `arrival` is an empty one."""


async def keep(hub: Hub, arrival: Arrival) -> Taken:
    """Make it durable; the same under the same key, or an earlier one, is taken once.

    Raises `Conflict` (the key was used for something else), `TooLarge` and `StorageFailed` (nothing was taken).
    """
    earlier = [_known(hub, arrival, _key_hash(hub, arrival, key)) for key in arrival.earlier]
    for found, same in chain.from_iterable(await asyncio.gather(*earlier)):  # together: one question for all of them
        if same:
            return Taken(id=found, repeated=True)
    found = new_id()
    row, writes = _row(hub, arrival, found)
    try:
        await hub.database.commit(Unit((Step(_ADD, row, "inbound"),), writes))
    except Stale:
        return await _earlier(hub, arrival, row[2])
    await hub.signals.wake(INBOUND)
    return Taken(id=found)


async def keep_with(hub: Hub, arrival: Arrival, guard: Step) -> Taken:
    """Make it durable together with what the guard writes, or neither; for a key that the guard makes unique.

    Raises `Stale` if the guard does not hold, `StorageFailed`.
    """
    found = new_id()
    row, writes = _row(hub, arrival, found)
    await hub.database.commit(Unit((guard,), (Step(_ADD_UNIQUE, row), *writes)))
    await hub.signals.wake(INBOUND)
    return Taken(id=found)


async def read(hub: Hub, inbound: str) -> Kept:
    """The arrival, opened. Raises `NotAvailable` if there is none, `IntegrityFailed` if it does not open."""
    kept = await standing(hub, inbound)
    if not kept.opens:
        raise IntegrityFailed("An arrival does not open.")
    return kept


async def standing(hub: Hub, inbound: str) -> Kept:
    """The same, also of one that does not open (a damaged disk, a key that is gone): a person can still end it.

    Raises `NotAvailable`.
    """
    rows = await hub.database.lookup(_STANDS, inbound)
    if not rows:
        raise NotAvailable
    channel, state, organization, code, reference, received_at, *sealed = rows[0]
    arrival = _opened(hub, inbound, Sealed(*sealed))
    return Kept(
        id=inbound,
        state=state,
        organization=organization,
        code=code,
        reference=reference,
        received_at=received_at,
        arrival=arrival or Arrival(channel=channel, key="", raw=b"", media_type="", trouble="failed"),
        opens=arrival is not None,
    )


def _opened(hub: Hub, inbound: str, sealed: Sealed) -> Arrival | None:
    try:
        return _decode(open(hub.ring, _record(inbound), sealed))
    except (IntegrityFailed, msgspec.MsgspecError):
        return None


def _row(hub: Hub, arrival: Arrival, found: str) -> tuple[Row, tuple[Step, ...]]:
    """The arrival's row, sealed; its ledger entry, and what its sender is owed."""
    if len(arrival.raw) > MAX_BYTES:
        raise TooLarge(f"A message has at most {MAX_BYTES >> 20} MiB.")
    now = hub.clock.now()
    sealed = seal(hub.ring, _record(found), _encode(arrival))
    key, digest = _key_hash(hub, arrival, arrival.key), _digest(arrival)
    row = (
        found, arrival.channel, key, digest, None, "taken", arrival.trouble or None, None, now, None,
        sealed.key_id, sealed.wrapped_key, sealed.ciphertext,
    )  # fmt: skip
    received = hashlib.sha256(arrival.raw).hexdigest()
    body = {"channel": arrival.channel, "digest": received, "code": arrival.trouble}
    return row, (entry("inbound.taken", now, body, reference=found), *owed.at_arrival(arrival, found, now))


async def _earlier(hub: Hub, arrival: Arrival, key: bytes) -> Taken:
    for found, same in await _known(hub, arrival, key):
        if not same:
            raise Conflict("This message id was used for another message.", code="message-id-reused")
        return Taken(id=found, repeated=True)
    raise HubError("An arrival vanished.")


async def _known(hub: Hub, arrival: Arrival, key: bytes) -> list[tuple[str, bool]]:
    """What came under this key, which is of the arrival's channel: its id, and whether it is the same."""
    digest = _digest(arrival)
    return [(found, known == digest) for found, known in await hub.database.lookup(_EARLIER, key)]


def _digest(arrival: Arrival) -> bytes:
    return arrival.digest or hashlib.sha256(arrival.raw).digest()


def _key_hash(hub: Hub, arrival: Arrival, key: str) -> bytes:
    return hash_idempotency(hub.ring, f"inbound:{arrival.channel}", key)


def _record(inbound: str) -> str:
    return f"inbound/{inbound}"
