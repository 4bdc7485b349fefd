"""P1 and P2: the hub end to end against the limit, both measured in each round; and two workers against one.

What counts is processor time: all that the hub's process spends, threads and kernel included, from the first
submission to the last arrival, against the limit's. So a share is of one core, whatever else runs beside (the load,
the partners, PostgreSQL, other people), and a hub that spreads over two cores does not look twice as good. The time
on the clock, in which all of those have their part, is shown after it. The two forms take turns, and each is held
against the limit of its own form, in which reading a request and deciding are compiled as well.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import asyncpg

from hub.exchange import OUTBOX
from hub.storage import migrations
from hub.workers.redis_signals import RedisSignals
from tests.bench import limit
from tests.bench.footprint import AS_INSTALLED, resident
from tests.bench.forms import SOURCE, Form, forms
from tests.bench.load import Peer, peer
from tests.bench.message import CLINICS, multipart
from tests.bench.shares import Shares, spent
from tests.bench.table import Line
from tests.servers import postgres, redis_url

ROUNDS = 5
MESSAGES = 3000
BACKLOG = 4000
START_S = 6.0
CONNECTIONS = 64
WORKERS = ("worker", "slowed")
"""The roles of a process that takes nothing in."""


@dataclass
class Rounds:
    """What each round found, in microseconds a message."""

    limits: list[float] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)
    """Processor time of the hub's process."""
    clock: list[float] = field(default_factory=list)
    """From the first submission to the last arrival."""
    memory: float = 0.0
    """Of the serving process after the last round, in MiB."""

    @property
    def shares(self) -> list[float]:
        return [lim / got for lim, got in zip(self.limits, self.spent, strict=True)]

    def __str__(self) -> str:
        limit_us, spent, clock = (statistics.median(each) for each in (self.limits, self.spent, self.clock))
        return f"limit {limit_us:.0f} us, hub {spent:.0f} us a message, {clock:.0f} on the clock"


def embedded() -> Iterator[Line]:
    """P1: one process on SQLite, in each form."""
    for form, found in asyncio.run(measure(forms())).items():
        yield Line("P1", f"SQLite, one process, {form.name}: share of limit", found.shares, 0.50, detail=str(found))
        what = f"memory of that process under load, {form.name}"
        yield Line("P8", what, [found.memory], 100, at_most=True, unit="MiB")


def wide() -> Iterator[Line]:
    """P2: PostgreSQL, durable, and Redis."""
    with postgres(durable=True) as server, redis_url() as redis:
        with server.database() as url:
            found = asyncio.run(measure((SOURCE,), url, redis))[SOURCE]
        yield Line("P2", "PostgreSQL + Redis, one process: share", found.shares, 0.40, detail=str(found))
        with server.database() as url:
            ratios, detail = asyncio.run(two_workers(url, redis))
        yield Line("P2", "two worker processes against one, a backlog", ratios, 1.6, detail=detail)
        with server.database() as url:
            ratios, detail = asyncio.run(two_workers(url, redis, role="slowed", rounds=3))
        yield Line("P2", "the same, 1 ms of sleep a message in each", ratios, 1.6, detail=detail)


async def measure(measured: Sequence[Form], url: str = "", redis: str = "") -> dict[Form, Rounds]:
    """`url` of an empty database, for one form alone; none for a SQLite file of each."""
    found = {form: Rounds() for form in measured}
    async with peer() as load, AsyncExitStack() as stack:
        hubs = {form: await stack.enter_async_context(_alone(url, redis, load, form)) for form in measured}
        for hub in hubs.values():
            await hand_in(load, hub, 300, "warm", arrive=True)
        for number in range(ROUNDS):
            for form, hub in hubs.items():
                found[form].limits.append(await limit.of(form))
                before = spent(hub["pid"])
                took = await hand_in(load, hub, MESSAGES, f"r{number}", arrive=True)
                found[form].spent.append((spent(hub["pid"]) - before) / MESSAGES * 1e6)
                found[form].clock.append(took["seconds"] / MESSAGES * 1e6)
            print(".", end="", flush=True, file=sys.stderr)
        for form, hub in hubs.items():
            found[form].memory = resident(hub["pid"])
    return found


@asynccontextmanager
async def _alone(url: str, redis: str, load: Peer, form: Form) -> AsyncIterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        async with a_hub(url, redis, load, folder, "all", form) as hub:
            yield hub


async def two_workers(url: str, redis: str, *, role: str = "worker", rounds: int = ROUNDS) -> tuple[list[float], str]:
    """How much faster two worker processes empty a backlog than one, round by round, on the clock; and what limits
    two: what a message costs them, who has the processors meanwhile, and what connections wait for. In the role
    `slowed` each worker sleeps for a millisecond a message, loop and all: as on a machine with cores to spare, two
    then are twice as fast as one unless they wait for each other.
    """
    ratios: list[float] = []
    costs: dict[int, list[float]] = {1: [], 2: []}
    shares = Shares(url)
    with tempfile.TemporaryDirectory() as folder:
        async with peer() as load, a_hub(url, redis, load, folder, "api") as hub:
            for number in range(rounds):
                took = []
                for workers in (1, 2):
                    await hand_in(load, hub, BACKLOG, f"r{number}-{workers}", arrive=False)
                    due = await _due_together(url)
                    async with AsyncExitStack() as stack:
                        started = (a_hub(url, redis, load, folder, role) for _ in range(workers))
                        pids = [w["pid"] for w in await asyncio.gather(*map(stack.enter_async_context, started))]
                        await asyncio.sleep(max(due - time.time(), 0))
                        before = sum(map(spent, pids))
                        seen = shares.watched({"workers": pids, "load": [load.pid]})
                        async with seen if workers == 2 else nullcontext():
                            await _wake(redis)
                            took.append((await load.ask({"await": BACKLOG}))["seconds"])
                        costs[workers].append((sum(map(spent, pids)) - before) / BACKLOG * 1e6)
                ratios.append(took[0] / took[1])
                print(".", end="", flush=True, file=sys.stderr)
    one, two = (statistics.median(costs[workers]) for workers in (1, 2))
    return ratios, f"{one:.0f} us of one worker a message, {two:.0f} of two together; with two {shares}"


async def _due_together(url: str) -> float:
    """Let the backlog fall due at one moment, when all workers have long started; seconds since the epoch."""
    due = time.time() + START_S
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE outbox SET due_at = $1 WHERE state = 'queued'", int(due * 1e6))
    await connection.close()
    return due


async def _wake(redis: str) -> None:
    signals = RedisSignals(redis)
    await signals.wake(OUTBOX)
    await signals.close()


async def hand_in(
    load: Peer, hub: dict[str, Any], count: int, tag: str, *, arrive: bool, rate: float = 0
) -> dict[str, float]:
    """Hand in so many messages, so many a second (0: as fast as they are answered); seconds and latencies."""
    made = [multipart(member, clinic) for member, clinic in zip(hub["members"], cycle(CLINICS), strict=False)]
    headers = {"Authorization": f"Bearer {hub['token']}", "Content-Type": made[0][1]}
    return await load.ask({
        "port": hub["port"], "headers": headers, "count": count,
        "bodies": [body.decode("latin-1") for body, _ in made],
        "connections": CONNECTIONS, "tag": tag, "arrive": arrive, "rate": rate,
    })  # fmt: skip


@asynccontextmanager
async def a_hub(
    url: str, redis: str, load: Peer, folder: str, role: str, form: Form = SOURCE
) -> AsyncIterator[dict[str, Any]]:
    """A hub in a process of its own, with what it printed when it was ready, and its process id."""
    url = url or f"sqlite:///{folder}/hub.sqlite"
    if role not in WORKERS:
        await asyncio.to_thread(migrations.upgrade, url)  # here, for its memory is not the serving hub's
    arguments = [url, redis, str(int(load.hello["port"])), role, folder]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", AS_INSTALLED, "tests.bench.hub_process", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=form.environ,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield {**json.loads(await process.stdout.readline()), "pid": process.pid}
    finally:
        process.stdin.close()
        await process.wait()
