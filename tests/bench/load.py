"""The other side, in a process of its own: hands messages in over many connections, and is the recipient's API.

python -m tests.bench.load      commands on standard input, answers on standard output, JSON lines
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.bench.http import Sink, connected, request


class Load:
    def __init__(self) -> None:
        self.received = 0
        self.arrivals: list[float] = []
        """When what nobody has waited for yet arrived."""
        self.changed = asyncio.Event()

    def note(self) -> None:
        self.received += 1
        self.arrivals.append(time.perf_counter())
        self.changed.set()

    async def listen(self) -> int:
        server = await asyncio.get_running_loop().create_server(lambda: Sink(self.note), "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    async def run(
        self,
        port: int,
        headers: dict[str, str],
        bodies: list[bytes],
        count: int,
        connections: int,
        tag: str,
        *,
        arrive: bool,
        rate: float = 0,
    ) -> dict[str, float]:
        """Hand in `count` messages and, with `arrive`, wait until as many have arrived; seconds and latencies.

        With a `rate`, so many a second: each has its moment, and its latency counts from then, so that what had to
        wait because others were slow counts as slow too.
        """
        self.arrivals.clear()
        before, numbers, latencies = self.received, iter(range(count)), []
        started = time.perf_counter()

        async def one() -> None:
            async with connected(port) as client:
                for number in numbers:
                    at = started + number / rate if rate else time.perf_counter()
                    if rate:
                        await asyncio.sleep(at - time.perf_counter())
                    keyed = {**headers, "Idempotency-Key": f"{tag}-{number}"}
                    body = bodies[number % len(bodies)]
                    answer = await client.ask(request("POST", "/v1/submissions", keyed, body))
                    latencies.append(time.perf_counter() - at)
                    if not answer.startswith(b"HTTP/1.1 202"):
                        raise SystemExit(f"refused: {answer[:400]!r}")

        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(one())
        accepted = time.perf_counter() - started
        if arrive:
            await self._received(before + count)
        latencies.sort()
        return {
            "seconds": time.perf_counter() - started,
            "accepted": accepted,
            "median": latencies[len(latencies) // 2],
            "p99": latencies[int(len(latencies) * 0.99)],
        }

    async def arrived(self, count: int) -> dict[str, float]:
        """Wait until so many have arrived since the last were handed in; the seconds from the first to the last."""
        await self._received(self.received - len(self.arrivals) + count)
        return {"seconds": self.arrivals[-1] - self.arrivals[0]}

    async def _received(self, count: int) -> None:
        async with asyncio.timeout(120):
            while self.received < count:
                self.changed.clear()
                await self.changed.wait()

    async def ask(self, port: int, headers: dict[str, str], size: int, count: int) -> dict[str, float]:
        """Ask a bare server `count` times with a body of this size."""
        asked = request("POST", "/v1/submissions", headers, b"x" * size)

        async def one() -> None:
            async with connected(port) as client:
                for _ in range(count // 16):
                    await client.ask(asked)

        await asyncio.gather(*(one() for _ in range(16)))
        return {}


class Peer:
    """The load process, seen from the one that measures."""

    def __init__(self, process: asyncio.subprocess.Process, hello: dict[str, float]) -> None:
        self._process = process
        self.hello = hello
        self.pid = process.pid

    async def ask(self, command: dict[str, object]) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        return await _line(self._process)


@asynccontextmanager
async def peer() -> AsyncIterator[Peer]:
    """Start a load process; ended on the way out."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Peer(process, await _line(process))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def _line(process: asyncio.subprocess.Process) -> dict[str, float]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise SystemExit("the load process ended")
    answer: dict[str, float] = json.loads(line)
    return answer


async def main() -> None:
    load, loop = Load(), asyncio.get_running_loop()
    print(json.dumps({"port": await load.listen()}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        if "ask" in command:
            answer = await load.ask(command["ask"], command["headers"], command["size"], command["count"])
        elif "await" in command:
            answer = await load.arrived(command["await"])
        else:
            command["bodies"] = [body.encode("latin-1") for body in command["bodies"]]
            answer = await load.run(**command)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
