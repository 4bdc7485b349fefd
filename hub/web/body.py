"""Reading what a caller sends: within a size, within a time, of a stated type.

A large body waits until there is room for it (`hub.web.unloading`), and what has that room must keep coming: a peer
that falls behind the pace below is told so, and its room goes to the next. 20 MiB take a line of half a megabit a
second six minutes, and are taken.
"""

import asyncio
import functools
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec
from aiohttp import StreamReader, web

from hub import jsontext
from hub.errors import Malformed, TooLarge, TooSlow, Unsupported
from hub.web.unloading import unload
from hub.workers.freight import SMALL_BYTES

MAX_JSON = 256 * 1024
FORM = "application/x-www-form-urlencoded"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
PATIENCE_S = 30.0
"""Of silence, and for a start that is slower than the pace."""
PACE = 48 * 1024
"""Bytes a second, on the whole. What was quicker than that gives credit for later."""

T = TypeVar("T")


async def read_body(request: web.Request, limit: int, party: str = "") -> bytes:
    """The whole body; `party`: whose share of the room it takes, where no token says so.

    Raises `TooLarge`, `TooSlow` if it falls behind the pace, `Unsupported` for a compressed one, `TooOften` or
    `Unavailable` for a large one while there is no room.
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        # A few bytes that unfold into gigabytes.
        raise Unsupported("Bodies are taken uncompressed.")
    announced = request.content_length
    if announced is not None and announced > limit:
        raise TooLarge(f"The body has at most {limit} bytes.")
    if request.content.is_eof():  # the usual case for a small body: it came with its head
        return await _read(request.content, limit)
    room = functools.partial(unload, request, party, limit if announced is None else announced)
    if announced is not None and announced > SMALL_BYTES:
        await room()
    return await _read(request.content, limit, room if announced is None else None)


async def _read(content: StreamReader, limit: int, room: Callable[[], Awaitable[None]] | None = None) -> bytes:
    """Not `request.read()`, which keeps the body as long as the connection waits for another request.

    One of unannounced size asks for `room` when it turns out to be large.
    """
    pieces, size = [], 0
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while piece := await _next(content, due(begun, loop.time(), size)):
        size += len(piece)
        if size > limit:
            raise TooLarge(f"The body has at most {limit} bytes.")
        if room is not None and size > SMALL_BYTES:
            await room()
            room = None
        pieces.append(piece)
    return b"".join(pieces)


def due(begun: float, now: float, arrived: int) -> float:
    """Until when the next bytes must come, if so many have; all in seconds of one clock."""
    return PATIENCE_S + min(now, begun + arrived / PACE)


async def _next(content: StreamReader, until: float) -> bytes:
    if content.is_eof():
        return await content.readany()
    try:
        async with asyncio.timeout_at(until):
            return await content.readany()
    except TimeoutError:
        raise TooSlow("The body came too slowly, and nothing was taken. Try again over a faster connection.") from None


def check_key(key: str) -> str:
    """The Idempotency-Key of a request. Raises `Malformed` for none, and for one that is none."""
    if not _KEY.fullmatch(key):
        raise Malformed(
            "An Idempotency-Key header of 1 to 200 visible characters is needed.",
            code="idempotency-key-missing",
            field="Idempotency-Key",
        )
    return key


async def read_json(request: web.Request, kind: type[T]) -> T:
    """The body as JSON of this type. Raises `Malformed` naming the field, never its value."""
    if request.content_type != "application/json":
        raise Unsupported("This takes application/json.")
    return decode(await read_body(request, MAX_JSON), kind)


def decode(raw: bytes, kind: type[T]) -> T:
    """JSON of this type. Raises `Malformed` naming the field, never its value."""
    with _faults("$"):
        found = msgspec.json.decode(raw, type=kind)
        jsontext.check(raw)
    return found


def decode_members(raw: bytes | msgspec.Raw, of: type[T], most: int, at: str = "$") -> dict[str, T]:
    """A large JSON object, whose members have one type; `at`: where it stands. Raises as `decode` does, `TooLarge`."""
    with _faults(at):
        return jsontext.members(raw, of, most)


@contextmanager
def _faults(at: str) -> Iterator[None]:
    try:
        yield
    except msgspec.ValidationError as error:
        # The library's words may quote the value; the path at their end does not.
        path = str(error).rpartition(" - at `$")[2].rstrip("`") if " - at `$" in str(error) else ""
        raise Malformed("The body does not follow the format.", field=at + path) from None
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.", field="$") from None


async def read_form(request: web.Request, most: int, most_fields: int) -> dict[str, list[str]]:
    """The fields of a page's form, at most `most` bytes. Raises `Unsupported`, `Malformed`, and as `read_body` does."""
    if request.content_type != FORM:
        raise Unsupported("This takes a form.")
    try:
        text = (await read_body(request, most)).decode()
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=most_fields)
    except ValueError:
        raise Malformed("The form is not readable.") from None
    # PostgreSQL takes no such character, SQLite does; no person types one.
    if any("\0" in each for name, many in fields.items() for each in (name, *many)):
        raise Malformed("The form is not readable.", code="nul-character")
    return fields


def json_response(value: object, status: int = 200) -> web.Response:
    """A JSON response."""
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")
