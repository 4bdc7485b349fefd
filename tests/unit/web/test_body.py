"""A body is its reader's alone, and comes at the pace that is asked for.

A connection that waits for the next request keeps nothing of the last one, and who sends too slowly keeps no room that
others could have.
"""

import asyncio
import selectors
import sys
from collections.abc import Iterable
from unittest.mock import Mock

import pytest
from aiohttp import StreamReader, web
from aiohttp.test_utils import make_mocked_request

from hub.errors import TooLarge, TooSlow
from hub.web.body import read_body
from hub.web.unloading import UNLOADING, Unloading

KIB, MIB = 1 << 10, 1 << 20
HALF_A_MEGABIT = int(512_000 / 8 * 0.94)
"""Bytes a second, less what TCP, IP and TLS take of them."""


def arriving(*pieces: bytes) -> StreamReader:
    stream = StreamReader(Mock(), limit=2**16)
    for piece in pieces:
        stream.feed_data(piece)
    stream.feed_eof()
    return stream


async def test_nobody_but_the_reader_keeps_the_body():
    request = make_mocked_request("POST", "/", payload=arriving(b"x" * 1000, b"y" * 1000))
    body = await read_body(request, 2000)
    assert body == b"x" * 1000 + b"y" * 1000
    assert sys.getrefcount(body) == 2, "this name, and the argument of getrefcount"


async def test_a_body_that_is_longer_than_anybody_announced_is_refused_at_its_limit():
    request = make_mocked_request("POST", "/", payload=arriving(b"x" * 1000, b"y" * 1001, b"never read"))
    with pytest.raises(TooLarge):
        await read_body(request, 2000)


class Hurrying(asyncio.SelectorEventLoop):
    """Whenever everybody waits, it is at once as late as the first of them waits for."""

    def __init__(self) -> None:
        self.ahead = 0.0
        loop = self

        class Selector(selectors.SelectSelector):
            def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
                loop.ahead += timeout or 0
                return super().select(0)

        super().__init__(Selector())

    def time(self) -> float:
        return super().time() + self.ahead


def seconds_until_told(announced: int, coming: Iterable[int]) -> tuple[float, str]:
    """How long a body was waited for of which so many bytes come in each second, and what became of it."""

    async def handed_in() -> tuple[float, str]:
        app = web.Application()
        app[UNLOADING] = Unloading(64 * MIB)
        stream = StreamReader(Mock(), limit=2**16)
        request = make_mocked_request(
            "POST", "/", headers={"Content-Length": str(announced)}, payload=stream, app=app
        )  # fmt: skip
        begun = asyncio.get_running_loop().time()
        sending = asyncio.create_task(send(stream))
        try:
            told = "taken" if len(await read_body(request, 40 * MIB, "harbor")) == announced else "short"
        except TooSlow as error:
            told = error.detail_code
        sending.cancel()
        return asyncio.get_running_loop().time() - begun, told

    async def send(stream: StreamReader) -> None:
        left = announced
        for size in coming:
            stream.feed_data(b"x" * min(size, left))
            left -= min(size, left)
            if not left:
                stream.feed_eof()
                return
            await asyncio.sleep(1)

    with asyncio.Runner(loop_factory=Hurrying) as runner:
        return runner.run(handed_in())


def test_20_mib_from_a_counselor_on_half_a_megabit_are_taken_in_six_minutes():
    seconds, told = seconds_until_told(20 * MIB, [HALF_A_MEGABIT] * 1000)
    assert told == "taken"
    assert 300 < seconds < 400


@pytest.mark.parametrize(
    ("coming", "after"),
    [
        ([0] * 1000, 30),  # nothing
        ([KIB] * 1000, 30),  # a drip
        ([32 * KIB] * 1000, 90),  # slow but steady: 30 s behind 48 KiB a second
        ([10 * MIB, *[0] * 1000], 30),  # most of it at once, then the lid is closed
    ],
)
def test_what_comes_too_slowly_loses_its_room_long_before_its_end(coming, after):
    seconds, told = seconds_until_told(20 * MIB, coming)
    assert told == "too-slow"
    assert after <= seconds < after + 2


def test_a_line_that_was_quick_may_pause():
    assert seconds_until_told(20 * MIB, [10 * MIB, *[0] * 25, 5 * MIB, *[0] * 25, 5 * MIB])[1] == "taken"
