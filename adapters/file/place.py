"""Where files are dropped: a folder here, or one at a partner's SFTP server. Both do the same few things."""

import asyncio
import os
from pathlib import Path
from typing import Protocol

from hub.errors import TooLarge
from hub.model import Frozen

PARTIAL = ".part"
"""The ending of a file that is being written; whoever reads a folder passes it over."""


class Entry(Frozen, frozen=True, kw_only=True):
    """A plain file of the folder."""

    name: str
    size: int
    modified: float
    """Seconds since the epoch."""


class Place(Protocol):
    """A folder with `results`, `done` and `quarantine` below it. Every method raises `OSError` if it is away."""

    async def entries(self) -> list[Entry]:
        """Its plain files, by name; none that are being written, hidden or oddly named."""
        ...

    async def read(self, name: str, most: int) -> bytes:
        """The content. Raises `TooLarge` over `most` bytes."""
        ...

    async def write(self, folder: str, name: str, content: bytes) -> None:
        """Put a file into a folder below, whole or not at all; replaces one of that name."""
        ...

    async def move(self, name: str, folder: str) -> None:
        """Move a file of the place into a folder below; replaces one of that name."""
        ...


def proper(name: str) -> bool:
    """A plain name: letters, digits, ._- and, as people and their copies are named, spaces and parentheses; not hidden,
    not partial. What else is there is not ours to touch.
    """
    return (
        0 < len(name) <= 128
        and name == name.strip()
        and all(c.isascii() and (c.isalnum() or c in "._- ()") for c in name)
        and not name.startswith((".", "-"))
        and not name.endswith((PARTIAL, ".tmp", ".filepart"))
    )


class LocalPlace:
    """A folder on this machine: what an SFTP server here lets a partner write into."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def entries(self) -> list[Entry]:
        return await asyncio.to_thread(self._entries)

    async def read(self, name: str, most: int) -> bytes:
        return await asyncio.to_thread(self._read, name, most)

    async def write(self, folder: str, name: str, content: bytes) -> None:
        await asyncio.to_thread(self._write, folder, name, content)

    async def move(self, name: str, folder: str) -> None:
        await asyncio.to_thread(self._move, name, folder)

    def _entries(self) -> list[Entry]:
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                # A link could lead to any file of this machine.
                if proper(entry.name) and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    found.append(Entry(name=entry.name, size=status.st_size, modified=status.st_mtime))
        return sorted(found, key=lambda each: each.name)

    def _read(self, name: str, most: int) -> bytes:
        descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise TooLarge("The file is larger than what is taken.")
        return content

    def _write(self, folder: str, name: str, content: bytes) -> None:
        place = self._folder / folder
        place.mkdir(exist_ok=True)
        partial = place / f"{name}{PARTIAL}"
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(place / name)

    def _move(self, name: str, folder: str) -> None:
        place = self._folder / folder
        place.mkdir(exist_ok=True)
        (self._folder / name).replace(place / name)
