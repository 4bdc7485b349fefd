"""Reports of providers that deliver for us: authentic ones are kept by id, once each, and wake whoever asked.

Rules kept: a report proves nothing by itself, so it changes no state here; the channel asks the provider and takes the
report as the second word (`adapters.fax.cloud`). Whoever sends one learns nothing: known, unknown, new and repeated
get the same answer.
"""

from collections.abc import Mapping

from sqlalchemy import select
from sqlmodel import col

from hub.context import Hub
from hub.errors import Stale, TooOften, Unauthorized
from hub.storage.database import Database, Step, Unit
from hub.storage.statements import InsertNew, columns_of
from hub.storage.tables import ProviderReport

MAX_BYTES = 256 * 1024
RATE = 600
"""Reports a minute of one provider: five for each fax of a busy line, many times over."""
TOPIC = "provider-reports"
_ADD = InsertNew(ProviderReport, columns_of(ProviderReport), ("provider", "event"))


async def take(hub: Hub, provider: str, headers: Mapping[str, str], body: bytes) -> None:
    """Keep a report. Raises `Unauthorized` (also for an unknown provider), `Malformed`, `TooOften`, `StorageFailed`."""
    if provider not in hub.report_readers:
        raise Unauthorized("The report is not authentic.")
    now = hub.clock.now()
    report = hub.report_readers[provider].read(headers, body, now)
    # Only what is the provider's is counted, or a stranger's flood would shut it out.
    if not await hub.signals.allow(f"reports:{provider}", RATE, 60):
        raise TooOften("Too many reports in this minute.")
    row = (provider, report.event, report.job, report.ended, now)
    try:
        await hub.database.commit(Unit((Step(_ADD, row, "report"),), ()))
    except Stale:
        return
    await hub.signals.wake(TOPIC)


class ReportLog:
    """What the channels ask."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ended(self, provider: str, job: str) -> bool:
        """Whether an authentic report of the end of this job has come."""
        table = ProviderReport
        statement = select(col(table.event)).where(
            col(table.provider) == provider, col(table.job) == job, col(table.ended).is_(True)
        )
        return bool(await self._database.query(statement.limit(1)))
