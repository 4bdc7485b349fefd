"""In the wide shape each worker tells what it did; the API, which delivered nothing, does not."""

import re
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.shape import Servers, deployed

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.redis, pytest.mark.timeout(120)]
DELIVERED = re.compile(r'^hub_dispatched_total\{state="delivered"\} (\S+)$', re.MULTILINE)


async def test_the_workers_count_what_they_delivered_and_the_api_counts_none(
    tmp_path: Path, migrated_postgres_url: str, redis_url: str
) -> None:
    async with deployed(tmp_path, Servers(migrated_postgres_url, redis_url)) as (hub, sender):
        assert len(hub.probes) == 2
        for base in hub.probes:
            await hub.up(base)
        await sender.settled(await sender.several(6, "sunrise"))
        assert sum([await _delivered(base) for base in hub.probes]) == 6
        assert await _delivered(hub.base) == 0


async def _delivered(base: str) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{base}/metrics") as answer:
        assert answer.status == 200
        return sum(map(float, DELIVERED.findall(await answer.text())))
