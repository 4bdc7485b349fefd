"""Running a command on the hub's own database, beside a serving hub or without one."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hub import operator
from hub.bootstrap import migrate, placing
from hub.bootstrap.opening import open_hub
from hub.context import Hub
from hub.errors import HubError, Malformed
from hub.settings import Settings, read_settings

T = TypeVar("T")
BY = "command-line"
"""Who did it, on the ledger, when no organization is named."""


def on_hub(act: Callable[[Hub], Awaitable[T]], *, decides: bool = False, settings: Settings | None = None) -> T:
    """Open the hub of the settings (default: the environment's), act, put what was recorded under a signed head,
    close it; `decides`: what it does asks the policy.

    Raises `ConfigurationError`, `StorageFailed`.
    """
    settings = settings or read_settings()
    migrate(settings)

    async def run() -> T:
        async with open_hub(settings, channels=False) as hub:
            if decides:
                await operator.check(hub)
            try:
                return await act(hub)
            finally:
                # No hub need be running. An old copy of the database that was put back is told by `ledger verify`.
                with contextlib.suppress(HubError):
                    await placing(hub, settings).finish()

    return asyncio.run(run())


async def hand(hub: Hub, by: str) -> str:
    """Whoever is named with `--by ORGANIZATION[/PERSON]`, as it stands on the ledger. Raises `Malformed`."""
    if by != BY and by.partition("/")[0] not in (await hub.directory.current()).organizations:
        raise Malformed("No such organization in the directory.", field="--by")
    return by
