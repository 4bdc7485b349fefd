"""The daily clock of the retention: once a local day, by whichever worker comes first."""

import structlog

from hub.context import Hub
from hub.retention import holds
from hub.retention.destruction import run
from hub.storage.facts import instant
from policies.days import day_of

BY = "clock/retention"
_log = structlog.get_logger()


async def run_daily(hub: Hub) -> None:
    """Destroy what is due, unless this was done today or the county has switched it off. Raises as `run`."""
    if hub.retention is None:
        return
    today = day_of(instant(hub.clock.now()), hub.zone).isoformat()
    if await holds.claim_day(hub.database, today):
        ran = await run(hub, hub.retention, by=BY, dry=False)
        _log.info("retention", count=sum(ran.destroyed.values()), held=sum(ran.held.values()))
