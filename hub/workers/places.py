"""Where the rows of a worker are: under way, in the anteroom until their partner has a place, or in the line of large
ones; what finds room nowhere here goes back to the queue.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection, Iterator

import structlog

from hub import outbox, telemetry
from hub.context import Hub
from hub.errors import HubError
from hub.exchange import dispatch
from hub.outbox import Ticket
from hub.workers.anteroom import Anteroom
from hub.workers.bulkheads import Bulkheads
from hub.workers.freight import Freight

CONCURRENT = 224
"""Two commits and a partner's answer take thrice as long as handing in, and 64 senders may hand in at once. What finds
no place waits in the queue, to be read, opened and decided again: a sixth more work for each.
"""
KEPT = 32
"""Of these, for what waits in the queue: retries and released rows must not starve while new ones pour in."""

_log = structlog.get_logger()


class Places:
    """Of one process. `free` is set whenever one has become free, or rows have gone back."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._running: dict[asyncio.Task[None], Ticket] = {}
        self._returning: set[asyncio.Task[None]] = set()
        self._bulkheads = Bulkheads()
        self._anteroom = Anteroom()
        self._freight = Freight[Ticket](hub.freight_bytes)
        self._behind: set[str] = set()
        self.free = asyncio.Event()

    @property
    def unfinished(self) -> set["asyncio.Task[None]"]:
        """What is under way, or on its way back."""
        return {*self._running, *self._returning}

    @property
    def returning(self) -> bool:
        return bool(self._returning)

    @property
    def left(self) -> int:
        """Places that nothing quick takes; negative if what was slow is quick again."""
        return CONCURRENT - self._bulkheads.quick

    @property
    def large_full(self) -> bool:
        """Whether no more large rows should come."""
        return self._freight.full

    @property
    def crowded(self) -> set[str]:
        """Partners of which no more large rows should come."""
        return self._freight.crowded

    def full(self) -> list[str]:
        """Partners of which no more rows should come."""
        return self._bulkheads.full(time.monotonic())

    def __iter__(self) -> Iterator[Ticket]:
        """All rows that are here, whose leases are to be renewed."""
        yield from self._running.values()
        yield from self._anteroom
        yield from self._freight

    def show(self) -> None:
        """Tell in the metrics what is where, from now on."""
        telemetry.UNDER_WAY.set_function(lambda: len(self._running))
        telemetry.FULL.set_function(lambda: len(self.full()))
        telemetry.SEATED.set_function(lambda: len(tuple(self._anteroom)))
        telemetry.LARGE_WAITING.set_function(lambda: len(tuple(self._freight)))

    def has_room(self, partners: Collection[str]) -> bool:
        """Whether new rows for these partners may come here straight away."""
        busy = self._bulkheads.quick >= CONCURRENT - KEPT or self._freight.full
        return not busy and self._behind.isdisjoint(partners)

    def start(self, ticket: Ticket) -> None:
        """Dispatch the row, now or as soon as there is room for it."""
        if self._freight.enter(ticket):
            self._place(ticket)

    def settle(self) -> None:
        """Look anew who is slow, and give back what has become too much for them."""
        now = time.monotonic()
        self._bulkheads.settle(now)
        self._give_back([*self._anteroom.dismiss(self._bulkheads.slow(now)), *self._freight.dismiss_surplus()])

    def caught_up(self, but: Collection[str]) -> None:
        """The queue has no due rows but those of these partners: what is handed in is after nobody else's."""
        self._behind.intersection_update(but)

    def dismiss(self) -> None:
        """Give back all that is not under way."""
        self._give_back([*self._freight.dismiss(), *self._anteroom.dismiss()])

    def _place(self, ticket: Ticket) -> None:
        now = time.monotonic()
        if self._bulkheads.enter(ticket.recipient, ticket.taking, now):
            task = self._loop.create_task(self._dispatch(ticket))
            self._running[task] = ticket
            task.add_done_callback(self._done)
        elif ticket.recipient in self._bulkheads.slow(now) or not self._anteroom.admit(ticket):
            self._give_back([ticket])

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

    def _done(self, task: "asyncio.Task[None]") -> None:
        ticket = self._running.pop(task)
        self._bulkheads.leave(ticket.recipient, ticket.taking)
        self.free.set()
        if following := self._anteroom.next(ticket.recipient):
            self._place(following)
        self._make_room(ticket)

    def _make_room(self, ticket: Ticket) -> None:
        """It is no longer under way here: larger ones may have waited for that."""
        for following in self._freight.leave(ticket):
            self._place(following)

    def _give_back(self, tickets: list[Ticket]) -> None:
        """Until the queue has none of these partners, what is handed in later waits there too, after them."""
        if not tickets:
            return
        telemetry.GIVEN_BACK.inc(len(tickets))
        self._behind.update([ticket.recipient for ticket in tickets])
        task = self._loop.create_task(self._gone_back(tickets))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)
        for ticket in tickets:
            self._make_room(ticket)

    async def _gone_back(self, tickets: list[Ticket]) -> None:
        """Their partner has no place left here: another worker may have, or this one later."""
        with contextlib.suppress(HubError):  # then the rows go back when their lease ends
            await outbox.give_back(self._hub.database, tickets)
        self.free.set()
