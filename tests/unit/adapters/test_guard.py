"""One guard for everything that a partner may point at: a name that answers otherwise the second time gains nothing."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import connector

from adapters.api.webhook import Poster
from adapters.email.fetch import Fetcher, FetchFailed
from adapters.guard import ForbiddenTarget, Guard

PUBLIC, INNER = "8.8.8.8", "127.0.0.1"


class Names:
    """A resolver whose answers change, and the addresses that a connection was tried to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.tried: list[str] = []
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self._answer)
        monkeypatch.setattr(connector.aiohappyeyeballs, "start_connection", self._connect)

    async def _answer(self, _host: str, port: int, **_options: Any) -> list[Any]:
        found = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    async def _connect(self, *, addr_infos: list[Any], **_options: Any) -> Any:
        self.tried += [info[4][0] for info in addr_infos]
        raise OSError


async def _post() -> None:
    poster = Poster(Guard())
    try:
        await poster.post("https://hook.example/in", {}, b"{}")
    finally:
        await poster.close()


async def _fetch() -> None:
    fetcher = Fetcher(Guard())
    try:
        await fetcher.get("https://keys.example/jwks.json", https_only=True)
    except FetchFailed:
        raise OSError from None
    finally:
        await fetcher.close()


EVERY = pytest.mark.parametrize("reach", [_post, _fetch])
Reach = Callable[[], Awaitable[None]]


@EVERY
async def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, reach: Reach
) -> None:
    names = Names(monkeypatch, (PUBLIC,), (INNER,))
    with pytest.raises(OSError):
        await reach()
    assert set(names.tried) == {PUBLIC}
    assert names.asked == 1, "no second look-up that could answer otherwise"


@EVERY
async def test_a_name_that_answers_with_an_inner_address_later_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, reach: Reach
) -> None:
    names = Names(monkeypatch, (PUBLIC,), (INNER,))
    for _ in range(2):
        with pytest.raises(OSError):
            await reach()
    assert set(names.tried) == {PUBLIC}


@EVERY
@pytest.mark.parametrize("inner", [INNER, "10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fd00::1"])
async def test_one_inner_address_among_public_ones_refuses_the_name(
    monkeypatch: pytest.MonkeyPatch, reach: Reach, inner: str
) -> None:
    names = Names(monkeypatch, (PUBLIC, inner))
    with pytest.raises(OSError):
        await reach()
    assert names.tried == []


async def test_directory_look_ups_pass_the_same_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, (PUBLIC,), (INNER,))
    assert await Guard().addresses("ldap.example", 389) == [PUBLIC]
    with pytest.raises(ForbiddenTarget):
        await Guard().addresses("ldap.example", 389)
