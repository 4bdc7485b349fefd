"""The hub as the settings describe it: what decides and records, then what reaches partners; closed on the way out."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator

from hub.bootstrap.channels import acknowledger as wire_acknowledger
from hub.bootstrap.channels import channels as wire_channels
from hub.bootstrap.channels import pickup as wire_pickup
from hub.bootstrap.channels import report_readers
from hub.bootstrap.outside import fetching, posting, signatures
from hub.clock import SystemClock
from hub.context import Hub
from hub.crypto.keyring import KeyRing
from hub.ports import Signals
from hub.settings import Settings
from hub.storage import key_records
from hub.storage.database import Database
from hub.storage.directory import DirectoryStore
from hub.storage.facts import FactsReader
from hub.workers.recent import Recent
from hub.workers.signals import LocalSignals


@contextlib.asynccontextmanager
async def open_hub(settings: Settings, *, channels: bool = True) -> AsyncIterator[Hub]:
    """The wired hub on a migrated database; closed on the way out.

    Raises `ConfigurationError`, also for a key ring that lacks a key the data depends on, and `StorageFailed`.
    """
    ring = KeyRing.load(settings.keys)
    async with contextlib.AsyncExitStack() as stack:
        database = await _database(settings)
        stack.push_async_callback(database.close)
        await key_records.admit(database, ring)
        signals = _signals(settings)
        stack.push_async_callback(signals.close)
        hub = _within(settings, database, ring, signals)
        if channels:
            hub = _delivering(hub, settings, stack)
        yield _reaching(hub, settings, stack)


def _within(settings: Settings, database: Database, ring: KeyRing, signals: Signals) -> Hub:
    """What decides, seals and records."""
    return Hub(
        database=database,
        clock=SystemClock(),
        ring=ring,
        directory=DirectoryStore(database, settings.zone, settings.choices),
        facts=FactsReader(database, ring),
        channels={},
        signals=signals,
        recent=Recent(),
        zone=settings.zone,
        calendar=settings.calendar,
        county_pack=settings.county_pack,
        operator=settings.operator,
        glass=settings.glass,
        duties=settings.duties,
        witnesses=settings.witnesses,
        retention=settings.retention,
        address=settings.public_url,
        demo=settings.demo,
        lease_us=settings.lease_us,
        no_consent_us=settings.no_consent_us,
        freight_bytes=settings.freight_bytes,
    )


def _delivering(hub: Hub, settings: Settings, stack: contextlib.AsyncExitStack) -> Hub:
    """With what packets and acknowledgements leave through."""
    wired = wire_channels(settings, hub.ring, hub.database)
    for channel in wired.values():
        stack.push_async_callback(channel.close)
    acknowledger = wire_acknowledger(settings, hub.database)
    if acknowledger is not None:
        stack.push_async_callback(acknowledger.close)
    return dataclasses.replace(hub, channels=wired, acknowledger=acknowledger)


def _reaching(hub: Hub, settings: Settings, stack: contextlib.AsyncExitStack) -> Hub:
    """With what the web's part of the hub asks and tells partners, and reads of theirs."""
    pickup = wire_pickup(settings)
    if pickup is not None:
        stack.push_async_callback(pickup.close)
    fetch, stop_fetching = fetching(settings)
    stack.push_async_callback(stop_fetching)
    post, stop_posting = posting(settings)
    stack.push_async_callback(stop_posting)
    return dataclasses.replace(
        hub, pickup=pickup, fetch=fetch, post=post, signatures=signatures(), report_readers=report_readers(settings)
    )


async def _database(settings: Settings) -> Database:
    if settings.sqlite_path is not None:
        from hub.storage.sqlite import SqliteDatabase  # noqa: PLC0415 - only one of the two drivers is needed

        return SqliteDatabase(settings.sqlite_path)
    from hub.storage.postgres import PostgresDatabase  # noqa: PLC0415

    return await PostgresDatabase.connect(settings.database_url)


def _signals(settings: Settings) -> Signals:
    if settings.redis_url is None:
        return LocalSignals()
    from hub.workers.redis_signals import RedisSignals  # noqa: PLC0415

    return RedisSignals(settings.redis_url)
