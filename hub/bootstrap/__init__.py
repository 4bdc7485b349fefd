"""Wires the parts together: the only package that knows which adapter or store stands behind a port."""

import asyncio
import contextlib
import fcntl
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import IO

import structlog

from hub import compiled, operator
from hub.bootstrap.audit import audit_sink
from hub.bootstrap.channels import acknowledger as wire_acknowledger
from hub.bootstrap.channels import channels as wire_channels
from hub.bootstrap.channels import pickup as wire_pickup
from hub.bootstrap.channels import report_readers
from hub.bootstrap.intakes import intakes
from hub.bootstrap.memory import settle_memory
from hub.bootstrap.outside import fetching, posting, signatures
from hub.clock import SystemClock
from hub.compliance import audit_feed
from hub.context import Hub
from hub.crypto.keyring import KeyRing
from hub.desk import projection
from hub.errors import ConfigurationError, HubError
from hub.inbound import acknowledge, unanswered
from hub.inbound.reception import Reception
from hub.inbound.unanswered import Waits
from hub.ledger.sequencer import Sequencer
from hub.ports import Signals
from hub.settings import Settings
from hub.storage import key_records, migrations
from hub.storage.database import Database
from hub.storage.directory import DirectoryStore
from hub.storage.facts import FactsReader
from hub.telemetry import configure_log
from hub.webhooks import telling
from hub.workers.recent import Recent
from hub.workers.recovery import recover
from hub.workers.signals import LocalSignals
from hub.workers.worker import Worker

ROLES = ("all", "api", "worker", "intake")
"""`intake`: mail, fax, HL7 v2 and files come in here; `all` does everything."""
_log = structlog.get_logger()


def migrate(settings: Settings) -> None:
    """Bring the database to this version's schema. Raises `ConfigurationError`."""
    migrations.upgrade(settings.database_url)


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
        wired = wire_channels(settings, ring, database) if channels else {}
        for channel in wired.values():
            stack.push_async_callback(channel.close)
        pickup = wire_pickup(settings)
        if pickup is not None:
            stack.push_async_callback(pickup.close)
        fetch, stop_fetching = fetching(settings)
        stack.push_async_callback(stop_fetching)
        post, stop_posting = posting(settings)
        stack.push_async_callback(stop_posting)
        acknowledger = wire_acknowledger(settings, database) if channels else None
        if acknowledger is not None:
            stack.push_async_callback(acknowledger.close)
        yield Hub(
            database=database,
            clock=SystemClock(),
            ring=ring,
            directory=DirectoryStore(database, settings.zone, settings.choices),
            facts=FactsReader(database, ring),
            channels=wired,
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
            pickup=pickup,
            fetch=fetch,
            post=post,
            signatures=signatures(),
            address=settings.public_url,
            acknowledger=acknowledger,
            report_readers=report_readers(settings),
            demo=settings.demo,
            lease_us=settings.lease_us,
            no_consent_us=settings.no_consent_us,
            freight_bytes=settings.freight_bytes,
        )


def serve(settings: Settings, role: str = "all", ready: Callable[[], None] = lambda: None) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP. `role`: one of `ROLES`. Raises `ConfigurationError`."""
    if role not in ROLES:
        raise ConfigurationError("The role is all, api, worker or intake.")
    configure_log()
    with alone_on_file(settings):  # around the migration too: whoever serves already needs the schema as it is
        migrate(settings)
        settle_memory()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(settings, role, ready))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """The event loop of uvloop where there is one, else of asyncio."""
    if sys.platform != "linux":
        return asyncio.new_event_loop
    import uvloop  # noqa: PLC0415 - published for few platforms

    return uvloop.new_event_loop


async def _serve(settings: Settings, role: str, ready: Callable[[], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # A terminal that was closed (SIGHUP) ends the hub as gently as Ctrl-C: a delivery under way is recorded.
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(name, stop.set)
    async with open_hub(settings, channels=role in ("all", "worker")) as hub, running(hub, settings, role):
        _log.info("serving", role=role, form=compiled.form())
        ready()
        await stop.wait()
        _log.info("stopping", role=role)
    _log.info("stopped", role=role)


@contextlib.asynccontextmanager
async def running(
    hub: Hub, settings: Settings, role: str = "all", *, rate_per_minute: int | None = None
) -> AsyncIterator[int | None]:
    """The parts of a role around an open hub: worker and sequencer, API; yields the port of the API, else of the
    probes, if there is one.

    Raises `ConfigurationError`.
    """
    await operator.check(hub)
    port = None
    async with contextlib.AsyncExitStack() as stack:
        if role in ("worker", "intake") and settings.probes is not None:
            from hub.web import probes  # noqa: PLC0415 - a worker that nobody asks does without a web server

            # Around the rest: what a worker still delivers at its end is counted before its address closes.
            port = await stack.enter_async_context(probes.probing(hub, settings.probes))
        if role in ("all", "worker"):
            await stack.enter_async_context(_working(hub, settings))
        if role in ("all", "intake"):
            await stack.enter_async_context(_receiving(hub, settings))
        if role in ("all", "api"):
            from hub.web import app  # noqa: PLC0415 - a worker does without a web server

            rate = app.RATE_PER_MINUTE if rate_per_minute is None else rate_per_minute
            port = await stack.enter_async_context(app.serving(hub, settings, rate_per_minute=rate))
        yield port


def placing(hub: Hub, settings: Settings) -> Sequencer:
    """What puts the ledger's entries under signed heads, the newest of them kept beside the data."""
    return Sequencer(hub.database, hub.ring, hub.clock, settings.data / "ledger.head", settings.keys)


@contextlib.asynccontextmanager
async def _working(hub: Hub, settings: Settings) -> AsyncIterator[None]:
    if settings.sqlite_path is not None:
        # Nobody else can be working on this file, so whatever is claimed or in flight was left behind.
        await recover(hub, hub.clock.now() + 365 * 86_400_000_000)
    sink = audit_sink(settings)
    worker = Worker(hub)
    sequencer = placing(hub, settings)
    parts = [worker.run(), sequencer.run(), projection.run(hub), telling.run(hub)]
    if hub.acknowledger is not None:
        parts.append(acknowledge.run(hub, hub.acknowledger))
    if settings.mail.listen:  # else no notice could come
        parts.append(unanswered.run(hub, Waits(settings.mail.processed_us, settings.mail.dispatched_us)))
    if sink is not None:
        parts.append(audit_feed.run(hub, sink))
    tasks = [asyncio.create_task(part) for part in parts]
    for task in tasks:
        task.add_done_callback(_stop_if_failed)
    try:
        yield
    finally:
        worker.stop()
        await asyncio.gather(tasks[0], return_exceptions=True)
        await ended(*tasks[1:])
        if sink is not None:
            await sink.close()
        try:
            await sequencer.finish()
        except HubError as error:
            _log.error("sequencing failed", code=error.detail_code)


@contextlib.asynccontextmanager
async def _receiving(hub: Hub, settings: Settings) -> AsyncIterator[None]:
    task = asyncio.create_task(Reception(hub, intakes(settings, hub)).run())
    task.add_done_callback(_stop_if_failed)
    try:
        yield
    finally:
        await ended(task)


async def ended(*tasks: "asyncio.Task[None]") -> None:
    """Cancels them until they have ended.

    Once is not enough: in Python 3.11 `wait_for`, which libraries use, loses a cancellation that comes together with
    what it waits for, and the hub would never stop.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1.0)


def _stop_if_failed(task: "asyncio.Task[None]") -> None:
    """A hub that takes packets and delivers none looks healthy and is not: let the supervisor start it anew."""
    if not task.cancelled() and task.exception() is not None:
        _log.error("a part of the hub ended", code=type(task.exception()).__name__)
        signal.raise_signal(signal.SIGTERM)


@contextlib.contextmanager
def alone_on_file(settings: Settings) -> Iterator[None]:
    """One serving process a SQLite file, whatever its role; commands work beside it, and PostgreSQL takes any number.

    Two that write all the time can lose pages before SQLite 3.51.3 (sqlite.org/wal.html, the WAL-reset bug), and a
    worker takes over at its start whatever another one has claimed. Raises `ConfigurationError` beside another one.
    """
    if settings.sqlite_path is None:
        yield
        return
    lock: IO[str]
    path = Path(f"{settings.sqlite_path}.serving")
    migrations.make_private(path)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                "Another hub already serves this database file; several processes share a PostgreSQL database."
            ) from None
        except OSError:
            raise ConfigurationError(
                "The database file's folder takes no locks, as some network shares do not; keep it on a local disk."
            ) from None
        yield


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
