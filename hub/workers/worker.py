"""The worker: claims due outbox rows and dispatches them, many at a time."""

import asyncio
import contextlib

import structlog

from hub import outbox
from hub.context import Hub
from hub.errors import HubError
from hub.exchange import OUTBOX
from hub.workers import regular
from hub.workers.freight import SMALL_BYTES
from hub.workers.places import Places
from hub.workers.rounds import lasting

CLAIMED = 64
"""At most, at a time: what one partner has no places for waits in the anteroom, and what finds none there goes back."""
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
        self._places = Places(hub)
        self._small_first = False
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Claim and dispatch until `stop`; then finish what is in flight."""
        rounds = asyncio.create_task(regular.run(self._hub))
        renewal = asyncio.create_task(self._renew_regularly())
        self._hub.handover.open(self._places.has_room, self._places.start)
        self._places.show()
        try:
            while not self._stopping.is_set():
                await self._turn()
        finally:
            self._hub.handover.close()
            rounds.cancel()
            self._places.dismiss()
            if unfinished := self._places.unfinished:
                await asyncio.wait(unfinished, timeout=STOP_S)
            renewal.cancel()

    def stop(self) -> None:
        self._stopping.set()
        self._places.free.set()

    async def _turn(self) -> None:
        places = self._places
        places.free.clear()
        places.settle()
        returning = places.returning
        room = min(places.left, CLAIMED)
        full = places.full()
        try:
            taken = await self._take_up(room, full)
        except HubError as error:
            _log.warning("claim failed", code=error.detail_code)
            await asyncio.sleep(POLL_S)
            return
        if taken < room:
            returning = returning or places.returning
            if not returning:
                places.caught_up(full)
            # What goes back at this moment is in no claim: it is looked for again once it is there.
            await self._idle(room_matters=bool(full or places.large_full or places.crowded or returning))
        elif places.left <= 0:
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
                    self._places.start(ticket)
        return taken

    def _claims(self, full: list[str]) -> list[tuple[list[str], int | None]]:
        """Which partners not, and which sizes: small ones of all partners are taken, however many large ones wait."""
        small = (full, SMALL_BYTES)
        if self._places.large_full:
            return [small]
        crowded = self._places.crowded
        if not crowded:
            return [(full, None)]
        self._small_first = not self._small_first  # so that neither starves while the other fills all places
        others = ([*full, *crowded], None)
        return [small, others] if self._small_first else [others, small]

    async def _wait_for_room(self) -> None:
        """A delivery that ends makes room, and one that takes long no longer counts."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._places.free.wait(), POLL_S)

    async def _idle(self, *, room_matters: bool) -> None:
        """Until there is work; or, where a partner's rows wait for a place, until one is free."""
        waiting = asyncio.create_task(self._hub.signals.wait(OUTBOX, POLL_S))
        stopping = asyncio.create_task(self._places.free.wait() if room_matters else self._stopping.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            stopping.cancel()

    async def _renew_regularly(self) -> None:
        while True:
            await asyncio.sleep(regular.renewed_every_s(self._hub))
            until = self._hub.clock.now() + self._hub.lease_us
            with lasting("renewal"):
                await outbox.renew(self._hub.database, tuple(self._places), until)
