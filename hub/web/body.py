"""Reading what a caller sends: within a size, within a time, of a stated type.

A peer gets 30 seconds and one more for every 64 KiB it announced; then the connection is closed.
"""

import asyncio
from typing import TypeVar

import msgspec
from aiohttp import StreamReader, web

from hub.errors import Malformed, TooLarge, TooSlow, Unsupported

MAX_JSON = 256 * 1024
_PATIENCE_S = 30.0
_BYTES_PER_S = 64 * 1024

T = TypeVar("T")


async def read_body(request: web.Request, limit: int) -> bytes:
    """The whole body. Raises `TooLarge`, `TooSlow`, `Unsupported` for a compressed one."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        # A few bytes that unfold into gigabytes.
        raise Unsupported("Bodies are taken uncompressed.")
    announced = request.content_length
    if announced is not None and announced > limit:
        raise TooLarge(f"The body has at most {limit} bytes.")
    if request.content.is_eof():  # the usual case for a small body: it came with its head
        return await _read(request.content, limit)
    try:
        async with asyncio.timeout(_PATIENCE_S + (announced or limit) / _BYTES_PER_S):
            return await _read(request.content, limit)
    except TimeoutError:
        raise TooSlow("The body took too long to arrive.") from None


async def _read(content: StreamReader, limit: int) -> bytes:
    """Not `request.read()`, which keeps the body as long as the connection waits for another request."""
    pieces, size = [], 0
    while piece := await content.readany():
        size += len(piece)
        if size > limit:
            raise TooLarge(f"The body has at most {limit} bytes.")
        pieces.append(piece)
    return b"".join(pieces)


async def read_json(request: web.Request, kind: type[T]) -> T:
    """The body as JSON of this type. Raises `Malformed` naming the field, never its value."""
    if request.content_type != "application/json":
        raise Unsupported("This takes application/json.")
    return decode(await read_body(request, MAX_JSON), kind)


def decode(raw: bytes, kind: type[T]) -> T:
    """JSON of this type. Raises `Malformed` naming the field, never its value."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        # The library's words may quote the value; the path at their end does not.
        _, at, path = str(error).rpartition(" - at `")
        field = path.rstrip("`") if at else "$"
        raise Malformed("The body does not follow the format.", field=field) from None
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.", field="$") from None


def json_response(value: object, status: int = 200) -> web.Response:
    """A JSON response."""
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")
