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

from adapters.tls import trust_nobody_unnamed
from hub import compiled, operator
from hub.bootstrap.audit import audit_sink
from hub.bootstrap.intakes import intakes
from hub.bootstrap.leaving import leaving
from hub.bootstrap.memory import settle_memory, stay_small
from hub.bootstrap.opening import open_hub
from hub.compliance import audit_feed
from hub.context import Hub
from hub.desk import projection
from hub.errors import ConfigurationError, HubError
from hub.inbound import acknowledge, unanswered
from hub.inbound.reception import Reception
from hub.inbound.unanswered import Waits
from hub.ledger.sequencer import Sequencer
from hub.settings import Settings
from hub.storage import migrations
from hub.telemetry import configure_log
from hub.webhooks import telling
from hub.workers.recovery import recover
from hub.workers.worker import Worker

ROLES = ("all", "api", "worker", "intake")
"""`intake`: mail, fax, HL7 v2 and files come in here; `all` does everything."""
_log = structlog.get_logger()


def migrate(settings: Settings) -> None:
    """Bring the database to this version's schema. Raises `ConfigurationError`."""
    migrations.upgrade(settings.database_url)


def serve(settings: Settings, role: str = "all", ready: Callable[[], None] = lambda: None) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP. `role`: one of `ROLES`. Raises `ConfigurationError`."""
    if role not in ROLES:
        raise ConfigurationError("The role is all, api, worker or intake.")
    configure_log()
    with alone_on_file(settings):  # around the migration too: whoever serves already needs the schema as it is
        migrate(settings)
        settle_memory()
        trust_nobody_unnamed()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(settings, role, ready))
            with leaving():
                runner.close()


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
        small = asyncio.create_task(stay_small())
        _log.info("serving", role=role, form=compiled.form())
        ready()
        await stop.wait()
        _log.info("stopping", role=role)
        await ended(small)
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
