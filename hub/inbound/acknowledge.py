"""Sends the notices that senders of mail are owed (`owed`), until the relay has taken them.

INVARIANT: no-second-way-out. What leaves here is no disclosure: fixed words, the Message-ID and the addresses of the
sender's own mail, back to that sender alone. No record, person or decision can be put into it, since nothing of the
arrival but its `acknowledge` is given to the port. Each one is on the ledger as `inbound.acknowledged`.

Rules kept: a row is claimed before its notice is sent, so that several workers send one; after a crash in between it is
sent again under the same id, and its receiver passes over the repeat; who cannot be told within a day is given up.
"""

import hashlib
from typing import Any

import structlog
from sqlalchemy import select
from sqlmodel import col

from hub.arrivals import Acknowledge
from hub.context import Hub
from hub.errors import IntegrityFailed, NotAvailable, Stale, Unavailable, Unrenderable
from hub.inbound.keep import INBOUND, read
from hub.model import ChannelKind, Deferred, Endpoint, Outcome, Refused
from hub.ports import Acknowledger
from hub.record import entry
from hub.storage.database import Step, Unit
from hub.storage.directory import Directory
from hub.storage.statements import Change
from hub.storage.tables import Acknowledgement
from hub.workers.rounds import lasting

POLL_S = 2.0
BATCH = 32
_FIRST_US, _LONGEST_US, _LIFE_US = 60_000_000, 3_600_000_000, 86_400_000_000
_CLAIM = Change(Acknowledgement, ("tries", "due_at"), ("inbound_id", "kind", "state", "tries"), must_hit=True)
_SETTLE = Change(Acknowledgement, ("state", "settled_at"), ("inbound_id", "kind", "state"), must_hit=True)
_DUE: tuple[Any, ...] = (
    col(Acknowledgement.inbound_id),
    col(Acknowledgement.kind),
    col(Acknowledgement.tries),
    col(Acknowledgement.queued_at),
)

_log = structlog.get_logger()


async def run(hub: Hub, acknowledger: Acknowledger) -> None:
    """Send what is due until cancelled."""
    while True:
        busy = False
        with lasting("acknowledgements"):
            busy = await send_due(hub, acknowledger) == BATCH
        if not busy:
            await hub.signals.wait(INBOUND, POLL_S)


async def send_due(hub: Hub, acknowledger: Acknowledger) -> int:
    """One batch of what is due, oldest first; returns how many. Raises `StorageFailed`."""
    now = hub.clock.now()
    due = select(*_DUE).where(col(Acknowledgement.state) == "queued", col(Acknowledgement.due_at) <= now)
    rows = await hub.database.query(due.order_by(col(Acknowledgement.due_at)).limit(BATCH))
    for inbound, kind, tries, queued_at in rows:
        wait = min(_FIRST_US << min(tries, 10), _LONGEST_US)
        claim = Step(_CLAIM, (tries + 1, now + wait, inbound, kind, "queued", tries), "acknowledgement")
        try:
            await hub.database.commit(Unit((claim,), ()))
        except Stale:  # another worker sends it
            continue
        outcome, digest = await _sent(hub, acknowledger, inbound, kind)
        if isinstance(outcome, Deferred) and now < queued_at + _LIFE_US:
            continue
        await _settle(hub, inbound, kind, outcome, digest)
    return len(rows)


async def _sent(hub: Hub, acknowledger: Acknowledger, inbound: str, kind: str) -> tuple[Outcome, str]:
    """What became of it, and the digest of what left."""
    try:
        owed = (await read(hub, inbound)).arrival.acknowledge
        if owed is None:
            return Refused(code="nothing-owed"), ""
        endpoint = _entry_of(owed, await hub.directory.current())
        mail = await acknowledger.write(owed, kind, f"{inbound}.{kind}", endpoint)
    except Unavailable as error:
        return Deferred(code=error.detail_code), ""
    except (Unrenderable, IntegrityFailed, NotAvailable) as error:
        return Refused(code=error.detail_code), ""
    return await acknowledger.send(owed, mail), hashlib.sha256(mail).hexdigest()


async def _settle(hub: Hub, inbound: str, kind: str, outcome: Outcome, digest: str) -> None:
    now, gone = hub.clock.now(), isinstance(outcome, Deferred | Refused)
    state, code = "given_up" if gone else "sent", getattr(outcome, "code", "")
    body = {"code": code, "digest": digest, "says": kind, "state": state}
    written = entry("inbound.acknowledged", now, body, reference=inbound)
    guard = Step(_SETTLE, (state, now, inbound, kind, "queued"), "acknowledgement")
    await hub.database.commit(Unit((guard,), (written,)))
    if gone:
        _log.warning("a sender could not be told", inbound=inbound, code=code)


def _entry_of(owed: Acknowledge, directory: Directory) -> Endpoint | None:
    """The verified entry of the sender's own address."""
    wanted = owed.sender.casefold()
    mail = (each for endpoints in directory.endpoints.values() for each in endpoints)
    found = (each for each in mail if each.channel is ChannelKind.EMAIL and each.address.casefold() == wanted)
    return next(found, None)
