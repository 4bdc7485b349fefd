"""P6: the hop through the queue against taskiq, dramatiq, arq, celery and procrastinate, in the same run.

A hop here, as `submit` makes it: a row born claimed and committed (SQLite, full durability), handed to the worker of
the process, settled and committed.
Theirs: a message put in by one process, taken and worked off by another, with the broker that each is made for (Redis
without a disk, for procrastinate a PostgreSQL that does not wait for one). The work is nothing on every side, and 64
messages are under way at once where the library has a way to do that. What is compared is messages a second.

The other libraries live in an environment of their own, made on first use from queues/requirements.lock.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from hub.model import new_id
from hub.outbox import LEASE_US, SETTLE, Place, Ticket, enqueue
from hub.storage import migrations
from hub.storage.database import Step, Unit
from hub.storage.sqlite import SqliteDatabase
from hub.workers.handover import Handover
from tests import servers
from tests.bench.table import Line

COUNT, ROUNDS, GOAL = 1_000, 3, 10
OURS = 8_000
IN_FLIGHT = 64
FOLDER = Path(__file__).with_name("queues")
PLACE = Path(sys.prefix) / "queues"
LIBRARIES = ("taskiq", "dramatiq", "arq", "celery", "procrastinate")


def lines() -> Iterator[Line]:
    """One line a library."""
    python = _environment()
    ratios = defaultdict(list)
    theirs: dict[str, float] = {}
    ours = 0.0
    for _ in range(ROUNDS):
        ours = _ours()
        for library in LIBRARIES:
            theirs[library] = _theirs(python, library)
            ratios[library].append(ours / theirs[library])
    for library, found in ratios.items():
        detail = f"{ours:,.0f}/s against {theirs[library]:,.0f}/s"
        yield Line("P6", f"queue hop against {library}", found, GOAL, detail=detail)


def _ours() -> float:
    """Messages a second through the outbox of one process."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "hub.sqlite"
        migrations.upgrade(f"sqlite:///{path}")
        return asyncio.run(_through(path))


async def _through(path: Path) -> float:
    database = SqliteDatabase(path)
    handover, done = Handover(), asyncio.Event()
    now, left, running = int(time.time() * 1_000_000), OURS, set()

    async def work(ticket: Ticket) -> None:
        nonlocal left
        settled = Step(SETTLE, ("delivered", now, None, None, None, ticket.id, ticket.claim), "claim")
        await database.commit(Unit((settled,), ()))
        left -= 1
        if not left:
            done.set()

    def take(ticket: Ticket) -> None:
        task = asyncio.create_task(work(ticket))
        running.add(task)
        task.add_done_callback(running.discard)

    async def put() -> None:
        for _ in range(OURS // IN_FLIGHT):
            ticket = Ticket(new_id(), "s", "r", None, 0, 0, "ready", None, new_id())
            await database.commit(Unit((), (enqueue(ticket, Place("queued"), now, lease_us=LEASE_US),)))
            handover.give([ticket])

    handover.open(lambda _partners: True, take)
    started = time.monotonic()
    await asyncio.gather(done.wait(), *(put() for _ in range(IN_FLIGHT)))
    took = time.monotonic() - started
    await database.close()
    return OURS / took


def _theirs(python: Path, library: str) -> float:
    with ExitStack() as stack:
        on = servers.postgres_url() if library == "procrastinate" else servers.redis_url()
        url = stack.enter_context(on)
        worker = stack.enter_context(_process(python, library, "work", url))
        stack.callback(worker.kill)
        time.sleep(3)  # each starts in its own way; what it does meanwhile is not measured
        producer = stack.enter_context(_process(python, library, "produce", url))
        stack.callback(producer.kill)
        assert producer.stdout is not None
        assert worker.stdout is not None
        began = float(producer.stdout.readline())
        done = next(float(line) for line in worker.stdout if line[:1].isdigit())
        return COUNT / (done - began)


def _process(python: Path, library: str, role: str, url: str) -> "subprocess.Popen[str]":
    command = [str(python), str(FOLDER / "others.py"), library, role, url, str(COUNT)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=FOLDER)


def _environment() -> Path:
    """The interpreter of the other libraries' environment, made on first use."""
    python = PLACE / "bin" / "python"
    if not python.exists():
        print("· an environment for the other queues (once)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(PLACE)], check=True)
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, "--only-binary", ":all:", "-r", str(FOLDER / "requirements.lock")], check=True)
    return python
