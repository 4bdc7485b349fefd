"""P1 and P2: the hub end to end against the limit, both measured in each round."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.bench import limit
from tests.bench.load import Peer, peer
from tests.bench.message import multipart

MESSAGES = 3000
CONNECTIONS = 64


class Rounds:
    """Shares of the limit, round by round."""

    def __init__(self) -> None:
        self.limits: list[float] = []
        self.messages: list[float] = []
        self.latencies: list[tuple[float, float]] = []

    @property
    def shares(self) -> list[float]:
        return [lim / got for lim, got in zip(self.limits, self.messages, strict=True)]


async def measure(url: str, *, redis: str = "", workers: int = 1, rounds: int = 5) -> Rounds:
    """`url` of a fresh database, empty for a SQLite file; microseconds a message, submission to arrival."""
    found = Rounds()
    with tempfile.TemporaryDirectory() as folder:
        target = url or f"sqlite:///{folder}/hub.sqlite"
        async with peer() as load, AsyncExitStack() as stack:
            hub = await stack.enter_async_context(_hub(target, redis, load, folder, "all" if workers == 1 else "api"))
            for _ in range(workers if workers > 1 else 0):
                await stack.enter_async_context(_hub(target, redis, load, folder, "worker"))
            body, kind = multipart(hub["member"], "clinic")
            await _round(load, hub, body, kind, 300, "warm")
            for number in range(rounds):
                steps = await asyncio.to_thread(limit.measure)
                found.limits.append(sum(steps.values()))
                took = await _round(load, hub, body, kind, MESSAGES, f"r{number}")
                found.messages.append(took["seconds"] / MESSAGES * 1e6)
                found.latencies.append((took["median"] * 1e3, took["p99"] * 1e3))
                print(".", end="", flush=True, file=sys.stderr)
    return found


async def _round(load: Peer, hub: dict[str, Any], body: bytes, kind: str, count: int, tag: str) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {hub['token']}", "Content-Type": kind}
    return await load.ask({
        "port": hub["port"], "headers": headers, "body": body.decode("latin-1"), "count": count,
        "connections": CONNECTIONS, "tag": tag,
    })  # fmt: skip


@asynccontextmanager
async def _hub(url: str, redis: str, load: Peer, folder: str, role: str) -> AsyncIterator[dict[str, Any]]:
    arguments = [url, redis, str(int(load.hello["port"])), role, str(Path(folder))]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.hub_process", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()
