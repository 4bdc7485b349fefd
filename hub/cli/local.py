"""Running a command on the hub's own database, beside a serving hub or without one."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from hub.bootstrap import migrate, open_hub
from hub.context import Hub
from hub.errors import Malformed
from hub.settings import read_settings

T = TypeVar("T")
BY = "command-line"
"""Who did it, on the ledger, when no organization is named."""


def on_hub(act: Callable[[Hub], Awaitable[T]]) -> T:
    """Open the hub of the environment's settings, act, close it. Raises `ConfigurationError`, `StorageFailed`."""
    settings = read_settings()
    migrate(settings)

    async def run() -> T:
        async with open_hub(settings, channels=False) as hub:
            return await act(hub)

    return asyncio.run(run())


def read_file(path: Path, most: int) -> bytes:
    """A file given on the command line. Raises `Malformed`."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError:
        raise Malformed("A file cannot be read.", field=path.name) from None
    if len(content) > most:
        raise Malformed(f"A file has at most {most >> 20} MiB.", field=path.name)
    return content
