"""The worker: claims due outbox rows and dispatches them, many at a time; cleans up after workers that went away."""

import asyncio
import contextlib
import time
from collections.abc import Iterator

import structlog
from sqlalchemy import select
from sqlmodel import col

from hub import outbox, telemetry
from hub.bases import reviews
from hub.compliance.suspensions import lapse
from hub.context import Hub
from hub.errors import HubError, Stale
from hub.exchange import OUTBOX, dispatch
from hub.outbox import MOVE, Ticket
from hub.record import entry
from hub.retention.daily import run_daily
from hub.storage.database import Step, Unit
from hub.storage.statements import Change
from hub.storage.tables import Attempt, Disclosure, Outbox
from hub.waiting.escalation import escalate
from hub.waiting.work import open_work
from hub.workers.bulkheads import Bulkheads

CONCURRENT = 160
"""Two commits and a partner's answer take thrice as long as handing in, and 64 senders may hand in at once. What finds
no place waits in the queue, to be read, opened and decided again: a sixth more work for each.
"""
CLAIMED = 64
"""At most, at a time: of what one partner has no places for, the rest goes back."""
KEPT = 32
"""Of these, for what waits in the queue: retries and released rows must not starve while new ones pour in."""
POLL_S = 1.0
"""How often to look by itself: a wake-up may be lost (sql-is-the-truth)."""
RECOVERY_S = 15.0
DAILY_S = 3_600.0
"""How often to look whether a new local day has begun."""
RENEWALS = 3
"""In the time of a lease, so that one failed renewal loses nothing."""
STOP_S = 25.0
"""How long running deliveries may take to finish at shutdown; what does not becomes unknown."""

_log = structlog.get_logger()
_LOST_DISCLOSURE = Change(Disclosure, ("state",), ("id", "state"))
_LOST_ATTEMPT = Change(Attempt, ("outcome", "code"), ("disclosure_id", "number"))


class Worker:
    """Runs until stopped. One process may have one."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._running: dict[asyncio.Task[None], Ticket] = {}
        self._bulkheads = Bulkheads()
        self._returning: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._free = asyncio.Event()

    async def run(self) -> None:
        """Claim and dispatch until `stop`; then finish what is in flight."""
        recovery = asyncio.create_task(self._recover_regularly())
        renewal = asyncio.create_task(self._renew_regularly())
        retention = asyncio.create_task(self._destroy_regularly())
        self._hub.handover.open(self._has_room, self._start)
        try:
            while not self._stopping.is_set():
                await self._turn()
        finally:
            self._hub.handover.close()
            recovery.cancel()
            retention.cancel()
            if self._running:
                await asyncio.wait(self._running, timeout=STOP_S)
            renewal.cancel()

    def stop(self) -> None:
        self._stopping.set()
        self._free.set()

    async def _turn(self) -> None:
        self._free.clear()
        steady = time.monotonic()
        self._bulkheads.settle(steady)
        room = min(CONCURRENT - self._bulkheads.quick, CLAIMED)
        try:
            now, lease, full = self._hub.clock.now(), self._hub.lease_us, self._bulkheads.full(steady)
            tickets = await outbox.claim(self._hub.database, now, room, lease, but=full) if room > 0 else []
        except HubError as error:
            _log.warning("claim failed", code=error.detail_code)
            await asyncio.sleep(POLL_S)
            return
        for ticket in tickets:
            self._start(ticket)
        if len(tickets) < room:
            await self._idle(room_matters=bool(full))
        elif self._bulkheads.quick >= CONCURRENT:
            await self._wait_for_room()

    def _start(self, ticket: Ticket) -> None:
        if not self._bulkheads.enter(ticket.recipient, ticket.id, time.monotonic()):
            telemetry.GIVEN_BACK.inc()
            task = asyncio.create_task(self._give_back(ticket))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)
            return
        task = asyncio.create_task(self._dispatch(ticket))
        self._running[task] = ticket
        task.add_done_callback(self._done)

    def _has_room(self) -> bool:
        return self._bulkheads.quick < CONCURRENT - KEPT

    def _done(self, task: "asyncio.Task[None]") -> None:
        ticket = self._running.pop(task)
        self._bulkheads.leave(ticket.recipient, ticket.id)
        self._free.set()

    async def _give_back(self, ticket: Ticket) -> None:
        """The partner has no place left here: another worker may have, or this one later."""
        with contextlib.suppress(HubError):  # then the row goes back when its lease ends
            await outbox.give_back(self._hub.database, [ticket])

    async def _wait_for_room(self) -> None:
        """A delivery that ends makes room, and one that takes long no longer counts."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._free.wait(), POLL_S)

    async def _idle(self, *, room_matters: bool) -> None:
        """Until there is work; or, where a partner's rows wait for a place, until one is free."""
        waiting = asyncio.create_task(self._hub.signals.wait(OUTBOX, POLL_S))
        stopping = asyncio.create_task(self._free.wait() if room_matters else self._stopping.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            stopping.cancel()

    async def _dispatch(self, ticket: Ticket) -> None:
        try:
            state = await dispatch(self._hub, ticket)
        except HubError as error:
            # The row keeps its state: claimed goes back to the queue, in flight becomes unknown, when the lease ends.
            _log.warning("dispatch failed", outbox=ticket.id, code=error.detail_code)
            state = "failed"
        except Exception as error:  # noqa: BLE001 - one row must not stop the worker; no message, it may name a person
            _log.error("dispatch failed", outbox=ticket.id, code=type(error).__name__)
            state = "failed"
        telemetry.count_dispatched(state).inc()

    async def _recover_regularly(self) -> None:
        while True:
            with _lasting("recovery"):
                await recover(self._hub, self._hub.clock.now())
                await escalate(self._hub, self._hub.clock.now())
                await lapse(self._hub, self._hub.clock.now())
            await asyncio.sleep(min(RECOVERY_S, self._renewed_every_s))

    async def _destroy_regularly(self) -> None:
        while True:
            with _lasting("retention"):
                await run_daily(self._hub)
            await asyncio.sleep(DAILY_S)

    async def _renew_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._renewed_every_s)
            until = self._hub.clock.now() + self._hub.lease_us
            with _lasting("renewal"):
                await outbox.renew(self._hub.database, self._running.values(), until)

    @property
    def _renewed_every_s(self) -> float:
        return self._hub.lease_us / 1_000_000 / RENEWALS


@contextlib.contextmanager
def _lasting(task: str) -> Iterator[None]:
    """A round that fails ends that round, never the task: rows in flight would be nobody's for good."""
    try:
        yield
    except HubError as error:
        _log.warning("a round failed", task=task, code=error.detail_code)
    except Exception as error:  # noqa: BLE001 - see above; no message, it may name a person
        _log.error("a round failed", task=task, code=type(error).__name__)


async def recover(hub: Hub, before: int) -> tuple[int, int]:
    """Settle rows whose lease ended before `before` (microseconds UTC): (returned to the queue, become unknown)."""
    now = hub.clock.now()
    returned = await outbox.return_expired_claims(hub.database, before)
    statement = (
        select(Outbox.id, Attempt.number, Attempt.id, Disclosure.discloser, Disclosure.member_id)  # type: ignore[call-overload]
        .join(Disclosure, col(Disclosure.id) == col(Outbox.id))
        .join(Attempt, (col(Attempt.disclosure_id) == col(Outbox.id)) & (col(Attempt.number) == col(Outbox.attempts)))
        .where(col(Outbox.state) == "in_flight", col(Outbox.lease_until) < before)
    )
    lost = 0
    for ticket, number, attempt, discloser, member in await hub.database.query(statement):
        # INVARIANT: unknown-is-disclosed
        body = {"attempt": attempt, "outcome": "unknown", "code": "worker-lost"}
        writes = (
            Step(_LOST_DISCLOSURE, ("unknown", ticket, "intended")),
            Step(_LOST_ATTEMPT, ("unknown", "worker-lost", ticket, number)),
            entry("disclosure.concluded", now, body, member=member, reference=ticket),
            open_work("unknown_outcome", discloser, ticket, ("worker-lost",), now),
            *await reviews.after_loss(hub, ticket),
        )
        guard = Step(MOVE, ("unknown", now, "worker-lost", None, None, ticket, "in_flight"), "state")
        with contextlib.suppress(Stale):
            await hub.database.commit(Unit((guard,), writes))
            lost += 1
    return returned, lost
