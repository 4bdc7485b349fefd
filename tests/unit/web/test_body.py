"""A body is its reader's alone: a connection that waits for the next request keeps nothing of the last one."""

import sys
from unittest.mock import Mock

import pytest
from aiohttp import StreamReader
from aiohttp.test_utils import make_mocked_request

from hub.errors import TooLarge
from hub.web.body import read_body


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
