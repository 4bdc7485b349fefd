"""The worker: claims due outbox rows and dispatches them, many at a time."""

import asyncio
import contextlib
import time
from collections.abc import Collection

import structlog

from hub import outbox, telemetry
from hub.context import Hub
from hub.errors import HubError
from hub.exchange import OUTBOX, dispatch
from hub.outbox import Ticket
from hub.workers import regular
from hub.workers.anteroom import Anteroom
from hub.workers.bulkheads import Bulkheads
from hub.workers.freight import SMALL_BYTES, Freight
from hub.workers.rounds import lasting

CONCURRENT = 224
"""Two commits and a partner's answer take thrice as long as handing in, and 64 senders may hand in at once. What finds
no place waits in the queue, to be read, opened and decided again: a sixth more work for each.
"""
CLAIMED = 64
"""At most, at a time: what one partner has no places for waits in the anteroom, and what finds none there goes back."""
KEPT = 32
"""Of these, for what waits in the queue: retries and released rows must not starve while new ones pour in."""
POLL_S = 1.0
"""How often to look by itself: a wake-up may be lost (sql-is-the-truth)."""
STOP_S = 75.0
"""How long running deliveries may take to finish at shutdown, a fax of a few pages too; what does not becomes unknown.

The units and manifests in `deploy/` give a process that long, and some seconds more.
"""

_log = structlog.get_logger()


class Worker:
    """Runs until stopped. One process may have one."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._running: dict[asyncio.Task[None], Ticket] = {}
        self._bulkheads = Bulkheads()
        self._anteroom = Anteroom()
        self._freight = Freight[Ticket](hub.freight_bytes)
        self._small_first = False
        self._returning: set[asyncio.Task[None]] = set()
        self._behind: set[str] = set()
        """Partners of which rows went back: until the queue has none of them, what is handed in later waits there too,
        after them.
        """
        self._stopping = asyncio.Event()
        self._free = asyncio.Event()

    async def run(self) -> None:
        """Claim and dispatch until `stop`; then finish what is in flight."""
        rounds = asyncio.create_task(regular.run(self._hub))
        renewal = asyncio.create_task(self._renew_regularly())
        self._hub.handover.open(self._has_room, self._start)
        telemetry.UNDER_WAY.set_function(lambda: len(self._running))
        telemetry.FULL.set_function(lambda: len(self._bulkheads.full(time.monotonic())))
        telemetry.SEATED.set_function(lambda: len(tuple(self._anteroom)))
        telemetry.LARGE_WAITING.set_function(lambda: len(tuple(self._freight)))
        try:
            while not self._stopping.is_set():
                await self._turn()
        finally:
            self._hub.handover.close()
            rounds.cancel()
            self._return([*self._freight.dismiss(), *self._anteroom.dismiss()])
            if self._running or self._returning:
                await asyncio.wait({*self._running, *self._returning}, timeout=STOP_S)
            renewal.cancel()

    def stop(self) -> None:
        self._stopping.set()
        self._free.set()

    async def _turn(self) -> None:
        self._free.clear()
        steady = time.monotonic()
        self._bulkheads.settle(steady)
        self._return([*self._anteroom.dismiss(self._bulkheads.slow(steady)), *self._freight.dismiss_surplus()])
        returning = bool(self._returning)
        room = min(CONCURRENT - self._bulkheads.quick, CLAIMED)
        full = self._bulkheads.full(steady)
        try:
            taken = await self._take_up(room, full)
        except HubError as error:
            _log.warning("claim failed", code=error.detail_code)
            await asyncio.sleep(POLL_S)
            return
        if taken < room:
            if not (returning or self._returning):
                self._behind.intersection_update(full)
            # What goes back at this moment is in no claim: it is looked for again once it is there.
            room_matters = full or self._freight.full or self._freight.crowded or returning or self._returning
            await self._idle(room_matters=bool(room_matters))
        elif self._bulkheads.quick >= CONCURRENT:
            await self._wait_for_room()

    async def _take_up(self, most: int, full: list[str]) -> int:
        """Claim and start up to so many; how many there were. What a claim brought is started before the next one."""
        taken = 0
        for but, largest in self._claims(full):
            if taken < most:
                now, lease = self._hub.clock.now(), self._hub.lease_us
                left = most - taken
                tickets = await outbox.claim(self._hub.database, now, left, lease, but=but, largest=largest)
                taken += len(tickets)
                for ticket in tickets:
                    self._start(ticket)
        return taken

    def _claims(self, full: list[str]) -> list[tuple[list[str], int | None]]:
        """Which partners not, and which sizes: small ones of all partners are taken, however many large ones wait."""
        small = (full, SMALL_BYTES)
        if self._freight.full:
            return [small]
        crowded = self._freight.crowded
        if not crowded:
            return [(full, None)]
        self._small_first = not self._small_first  # so that neither starves while the other fills all places
        others = ([*full, *crowded], None)
        return [small, others] if self._small_first else [others, small]

    def _start(self, ticket: Ticket) -> None:
        if self._freight.enter(ticket):
            self._place(ticket)

    def _place(self, ticket: Ticket) -> None:
        now = time.monotonic()
        if self._bulkheads.enter(ticket.recipient, ticket.taking, now):
            task = self._loop.create_task(self._dispatch(ticket))
            self._running[task] = ticket
            task.add_done_callback(self._done)
        elif ticket.recipient in self._bulkheads.slow(now) or not self._anteroom.admit(ticket):
            self._return([ticket])

    def _has_room(self, partners: Collection[str]) -> bool:
        busy = self._bulkheads.quick >= CONCURRENT - KEPT or self._freight.full
        return not busy and self._behind.isdisjoint(partners)

    def _done(self, task: "asyncio.Task[None]") -> None:
        ticket = self._running.pop(task)
        self._bulkheads.leave(ticket.recipient, ticket.taking)
        self._free.set()
        if following := self._anteroom.next(ticket.recipient):
            self._place(following)
        self._make_room(ticket)

    def _make_room(self, ticket: Ticket) -> None:
        """It is no longer under way here: larger ones may have waited for that."""
        for following in self._freight.leave(ticket):
            self._place(following)

    def _return(self, tickets: list[Ticket]) -> None:
        if not tickets:
            return
        telemetry.GIVEN_BACK.inc(len(tickets))
        self._behind.update(ticket.recipient for ticket in tickets)
        task = asyncio.create_task(self._give_back(tickets))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)
        for ticket in tickets:
            self._make_room(ticket)

    async def _give_back(self, tickets: list[Ticket]) -> None:
        """Their partner has no place left here: another worker may have, or this one later."""
        with contextlib.suppress(HubError):  # then the rows go back when their lease ends
            await outbox.give_back(self._hub.database, tickets)
        self._free.set()

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

    async def _renew_regularly(self) -> None:
        while True:
            await asyncio.sleep(regular.renewed_every_s(self._hub))
            until = self._hub.clock.now() + self._hub.lease_us
            with lasting("renewal"):
                await outbox.renew(
                    self._hub.database, (*self._running.values(), *self._anteroom, *self._freight), until
                )
