"""Passwords: argon2id, checked off the loop, as long for nobody's account as for somebody's.

The parameters are OWASP's for argon2id (19 MiB, two passes): a hub serves in 100 MiB.
"""

import asyncio
from functools import cache
from typing import TYPE_CHECKING

from hub.errors import Malformed

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST, MOST = 12, 200
_MEMORY_KIB, _PASSES = 19_456, 2
_ONE_AT_A_TIME = 2
"""A crowd at the door must not take the memory that packets need."""
_NOBODYS = "a password that no account has"


async def hashed(password: str) -> str:
    """The hash to store. Raises `Malformed` for one that is too short or too simple."""
    if not LEAST <= len(password) <= MOST:
        raise Malformed(f"A password has {LEAST} to {MOST} characters.", code="password-length", field="password")
    if len(set(password)) < 5:
        raise Malformed("A password has more different characters.", code="password-simple", field="password")
    async with _door():
        return await asyncio.to_thread(_hasher().hash, password)


async def matches(stored: str, password: str) -> bool:
    """Whether it is the password behind the hash; empty: nobody's, which takes as long and never matches."""
    async with _door():
        return await asyncio.to_thread(_matches, stored or _nobodys(), password[: MOST + 1]) and bool(stored)


def _matches(stored: str, password: str) -> bool:
    from argon2.exceptions import Argon2Error, InvalidHashError  # noqa: PLC0415 - with the first sign-in

    try:
        return _hasher().verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # noqa: PLC0415 - with the first sign-in

    return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)


@cache
def _nobodys() -> str:
    return _hasher().hash(_NOBODYS)


def _door() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    door = _doors.get(loop)
    if door is None:
        _doors.clear()
        door = _doors[loop] = asyncio.Semaphore(_ONE_AT_A_TIME)
    return door


_doors: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}
