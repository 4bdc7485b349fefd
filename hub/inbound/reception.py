"""Reception: runs the intakes and settles what they keep; what a process left behind is settled by the next look."""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog
from sqlalchemy import select
from sqlmodel import col

from hub.arrivals import Arrival, Taken
from hub.context import Hub
from hub.errors import HubError, Stale, Unavailable
from hub.inbound.keep import INBOUND, keep
from hub.inbound.settle import give_up, settle
from hub.ports import Intake
from hub.storage.tables import Inbound

POLL_S = 1.0
"""How often to look by itself: a wake-up may be lost (sql-is-the-truth)."""
BATCH = 64
RESTART_S = 5.0

_log = structlog.get_logger()


class Reception:
    """One process may have one; several processes may settle side by side."""

    def __init__(self, hub: Hub, intakes: Sequence[Intake]) -> None:
        self._hub = hub
        self._intakes = intakes

    async def run(self) -> None:
        """Listen and settle until cancelled."""
        async with asyncio.TaskGroup() as group:
            for intake in self._intakes:
                group.create_task(self._listen(intake))
            group.create_task(self._settle())

    async def take(self, arrival: Arrival) -> Taken:
        """What intakes are given as `take`."""
        return await keep(self._hub, arrival)

    async def _listen(self, intake: Intake) -> None:
        """An intake that fails is started anew: one partner's fault must not silence the others."""
        while True:
            try:
                await intake.run(self.take)
            except Exception as error:  # noqa: BLE001 - no message, it may quote a person
                _log.error("an intake failed", intake=type(intake).__name__, code=type(error).__name__)
            await asyncio.sleep(RESTART_S)

    async def _settle(self) -> None:
        while True:
            try:
                busy = await settle_taken(self._hub) == BATCH
            except HubError as error:
                _log.warning("settling failed", code=error.detail_code)
                busy = False
            except Exception as error:  # noqa: BLE001 - nothing that nobody foresaw may be the last; no message
                _log.error("settling failed", code=type(error).__name__)
                busy = False
                await asyncio.sleep(RESTART_S)
            if not busy:
                await self._hub.signals.wait(INBOUND, POLL_S)


async def settle_taken(hub: Hub) -> int:
    """Settle what was taken and not yet settled, oldest first, one batch; returns how many."""
    statement = select(col(Inbound.id)).where(col(Inbound.state) == "taken").order_by(col(Inbound.received_at))
    rows = await hub.database.query(statement.limit(BATCH))
    for (inbound,) in rows:
        with contextlib.suppress(Stale):  # another process was faster
            await _settle_one(hub, inbound)
    return len(rows)


async def _settle_one(hub: Hub, inbound: str) -> None:
    try:
        await settle(hub, inbound)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - one arrival must not stop the others; no message, it may name a person
        _log.error("settling failed", inbound=inbound, code=type(error).__name__)
        await give_up(hub, inbound)
