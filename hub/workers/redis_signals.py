"""Signals through Redis, for many processes. Losing all of it loses nothing (sql-is-the-truth).

Apart from `hub.workers.signals`, so that a hub in one process does not load a Redis client (5 MiB).
"""

import asyncio
import time
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hub.workers.signals import LocalSignals

_STREAM = "part2hub:wake:"
_NONCE = "part2hub:nonce:"
_RATE = "part2hub:rate:"
_KEPT = 1_000
_BLOCK_MS = 5_000


class RedisSignals:
    """Through Redis Streams: every worker reads the topic's stream from where it last was.

    When Redis does not answer, waiting becomes sleeping, nonces and rates are judged in this process alone.
    """

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(url, socket_timeout=10, socket_connect_timeout=2)
        self._local = LocalSignals()
        self._readers: dict[str, asyncio.Task[None]] = {}

    async def wake(self, topic: str) -> None:
        await self._local.wake(topic)
        try:
            await self._redis.xadd(_STREAM + topic, {"w": 1}, maxlen=_KEPT, approximate=True)
        except (RedisError, OSError):
            return

    async def wait(self, topic: str, seconds: float) -> None:
        if topic not in self._readers:
            self._readers[topic] = asyncio.create_task(self._follow(topic))
        await self._local.wait(topic, seconds)

    async def first_use(self, nonce: str, seconds: int) -> bool:
        try:
            return bool(await self._redis.set(_NONCE + nonce, b"1", nx=True, ex=seconds))
        except (RedisError, OSError):
            return await self._local.first_use(nonce, seconds)

    async def allow(self, key: str, limit: int, seconds: int) -> bool:
        name = f"{_RATE}{key}:{int(time.time() // seconds)}"
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.incr(name)
                pipe.expire(name, seconds * 2)
                used = (await pipe.execute())[0]
        except (RedisError, OSError):
            return await self._local.allow(key, limit, seconds)
        return int(used) <= limit

    async def close(self) -> None:
        for reader in self._readers.values():
            reader.cancel()
        await asyncio.gather(*self._readers.values(), return_exceptions=True)
        await self._redis.aclose()

    async def _follow(self, topic: str) -> None:
        """Wake this process at every entry of the topic's stream; after an outage go on from what is new."""
        stream, since = _STREAM + topic, "$"
        while True:
            try:
                found: Any = await self._redis.xread({stream: since}, block=_BLOCK_MS, count=_KEPT)
            except (RedisError, OSError):
                since = "$"
                await asyncio.sleep(1)
                continue
            for _, entries in found or ():
                since = entries[-1][0]
                await self._local.wake(topic)
