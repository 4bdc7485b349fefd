"""Running a command on the hub's own database, beside a serving hub or without one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hub import operator
from hub.bootstrap import migrate, open_hub
from hub.context import Hub
from hub.settings import read_settings

T = TypeVar("T")
BY = "command-line"
"""Who did it, on the ledger, when no organization is named."""


def on_hub(act: Callable[[Hub], Awaitable[T]], *, decides: bool = False) -> T:
    """Open the hub of the environment's settings, act, close it; `decides`: what it does asks the policy.

    Raises `ConfigurationError`, `StorageFailed`.
    """
    settings = read_settings()
    migrate(settings)

    async def run() -> T:
        async with open_hub(settings, channels=False) as hub:
            if decides:
                await operator.check(hub)
            return await act(hub)

    return asyncio.run(run())
